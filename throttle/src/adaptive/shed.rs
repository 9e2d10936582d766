//! [`QueueFull`] and [`WaitTooLong`]: why a call is not queued.

use std::{error::Error, fmt, time::Duration};

use crate::{Limit, Refused};

/// As many callers wait for the limit as may: the source of a [`Refused`].
#[derive(Clone, Debug)]
pub struct QueueFull {
    limit: Limit,
    waiting: usize,
}

/// A call cannot be admitted in the time that it has: the source of a [`Refused`].
#[derive(Clone, Debug)]
pub struct WaitTooLong {
    limit: Limit,
    wait: Duration,
    most: Duration,
}

impl QueueFull {
    pub(super) fn refuse(limit: &Limit, waiting: usize, retry_after: Option<Duration>) -> Refused {
        refused(Self { limit: limit.clone(), waiting }, retry_after)
    }

    /// The limit whose queue is full.
    #[must_use]
    pub fn limit(&self) -> &Limit {
        &self.limit
    }
}

impl WaitTooLong {
    /// `wait` is how long it would take at the least, `most` how long the caller would stay.
    pub(super) fn refuse(limit: &Limit, wait: Duration, most: Duration) -> Refused {
        refused(Self { limit: limit.clone(), wait, most }, Some(wait.saturating_sub(most)))
    }

    /// The limit that is waited for.
    #[must_use]
    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// How long the call would wait, or has waited, at the least.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// How long it may wait at most.
    #[must_use]
    pub fn most(&self) -> Duration {
        self.most
    }
}

fn refused(reason: impl Error + Send + Sync + 'static, retry_after: Option<Duration>) -> Refused {
    let refused = Refused::new(reason);
    match retry_after {
        Some(after) => refused.with_retry_after(after),
        None => refused,
    }
}

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} callers wait for {} already", self.waiting, self.limit)
    }
}

impl fmt::Display for WaitTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} admits the call after {:?} or more, and it has {:?}", self.limit, self.wait, self.most)
    }
}

impl Error for QueueFull {}

impl Error for WaitTooLong {}
