//! [`Gradient`]: a limit on the calls in flight that follows the round trip.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use crate::control::{Attempt, Control, Decision, Then};

const INITIAL: f64 = 20.0;
const LEAST: f64 = 20.0;
const MOST: f64 = 200.0;
/// Calls that may queue.
const QUEUE: f64 = 4.0;
const SMOOTHING: f64 = 0.2;
/// How much slower than usual a round trip may be.
const TOLERANCE: f64 = 1.5;

/// Samples in the usual round trip.
const WINDOW: f64 = 600.0;
/// Samples at the start whose plain mean it is.
const WARM_UP: f64 = 10.0;

/// The limit falls when round trips take longer than usual, and rises otherwise, with the defaults of
/// Netflix's `Gradient2Limit`. A throttled call gets in line again.
///
/// It takes no notice of throttles other than their round trip.
///
/// Source: Netflix concurrency-limits, `Gradient2Limit.java` and `ExpAvgMeasurement.java` at 78a74b9.
#[derive(Debug)]
pub struct Gradient {
    limit: f64,
    in_flight: u32,
    /// Of round trips, in seconds.
    usual: f64,
    samples: f64,
}

impl Gradient {
    /// A limit that has seen no round trip.
    #[must_use]
    pub fn new() -> Self {
        Self { limit: INITIAL, in_flight: 0, usual: 0.0, samples: 0.0 }
    }

    fn learn(&mut self, round_trip: f64, in_flight: u32) {
        self.samples += 1.0;
        let weight = if self.samples <= WARM_UP { 1.0 / self.samples } else { 2.0 / (WINDOW + 1.0) };
        self.usual += (round_trip - self.usual) * weight;
        let usual = self.usual;
        if usual > 2.0 * round_trip {
            self.usual *= 0.95;
        }
        if f64::from(in_flight) < self.limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * usual / round_trip).clamp(0.5, 1.0);
        let target = self.limit * gradient + QUEUE;
        self.limit = (self.limit * (1.0 - SMOOTHING) + target * SMOOTHING).clamp(LEAST, MOST);
    }
}

impl Default for Gradient {
    fn default() -> Self {
        Self::new()
    }
}

impl Control for Gradient {
    /// When it was sent, and the calls in flight then, with it.
    type Stamp = (Duration, u32);

    fn admit(&mut self, now: Duration, _: Attempt, _: &mut Rng) -> Decision<Self::Stamp> {
        if f64::from(self.in_flight) >= self.limit.floor() {
            return Decision::WaitForFinish;
        }
        self.in_flight += 1;
        Decision::Send((now, self.in_flight))
    }

    fn finish(&mut self, now: Duration, (sent, with): Self::Stamp, outcome: Outcome, _: &mut Rng) -> Then {
        self.in_flight -= 1;
        // A round trip of no time has no gradient.
        self.learn(now.saturating_sub(sent).as_secs_f64().max(1e-9), with);
        if outcome == Outcome::Accepted { Then::Done } else { Then::Retry(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, simulation::run};

    #[test]
    fn rises_to_its_bound_while_round_trips_are_usual() {
        let mut gradient = Gradient::new();
        gradient.learn(0.05, 20);
        assert!((gradient.limit - 20.8).abs() < 1e-9, "a fifth of four more: {}", gradient.limit);
        for _ in 0..1_000 {
            gradient.learn(0.05, 200);
        }
        assert!((gradient.limit - MOST).abs() < 1e-9, "{}", gradient.limit);
    }

    #[test]
    fn falls_while_round_trips_are_long() {
        let mut gradient = Gradient { limit: 100.0, usual: 0.05, samples: 100.0, ..Gradient::new() };
        gradient.learn(0.5, 100);
        // Half of it, and four, count for a fifth.
        assert!((gradient.limit - (80.0 + 54.0 * 0.2)).abs() < 1e-9, "{}", gradient.limit);
    }

    #[test]
    fn does_not_rise_while_half_of_it_is_idle() {
        let mut gradient = Gradient::new();
        gradient.learn(0.05, 9);
        assert!((gradient.limit - INITIAL).abs() < 1e-9, "{}", gradient.limit);
    }

    /// The bucket refuses as quickly as it accepts, so there is no gradient to see.
    #[test]
    fn is_blind_to_a_token_bucket() {
        let record = run(&Case { seconds: 120, ..Case::default() }, 1, Gradient::new);
        assert!(record.throttled() > 95.0, "{} %", record.throttled());
    }
}
