//! [`LeaseStore`]: where leases are kept.

use std::{error, fmt};

use async_trait::async_trait;

use super::{Change, Lease};
use crate::ShardId;

/// Where leases are kept.
///
/// # Contract
///
/// - A [`change`](Self::change) happens as a whole or not at all, and only if [`Change::permits`] says so of the
///   lease as it is then; afterwards the lease is what [`Change::apply`] makes of it.
/// - `get`, `change` and `create` see every change that was answered before they were asked. `scan` may be
///   late, but sees each lease as it once was.
/// - A lost answer is looked for: if a write was made but its answer lost, the store looks at the lease and
///   answers [`Answer::Done`] where it can tell that this very change was made (its mark says so), or, of a
///   change that neither counts nor marks, that the lease is as the change makes it. [`Unavailable`] means
///   that it cannot be known, and no more than that the write may have been made once.
/// - What it does not know of a row it leaves alone; rows that are no leases are passed over.
///
/// [`conformance`](super::conformance) checks all this of any store.
#[async_trait]
pub trait LeaseStore: fmt::Debug + Send + Sync {
    /// Makes the table if it is not there, and waits until it can be used.
    ///
    /// # Errors
    /// [`Unavailable`] if that failed.
    async fn prepare(&self) -> Result<(), Unavailable>;

    /// All leases.
    ///
    /// # Errors
    /// [`Unavailable`] if not all could be read; never a part of them.
    async fn scan(&self) -> Result<Vec<Lease>, Unavailable>;

    /// One lease, as it is now.
    ///
    /// # Errors
    /// [`Unavailable`] if it could not be read.
    async fn get(&self, key: &ShardId) -> Result<Option<Lease>, Unavailable>;

    /// Adds a lease, unless one of its key is there: then [`Answer::Refused`] has that one.
    ///
    /// # Errors
    /// [`Unavailable`] if it is unknown whether it was made.
    async fn create(&self, lease: &Lease) -> Result<Answer, Unavailable>;

    /// Changes a lease.
    ///
    /// # Errors
    /// [`Unavailable`] if it is unknown whether it was made.
    async fn change(&self, change: &Change) -> Result<Answer, Unavailable>;

    /// Deletes a lease whose counter is still this. A lease that is not there is [`Answer::Refused`].
    ///
    /// # Errors
    /// [`Unavailable`] if it is unknown whether it was made.
    async fn delete(&self, key: &ShardId, counter: u64) -> Result<Answer, Unavailable>;
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was made; the lease is now this.
    Done(Lease),
    /// It was not: the lease is this, or is not there.
    Refused(Option<Lease>),
}

/// The store did not answer, so that nothing is known.
#[derive(Debug)]
pub struct Unavailable {
    message: String,
    throttled: bool,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Unavailable {
    /// With what was tried.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), throttled: false, source: None }
    }

    /// With its cause.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Because too much is asked of the store.
    #[must_use]
    pub fn throttled(self) -> Self {
        Self { throttled: true, ..self }
    }

    /// Whether too much was asked of the store.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.throttled
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for Unavailable {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
