//! Amazon SQS.

mod queue;

#[cfg(feature = "lambda")]
pub(crate) use self::queue::url_of;
pub use self::queue::{Queue, Queues};
