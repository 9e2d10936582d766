//! [`DeadLetter`]: where items go that could not be handled.

pub mod conformance;
mod envelope;
#[cfg(feature = "dead-letter-kinesis")]
mod kinesis;
mod memory;
#[cfg(feature = "dead-letter-s3")]
mod s3;
#[cfg(feature = "dead-letter-sqs")]
mod sqs;

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

#[cfg(feature = "json")]
pub use self::envelope::ParseError;
#[cfg(feature = "dead-letter-kinesis")]
pub use self::kinesis::Kinesis;
#[cfg(feature = "dead-letter-s3")]
pub use self::s3::S3;
#[cfg(feature = "dead-letter-sqs")]
pub use self::sqs::Sqs;
pub use self::{envelope::Envelope, memory::Memory};

/// Where items go that could not be handled, so that their source can go on.
///
/// # Contract
///
/// - **Durable before acknowledged.** After `Ok`, the letter survives a crash of whoever wrote it.
/// - **Idempotent by [id](Envelope::id).** Writing a letter again is no error, and whoever reads finds one
///   letter, or copies with one id. Letters of other sources or positions are others.
/// - **Whole.** What is read back is what was written, byte for byte.
/// - It does not retry for long: whoever calls does, for ever.
///
/// [`conformance`] has the tests of it.
#[async_trait]
pub trait DeadLetter: Send + Sync + fmt::Debug {
    /// Writes a letter.
    ///
    /// # Errors
    ///
    /// If it is not known to be durable.
    ///
    /// # Cancel safety
    ///
    /// Whether the letter was written is then unknown; writing it again is harmless.
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>>;
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<D: DeadLetter + ?Sized> DeadLetter for &D {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        (**self).put(letter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<D: DeadLetter + ?Sized> DeadLetter for Arc<D> {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        (**self).put(letter).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<D: DeadLetter + ?Sized> DeadLetter for Box<D> {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        (**self).put(letter).await
    }
}
