//! [`Gate`]: how many writes start now.

use std::time::Duration;

use super::agenda::Agenda;
use crate::lease::Unavailable;

/// The first pause after a write without an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// A write that is throttled is tried so often at least before it is too late.
const URGENCY: u32 = 16;

/// How many writes start now: at most so many at once, and while the table does not keep up fewer, one after the
/// other with a pause between. Otherwise less urgent ones would be made while the most urgent are refused.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    /// So many at once at present: one more with each answer, half with each that is throttled.
    at_once: usize,
    longest: Duration,
    pause: Duration,
    /// When the last write started, or failed.
    last: Duration,
    /// Whether the last one that failed was throttled.
    throttled: bool,
}

impl Gate {
    /// With so many writes at once, and pauses up to this.
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        let most = most.max(1);
        Self { most, at_once: most, longest, pause: Duration::ZERO, last: Duration::ZERO, throttled: false }
    }

    /// Whether one more may start beside those in flight, which would be too late after this time.
    ///
    /// Of several processes that a table throttles, the one whose write is the most urgent asks the most often.
    pub(super) fn open(&mut self, agenda: &mut Agenda, in_flight: usize, left: Duration) -> bool {
        let urgent = if self.throttled { (left / URGENCY).max(PAUSE) } else { self.longest };
        in_flight < self.at_once && agenda.due(self.last + self.pause.min(urgent))
    }

    /// One has started.
    pub(super) fn started(&mut self, now: Duration) {
        self.last = now;
    }

    /// One was answered, or this happened.
    pub(super) fn answered(&mut self, error: Option<&Unavailable>, now: Duration) {
        let Some(error) = error else {
            self.at_once = self.most.min(self.at_once + 1);
            self.pause /= 2;
            if self.pause < PAUSE {
                self.pause = Duration::ZERO;
            }
            return;
        };
        self.throttled = error.is_throttled();
        // One that hangs holds no other up.
        if self.throttled {
            self.at_once = (self.at_once / 2).max(1);
        }
        self.pause = (self.pause * 2).clamp(PAUSE, self.longest.max(PAUSE));
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(9);

    #[test]
    fn a_table_that_does_not_keep_up_is_asked_less() {
        let mut gate = Gate::new(16, Duration::from_millis(500));
        let at = Duration::from_millis;
        assert!(gate.open(&mut Agenda::at(at(0)), 15, LEFT));
        assert!(!gate.open(&mut Agenda::at(at(0)), 16, LEFT), "no more at once");
        for _ in 0..10 {
            gate.answered(Some(&Unavailable::new("too much").throttled()), at(0));
        }
        let mut agenda = Agenda::at(at(499));
        assert!(!gate.open(&mut agenda, 0, LEFT));
        assert_eq!(agenda.next(), Some(at(500)));
        assert!(gate.open(&mut Agenda::at(at(500)), 0, LEFT));
        gate.started(at(500));
        assert!(!gate.open(&mut Agenda::at(at(999)), 0, LEFT), "one after the other");
        for _ in 0..4 {
            gate.answered(None, at(600));
        }
        assert!(gate.open(&mut Agenda::at(at(600)), 0, LEFT), "it keeps up again");
        assert!(!gate.open(&mut Agenda::at(at(600)), 5, LEFT), "though not for as many as before");
    }

    #[test]
    fn an_urgent_write_is_tried_more_often_where_the_table_throttles() {
        let at = Duration::from_millis;
        let mut gate = Gate::new(16, at(500));
        for _ in 0..10 {
            gate.answered(Some(&Unavailable::new("too much").throttled()), at(0));
        }
        let mut next = |left| {
            let mut agenda = Agenda::at(at(0));
            assert!(!gate.open(&mut agenda, 0, at(left)));
            agenda.next()
        };
        assert_eq!([next(9_000), next(4_000), next(0)], [Some(at(500)), Some(at(250)), Some(at(50))]);
        gate.answered(Some(&Unavailable::new("no answer")), at(0));
        assert!(!gate.open(&mut Agenda::at(at(499)), 0, at(0)), "it does not help where nothing answers");
    }
}
