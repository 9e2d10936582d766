//! [`Adaptive`]: the SDK's adaptive retry mode.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use super::{retries::Retries, send_rate::SendRate};
use crate::control::{Attempt, Control, Decision, Then};

/// What the first attempt takes from the rate limiter, and from 2.1 on every attempt.
const ATTEMPT: f64 = 1.0;

/// What a retry after a throttle takes before 2.1.
const RETRY: f64 = 10.0;

/// The adaptive retry mode of the AWS SDK for Rust: the standard mode behind a client's rate limiter.
///
/// Callers sleep each on their own, and ask again when they wake.
#[derive(Debug)]
pub struct Adaptive {
    behaviour: Behaviour,
    retries: Retries,
    /// Its clock starts with the first call.
    rate: Option<SendRate>,
}

/// The SDK's retry behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// The default: a retry pays the rate limiter before its backoff, or sleeps instead of it, and is then
    /// sent without asking again.
    V2_0,
    /// With `AWS_NEW_RETRIES_2026=true`: every attempt waits for one token.
    V2_1,
}

impl Adaptive {
    /// A client of its own.
    #[must_use]
    pub fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, retries: Retries::new(), rate: None }
    }
}

impl Control for Adaptive {
    /// The number of the attempt.
    type Stamp = u32;

    fn admit(&mut self, now: Duration, attempt: Attempt, _: &mut Rng) -> Decision<u32> {
        if attempt.number > 1 && self.behaviour == Behaviour::V2_0 {
            return Decision::Send(attempt.number);
        }
        match rate(&mut self.rate, now).acquire(now, ATTEMPT) {
            Ok(()) => Decision::Send(attempt.number),
            Err(wait) => Decision::Sleep(now + wait),
        }
    }

    fn finish(&mut self, now: Duration, number: u32, outcome: Outcome, rng: &mut Rng) -> Then {
        let rate = rate(&mut self.rate, now);
        rate.learn(now, outcome != Outcome::Accepted);
        let delay = || match self.behaviour {
            Behaviour::V2_0 => rate.acquire(now, RETRY).err(),
            Behaviour::V2_1 => None,
        };
        self.retries.after(now, number, outcome, delay, rng)
    }
}

fn rate(rate: &mut Option<SendRate>, now: Duration) -> &mut SendRate {
    rate.get_or_insert_with(|| SendRate::new(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Case, simulation::run};

    const NOW: Duration = Duration::from_secs(1);
    const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

    fn attempt(number: u32) -> Attempt {
        Attempt { cost: 1, number }
    }

    #[test]
    fn before_2_1_a_retry_pays_ahead_and_is_not_asked_again() {
        let mut rng = Rng::with_seed(1);
        let mut control = Adaptive::new(Behaviour::V2_0);
        assert_eq!(control.admit(NOW, attempt(1), &mut rng), Decision::Send(1));
        // Ten tokens at 0.525 a second (0.7 of 0.8 × 1 / 1 s and the smoothed past) take a while.
        let Then::Retry(at) = control.finish(NOW, 1, THROTTLED, &mut rng) else {
            panic!("an attempt is left")
        };
        assert!(at > NOW + Duration::from_secs(15), "{at:?}");
        assert_eq!(control.admit(at, attempt(2), &mut rng), Decision::Send(2));
        assert!(matches!(control.admit(NOW, attempt(1), &mut rng), Decision::Sleep(_)));
    }

    #[test]
    fn from_2_1_on_a_retry_backs_off_and_then_waits_for_a_token() {
        let mut rng = Rng::with_seed(1);
        let mut control = Adaptive::new(Behaviour::V2_1);
        assert_eq!(control.admit(NOW, attempt(1), &mut rng), Decision::Send(1));
        let Then::Retry(at) = control.finish(NOW, 1, THROTTLED, &mut rng) else {
            panic!("an attempt is left")
        };
        assert!(at < NOW + Duration::from_secs(1), "{at:?}");
        assert!(matches!(control.admit(at, attempt(2), &mut rng), Decision::Sleep(_)));
    }

    #[test]
    fn uses_a_limit_of_twenty() {
        for behaviour in [Behaviour::V2_0, Behaviour::V2_1] {
            let record = run(&Case::default(), 1, || Adaptive::new(behaviour));
            assert!(record.used() > 95.0, "{behaviour:?}: {} %", record.used());
            assert!(record.throttled() < 5.0, "{behaviour:?}: {} %", record.throttled());
        }
    }

    /// It cannot send less than one call in two seconds, so most of them are throttled, and operations fail.
    #[test]
    fn throttles_and_fails_below_its_least_rate() {
        let case = Case { refill: 300, burst: 4, seconds: 1_800, warm_up: 300, ..Case::default() };
        for behaviour in [Behaviour::V2_0, Behaviour::V2_1] {
            let record = run(&case, 1, || Adaptive::new(behaviour));
            assert!(record.throttled() > 30.0, "{behaviour:?}: {} %", record.throttled());
            assert!(record.failed() > 50, "{behaviour:?}: {}", record.failed());
        }
    }
}
