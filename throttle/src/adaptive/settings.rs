//! [`Settings`]: what an [`Adaptive`](super::Adaptive) was told when it was built.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::Event;
use crate::{Class, limiter::Limiter};

/// Who hears of events.
pub(super) type Listener = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// What an [`Adaptive`](super::Adaptive) was told when it was built.
pub(super) struct Settings {
    pub(super) concurrency: Concurrency,
    /// Calls in flight under all limits together: requests, and long polls.
    pub(super) in_flight: Option<Arc<Semaphore>>,
    pub(super) long_polls: Option<Arc<Semaphore>>,
    pub(super) max_waiting: usize,
    pub(super) max_wait: Option<Duration>,
    pub(super) max_limits: usize,
    pub(super) observe_only: bool,
    pub(super) listener: Option<Listener>,
}

/// How many calls of one limit may be in flight at once. Long polls do not count.
///
/// Off by default: a limit on calls a second needs none on calls at once, and 200 ms at 3,500 calls a second
/// are 700 calls in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concurrency {
    /// As many as the rate lets in.
    #[default]
    Unbounded,
    /// So many, from 1 on.
    AtMost(u64),
    /// Twice what the learnt rate and the measured latency explain, and four more: calls do not pile up on a
    /// service that has become slow.
    ///
    /// Source: J. D. C. Little, A Proof for the Queuing Formula L = λW, 1961.
    Measured,
}

impl Settings {
    pub(super) fn emit(&self, event: &Event<'_>) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }

    pub(super) fn listens(&self) -> bool {
        self.listener.is_some()
    }

    /// The slots that a call of `class` takes one of, if they are bounded.
    pub(super) fn slots(&self, class: Class) -> Option<&Arc<Semaphore>> {
        match class {
            Class::LongPoll => self.long_polls.as_ref(),
            Class::Request => self.in_flight.as_ref(),
        }
    }
}

impl Concurrency {
    /// Whether one more call may be in flight beside `in_flight` others.
    pub(super) fn has_room(self, in_flight: u64, limiter: &Limiter) -> bool {
        match self {
            Self::Unbounded => true,
            Self::AtMost(most) => in_flight < most.max(1),
            Self::Measured => limiter.in_flight_cap().is_none_or(|most| in_flight < most),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("observe_only", &self.observe_only).finish_non_exhaustive()
    }
}
