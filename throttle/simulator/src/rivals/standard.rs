//! [`Standard`]: the SDK's standard retry mode, its default.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use super::retries::Retries;
use crate::control::{Attempt, Control, Decision, Then};

/// The standard retry mode of the AWS SDK for Rust: sends at once, backs off after a throttle, and gives up
/// after three attempts.
#[derive(Debug)]
pub struct Standard {
    retries: Retries,
}

impl Standard {
    /// A client of its own.
    #[must_use]
    pub fn new() -> Self {
        Self { retries: Retries::new() }
    }
}

impl Default for Standard {
    fn default() -> Self {
        Self::new()
    }
}

impl Control for Standard {
    /// The number of the attempt.
    type Stamp = u32;

    fn admit(&mut self, _: Duration, attempt: Attempt, _: &mut Rng) -> Decision<u32> {
        Decision::Send(attempt.number)
    }

    fn finish(&mut self, now: Duration, number: u32, outcome: Outcome, rng: &mut Rng) -> Then {
        self.retries.after(now, number, outcome, || None, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, simulation::run};

    /// 32 callers without a limiter send what their round trips allow, until the quota fails them.
    #[test]
    fn fails_most_operations_beyond_the_limit() {
        let record = run(&Case { seconds: 120, ..Case::default() }, 1, Standard::new);
        assert!(record.used() > 95.0, "{} %", record.used());
        assert!(record.throttled() > 80.0, "{} %", record.throttled());
        assert!(record.failed() > 1_000, "{}", record.failed());
    }

    #[test]
    fn does_not_retry_below_the_limit() {
        let case = Case { callers: 1, refill: 100_000, seconds: 120, ..Case::default() };
        let record = run(&case, 1, Standard::new);
        assert_eq!((record.throttled().to_bits(), record.failed()), (0.0_f64.to_bits(), 0));
    }
}
