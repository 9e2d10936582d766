//! [`Lease`]: one message that others must not receive.

use std::time::Duration;

use super::{
    Settings,
    settings::{LONGEST, MARGIN},
};
use crate::{MessageId, ReceiptHandle};

/// A failed extension is tried again no sooner.
const RETRY: Duration = Duration::from_millis(250);

/// One message that others must not receive.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) message: MessageId,
    pub(super) handle: ReceiptHandle,
    received: Duration,
    /// It is not to be extended beyond this.
    last: Duration,
    /// Others may receive it from then on, and no sooner.
    ends: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// To be extended at this time.
    Due(Duration),
    /// It was asked at this time, for so long.
    Asked(Duration, Duration),
    /// No more is to be asked.
    Final,
}

impl Lease {
    pub(super) fn new(
        settings: &Settings,
        message: MessageId,
        handle: ReceiptHandle,
        received: Duration,
    ) -> Self {
        let last = received.saturating_add(settings.longest);
        let ends = received.saturating_add(settings.timeout);
        let mut lease = Self { message, handle, received, last, ends, state: State::Final };
        lease.wait(ends.saturating_sub(settings.lead()));
        lease
    }

    /// How long it can be kept from others, from now on.
    pub(super) fn most(&self, now: Duration) -> Duration {
        let most = self.received.saturating_add(LONGEST.saturating_sub(MARGIN));
        most.saturating_sub(now)
    }

    pub(super) fn ends(&self) -> Duration {
        self.ends
    }

    /// When it is to be given up.
    pub(super) fn too_late(&self, settings: &Settings) -> Duration {
        self.ends.saturating_sub(settings.guard())
    }

    /// When it is to be extended, if it is.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.state {
            State::Due(at) => Some(at),
            State::Asked(..) | State::Final => None,
        }
    }

    /// What to ask for.
    pub(super) fn ask(&mut self, settings: &Settings, now: Duration) -> Duration {
        let timeout = settings.timeout.min(self.last.saturating_sub(now));
        let timeout = Duration::from_secs(timeout.as_secs());
        self.state = State::Asked(now, timeout);
        timeout
    }

    /// It was granted what it asked for, counted from when it asked, which was before SQS heard it.
    pub(super) fn extended(&mut self, settings: &Settings) {
        let State::Asked(asked, timeout) = self.state else { return };
        self.ends = asked.saturating_add(timeout);
        self.wait(self.ends.saturating_sub(settings.lead()));
    }

    /// It was not heard, or not understood: again, sooner each time.
    pub(super) fn unheard(&mut self, settings: &Settings, now: Duration) {
        let too_late = self.too_late(settings);
        let next = now.saturating_add((too_late.saturating_sub(now) / 4).max(RETRY));
        self.state = State::Final;
        if next < too_late {
            self.wait(next);
        }
    }

    /// Whether it ends because it must.
    pub(super) fn is_old(&self) -> bool {
        // SQS takes whole seconds.
        self.last < self.ends.saturating_add(Duration::from_secs(1))
    }

    fn wait(&mut self, due: Duration) {
        self.state = if self.is_old() { State::Final } else { State::Due(due) };
    }
}
