//! [`Coordinator`]: lets processes that draw from one limit know of each other.

pub mod conformance;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod share;

use std::{error::Error, fmt};

use async_trait::async_trait;

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDb;
pub use self::share::Share;
use crate::Limit;

/// Lets processes that draw from one limit know of each other, so that they share it fairly, and pause together.
///
/// Without one, processes find shares by the throttles that they meet: together they use the limit as one would,
/// but a process that came late may get a small share for long. It is asked for limits that are known to be
/// tight, and only for these; while it cannot be reached, each process goes on with the share that it has.
///
/// # Contract
///
/// - **Exact.** Whoever exchanged within the lease is among the others, once; whoever has not is not, and the
///   asking process itself never is.
/// - **Late is worse than wrong.** A call that cannot be answered within a second or so fails.
#[async_trait]
pub trait Coordinator: fmt::Debug + Send + Sync {
    /// Tells the others what this process gets of `limit`, and hears what they get.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from doing so. It is asked again.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the others may have been told or not.
    async fn exchange(&self, limit: &Limit, own: Share) -> Result<Vec<Share>, Box<dyn Error + Send + Sync>>;
}
