//! [`Gate`]: how many writes start now.

use std::time::Duration;

use super::agenda::Agenda;

/// The first pause after a write without an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// How many writes start now: at most so many at once, and one after the other with a pause between while the
/// table does not keep up.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    longest: Duration,
    pause: Duration,
    next: Duration,
}

impl Gate {
    /// With so many writes at once, and pauses up to this.
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        Self { most: most.max(1), longest, pause: Duration::ZERO, next: Duration::ZERO }
    }

    /// Whether one more may start beside those in flight.
    pub(super) fn open(&mut self, agenda: &mut Agenda, in_flight: usize) -> bool {
        in_flight < self.most && agenda.due(self.next)
    }

    /// One has started.
    pub(super) fn started(&mut self, now: Duration) {
        self.next = now + self.pause;
    }

    /// One was answered, or not.
    pub(super) fn answered(&mut self, known: bool, now: Duration) {
        if known {
            self.pause /= 2;
            if self.pause < PAUSE {
                self.pause = Duration::ZERO;
            }
            self.next = self.next.min(now + self.pause);
        } else {
            self.pause = (self.pause * 2).clamp(PAUSE, self.longest.max(PAUSE));
            self.next = self.next.max(now + self.pause);
        }
    }
}
