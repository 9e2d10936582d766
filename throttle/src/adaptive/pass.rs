//! [`Pass`]: a call that one limit has admitted.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Event,
    line::{Ask, Expiring, Expiry, Line},
};
use crate::{Outcome, limiter::Stamp};

/// A request that leaves this much later than it was admitted is stamped anew.
const LATE: Duration = Duration::from_millis(2);

/// A call that one limit has admitted. Dropped, it ends as never sent, or of unknown effect.
pub(super) struct Pass {
    line: Arc<Line>,
    call: Expiring,
    expiry: Option<Expiry>,
    ended: bool,
}

impl Pass {
    pub(super) fn new(line: Arc<Line>, stamp: Stamp, ask: &Ask<'_>) -> Self {
        let call = Expiring { stamp, class: ask.class, sent: false };
        Self { line, call, expiry: None, ended: false }
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// When it was admitted, or left.
    pub(super) fn since(&self) -> Duration {
        self.call.stamp.sent()
    }

    /// The request leaves only now.
    pub(super) fn departs(&mut self, now: Instant) {
        let now = self.line.since_start(now);
        if now.saturating_sub(self.since()) < LATE {
            return;
        }
        let mut state = self.line.lock();
        if !Self::take_back(&mut self.expiry, |expiry| state.unexpire(expiry).is_some()) {
            return;
        }
        state.limiter.departed(now, &mut self.call.stamp);
    }

    pub(super) fn sent(&mut self, now: Instant) {
        let expiry = self.expiry;
        self.departs(now);
        self.call.sent = true;
        if let Some((at, _)) = expiry {
            self.expires(at);
        }
    }

    /// It is given up at `at`.
    pub(super) fn expires(&mut self, at: Instant) {
        let mut state = self.line.lock();
        if Self::take_back(&mut self.expiry, |expiry| state.unexpire(expiry).is_some()) {
            self.expiry = Some(state.expire(at, self.call));
        }
    }

    /// Takes it back from those that will be given up; false if it has been.
    fn take_back(expiry: &mut Option<Expiry>, unexpire: impl FnOnce(Expiry) -> bool) -> bool {
        match *expiry {
            Some(at) if !unexpire(at) => false,
            _ => {
                *expiry = None;
                true
            }
        }
    }

    pub(super) fn finish(mut self, now: Instant, outcome: Outcome) {
        self.end(now, outcome);
    }

    fn end(&mut self, now: Instant, outcome: Outcome) {
        self.ended = true;
        if let Some(expiry) = self.expiry
            && self.line.lock().unexpire(expiry).is_none()
        {
            // It was given up before: its tokens have been accounted for.
            return;
        }
        self.line.finish(now, self.call, outcome);
        let took = self.line.since_start(now).saturating_sub(self.since());
        self.line.emit(&Event::Finished { limit: &self.line.limit, outcome, took });
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Instant::now(), if self.call.sent { Outcome::Unknown } else { Outcome::Unsent });
        }
    }
}
