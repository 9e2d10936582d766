//! [`Permit`]: leave to send one attempt, which must be told how the attempt ended.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use super::Blame;

/// Leave to send one attempt.
///
/// [`finish`](Self::finish) it with what came of the attempt. Dropped, it counts as [`Outcome::Unsent`]
/// until [`sent`](Self::sent) has been called, and as [`Outcome::Unknown`] from then on.
#[must_use = "a permit that is dropped at once admits nothing"]
#[clippy::has_significant_drop]
pub struct Permit {
    ticket: Option<Box<dyn Ticket>>,
    sent: bool,
}

impl Permit {
    /// A permit that reports to `ticket`, for implementations of [`Throttle`](crate::Throttle).
    pub fn new(ticket: impl Ticket + 'static) -> Self {
        Self { ticket: Some(Box::new(ticket)), sent: false }
    }

    /// A permit that reports to nobody.
    pub fn unlimited() -> Self {
        Self { ticket: None, sent: false }
    }

    /// Says that the request leaves now: from here on it may have had an effect.
    pub fn sent(&mut self) {
        if let (false, Some(ticket)) = (self.sent, &mut self.ticket) {
            ticket.sent();
        }
        self.sent = true;
    }

    /// Says when the attempt is given up: from `at` on, the permit counts as dropped even if it is still
    /// held. The last call counts.
    pub fn expires(&mut self, at: Instant) {
        if let Some(ticket) = &mut self.ticket {
            ticket.expires(at);
        }
    }

    /// Says which of the limits that the call draws from stopped it, where the service tells. To be said
    /// before [`finish`](Self::finish).
    pub fn blame(&mut self, blame: Blame) {
        if let Some(ticket) = &mut self.ticket {
            ticket.blame(blame);
        }
    }

    /// Says how the attempt ended.
    pub fn finish(mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            ticket.finish(outcome);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.finish(if self.sent { Outcome::Unknown } else { Outcome::Unsent });
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("sent", &self.sent).finish_non_exhaustive()
    }
}

/// What an implementation of [`Throttle`](crate::Throttle) keeps of a permit that is out.
pub trait Ticket: Send + Sync {
    /// The request leaves now. Called at most once.
    fn sent(&mut self) {}

    /// The attempt is given up at `at`; from then on the ticket counts as dropped. Called again, it moves.
    fn expires(&mut self, at: Instant) {
        let _ = at;
    }

    /// A service that stopped the attempt said which limit it was.
    fn blame(&mut self, blame: Blame) {
        let _ = blame;
    }

    /// The attempt ended. Called exactly once, whether the permit is finished or dropped.
    fn finish(self: Box<Self>, outcome: Outcome);
}

/// How an attempt ended, as far as the limit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The limit let it through and the service answered, be it with an error.
    Accepted,
    /// The limit stopped it.
    Throttled {
        /// How long the service asked to wait, for every caller of the limit.
        retry_after: Option<Duration>,
    },
    /// It was sent, and nobody knows what came of it: a timeout, a lost connection, a cancelled call.
    Unknown,
    /// It was never sent: its tokens go back.
    Unsent,
}
