//! [`Gate`]: how many writes start now.

use std::time::Duration;

use super::agenda::Agenda;
use crate::lease::Unavailable;

/// The first pause after a write without an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// How many writes start now: at most so many at once, and while the table does not keep up fewer, one after the
/// other with a pause between. Otherwise less urgent ones would be made while the most urgent are refused.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    /// So many at once at present: one more with each answer, half with each that is throttled.
    at_once: usize,
    longest: Duration,
    pause: Duration,
    next: Duration,
}

impl Gate {
    /// With so many writes at once, and pauses up to this.
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        let most = most.max(1);
        Self { most, at_once: most, longest, pause: Duration::ZERO, next: Duration::ZERO }
    }

    /// Whether one more may start beside those in flight.
    pub(super) fn open(&mut self, agenda: &mut Agenda, in_flight: usize) -> bool {
        in_flight < self.at_once && agenda.due(self.next)
    }

    /// One has started.
    pub(super) fn started(&mut self, now: Duration) {
        self.next = now + self.pause;
    }

    /// One was answered, or this happened.
    pub(super) fn answered(&mut self, error: Option<&Unavailable>, now: Duration) {
        let Some(error) = error else {
            self.at_once = self.most.min(self.at_once + 1);
            self.pause /= 2;
            if self.pause < PAUSE {
                self.pause = Duration::ZERO;
            }
            self.next = self.next.min(now + self.pause);
            return;
        };
        // One that hangs holds no other up.
        if error.is_throttled() {
            self.at_once = (self.at_once / 2).max(1);
        }
        self.pause = (self.pause * 2).clamp(PAUSE, self.longest.max(PAUSE));
        self.next = self.next.max(now + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_does_not_keep_up_is_asked_less() {
        let mut gate = Gate::new(16, Duration::from_millis(500));
        let at = Duration::from_millis;
        assert!(gate.open(&mut Agenda::at(at(0)), 15));
        assert!(!gate.open(&mut Agenda::at(at(0)), 16), "no more at once");
        for _ in 0..10 {
            gate.answered(Some(&Unavailable::new("too much").throttled()), at(0));
        }
        let mut agenda = Agenda::at(at(499));
        assert!(!gate.open(&mut agenda, 0));
        assert_eq!(agenda.next(), Some(at(500)));
        assert!(gate.open(&mut Agenda::at(at(500)), 0));
        gate.started(at(500));
        assert!(!gate.open(&mut Agenda::at(at(999)), 0), "one after the other");
        for _ in 0..4 {
            gate.answered(None, at(600));
        }
        assert!(gate.open(&mut Agenda::at(at(600)), 0), "it keeps up again");
        assert!(!gate.open(&mut Agenda::at(at(600)), 5), "though not for as many as before");
    }
}
