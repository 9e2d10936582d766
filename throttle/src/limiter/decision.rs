//! [`Decision`], [`Stamp`] and [`Next`]: what a limiter answers.

use std::time::Duration;

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it now, and [`finish`](super::Limiter::finish) the stamp.
    Send(Stamp),
    /// Ask again then, which is later than now.
    WaitUntil(Duration),
    /// Ask again when a call has finished: there is at least one in flight.
    WaitForFinish,
}

/// When a call could be sent, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once.
    Now,
    /// Then, which is later than now.
    At(Duration),
    /// When a call has finished.
    AfterFinish,
}

/// A call that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub(super) sent: Duration,
    pub(super) epoch: u32,
    pub(super) cost: u32,
    pub(super) parked: bool,
}

impl Stamp {
    /// When it was sent.
    #[must_use]
    pub fn sent(&self) -> Duration {
        self.sent
    }
}
