//! [`Breaker`]: a circuit breaker that all callers share.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use crate::control::{Attempt, Control, Decision, Then};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Successes in a row that make the next opening short again.
const RESET: u32 = 10;

/// One throttle opens the circuit for every caller; the next opening is twice as long, a minute at most, until
/// ten calls in a row have succeeded.
///
/// The throttles of calls that were in flight when it opened do not make it longer, which is kind to it.
#[derive(Debug)]
pub struct Breaker {
    open_until: Duration,
    length: Duration,
    streak: u32,
}

impl Breaker {
    /// A closed circuit.
    #[must_use]
    pub fn new() -> Self {
        Self { open_until: Duration::ZERO, length: SHORTEST, streak: 0 }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Control for Breaker {
    type Stamp = ();

    fn admit(&mut self, now: Duration, _: Attempt, _: &mut Rng) -> Decision<()> {
        if now < self.open_until { Decision::WaitUntil(self.open_until) } else { Decision::Send(()) }
    }

    fn finish(&mut self, now: Duration, (): (), outcome: Outcome, _: &mut Rng) -> Then {
        if outcome == Outcome::Accepted {
            self.streak += 1;
            if self.streak >= RESET {
                self.length = SHORTEST;
            }
            return Then::Done;
        }
        self.streak = 0;
        if now >= self.open_until {
            self.open_until = now + self.length;
            self.length = (self.length * 2).min(LONGEST);
        }
        Then::Retry(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, simulation::run};

    const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

    /// How long each opening is that follows the one before at once.
    fn openings(breaker: &mut Breaker, now: &mut Duration, count: usize) -> Vec<u64> {
        let mut rng = Rng::with_seed(1);
        let mut opening = || {
            breaker.finish(*now, (), THROTTLED, &mut rng);
            breaker.finish(*now, (), THROTTLED, &mut rng);
            let opened = *now;
            *now = breaker.open_until;
            now.saturating_sub(opened).as_secs()
        };
        (0..count).map(|_| opening()).collect()
    }

    #[test]
    fn opens_twice_as_long_each_time_until_ten_calls_succeed() {
        let (mut breaker, mut now, mut rng) = (Breaker::new(), Duration::ZERO, Rng::with_seed(1));
        assert_eq!(openings(&mut breaker, &mut now, 8), [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..9 {
            breaker.finish(now, (), Outcome::Accepted, &mut rng);
        }
        assert_eq!(openings(&mut breaker, &mut now, 1), [60]);
        for _ in 0..10 {
            breaker.finish(now, (), Outcome::Accepted, &mut rng);
        }
        assert_eq!(openings(&mut breaker, &mut now, 2), [1, 2]);
    }

    /// With more callers than the bucket holds, no opening ends in ten successes: it stays a minute.
    #[test]
    fn locks_itself_out_of_a_small_bucket() {
        let case = Case { refill: 2_000, burst: 5, seconds: 660, ..Case::default() };
        let record = run(&case, 1, Breaker::new);
        assert!(record.used() < 10.0, "{} %", record.used());
        assert!(record.throttled() > 50.0, "{} %", record.throttled());
    }
}
