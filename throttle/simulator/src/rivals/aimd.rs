//! [`Aimd`]: a limit on the calls in flight that rises by one and falls by a tenth.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use crate::control::{Attempt, Control, Decision, Then};

const INITIAL: u32 = 20;
const MOST: u32 = 200;

/// A call that takes longer counts as dropped.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Additive increase, multiplicative decrease on the calls in flight, with the defaults of Netflix's
/// `AIMDLimit` but for the least limit. A throttled call gets in line again.
///
/// Source: Netflix concurrency-limits, `AIMDLimit.java` at 78a74b9.
#[derive(Debug)]
pub struct Aimd {
    least: u32,
    limit: u32,
    in_flight: u32,
}

impl Aimd {
    /// The original's default.
    pub const LEAST: u32 = 20;

    /// A limit that never falls below `least` calls in flight.
    #[must_use]
    pub fn new(least: u32) -> Self {
        Self { least, limit: INITIAL, in_flight: 0 }
    }

    fn learn(&mut self, round_trip: Duration, in_flight: u32, dropped: bool) {
        if dropped || round_trip > TIMEOUT {
            self.limit = self.limit * 9 / 10;
        } else if in_flight * 2 >= self.limit {
            self.limit += 1;
        }
        self.limit = self.limit.max(self.least).min(MOST);
    }
}

impl Control for Aimd {
    /// When it was sent, and the calls in flight then, with it.
    type Stamp = (Duration, u32);

    fn admit(&mut self, now: Duration, _: Attempt, _: &mut Rng) -> Decision<Self::Stamp> {
        if self.in_flight >= self.limit {
            return Decision::WaitForFinish;
        }
        self.in_flight += 1;
        Decision::Send((now, self.in_flight))
    }

    fn finish(&mut self, now: Duration, (sent, with): Self::Stamp, outcome: Outcome, _: &mut Rng) -> Then {
        let accepted = outcome == Outcome::Accepted;
        self.in_flight -= 1;
        self.learn(now.saturating_sub(sent), with, !accepted);
        if accepted { Then::Done } else { Then::Retry(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, simulation::run};

    /// The numbers of the original's `AIMDLimitTest`.
    #[test]
    fn rises_by_one_and_falls_by_a_tenth() {
        let mut aimd = Aimd::new(Aimd::LEAST);
        aimd.learn(Duration::from_millis(1), 10, false);
        assert_eq!(aimd.limit, 21);
        aimd.limit = 30;
        aimd.learn(Duration::ZERO, 0, true);
        assert_eq!(aimd.limit, 27);
    }

    #[test]
    fn does_not_rise_while_half_of_it_is_idle() {
        let mut aimd = Aimd::new(Aimd::LEAST);
        aimd.learn(Duration::from_millis(1), 9, false);
        assert_eq!(aimd.limit, INITIAL);
    }

    #[test]
    fn keeps_its_bounds() {
        let mut aimd = Aimd::new(Aimd::LEAST);
        aimd.learn(Duration::ZERO, 20, true);
        assert_eq!(aimd.limit, 20);
        aimd.limit = MOST;
        aimd.learn(Duration::ZERO, MOST, false);
        assert_eq!(aimd.limit, MOST);
    }

    /// One call in flight at 50 ms is twenty calls a second; most of them are refused.
    #[test]
    fn cannot_send_less_than_one_call_per_round_trip() {
        let case = Case { refill: 2_000, burst: 5, seconds: 180, ..Case::default() };
        let (one, twenty) = (run(&case, 1, || Aimd::new(1)), run(&case, 1, || Aimd::new(Aimd::LEAST)));
        assert!(one.throttled() > 85.0, "{} %", one.throttled());
        assert!(twenty.throttled() > 99.0, "{} %", twenty.throttled());
        assert!(one.used() > 98.0, "{} %", one.used());
    }
}
