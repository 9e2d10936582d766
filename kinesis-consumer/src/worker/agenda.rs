//! [`Agenda`]: what is due now, and when to ask again for what is not.

use std::time::Duration;

/// What is due now, and the earliest time of what is not.
///
/// Every decision that waits for a time asks here, so that no time is forgotten, and none that has come is waited
/// for.
#[derive(Debug)]
pub(super) struct Agenda {
    now: Duration,
    next: Option<Duration>,
}

impl Agenda {
    pub(super) fn at(now: Duration) -> Self {
        Self { now, next: None }
    }

    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Whether this time has come. If not, it is remembered.
    pub(super) fn due(&mut self, at: Duration) -> bool {
        let due = at <= self.now;
        if !due {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
        due
    }

    /// The earliest time that was asked for and had not come.
    pub(super) fn next(&self) -> Option<Duration> {
        self.next
    }
}
