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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_does_not_keep_up_is_asked_less() {
        let mut gate = Gate::new(4, Duration::from_millis(500));
        let at = Duration::from_millis;
        assert!(gate.open(&mut Agenda::at(at(0)), 3));
        assert!(!gate.open(&mut Agenda::at(at(0)), 4), "no more at once");
        for _ in 0..10 {
            gate.answered(false, at(0));
        }
        let mut agenda = Agenda::at(at(499));
        assert!(!gate.open(&mut agenda, 0));
        assert_eq!(agenda.next(), Some(at(500)));
        assert!(gate.open(&mut Agenda::at(at(500)), 0));
        gate.started(at(500));
        assert!(!gate.open(&mut Agenda::at(at(999)), 0), "one after the other");
        for _ in 0..4 {
            gate.answered(true, at(600));
        }
        assert!(gate.open(&mut Agenda::at(at(600)), 0), "it keeps up again");
    }
}
