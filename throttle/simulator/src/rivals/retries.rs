//! [`Retries`]: how often the SDK tries, and how long it waits in between.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::Outcome;

use crate::control::Then;

/// Attempts of an operation, the first included.
const ATTEMPTS: u32 = 3;

const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// What all retries of a client draw from.
const QUOTA: u32 = 500;

/// What a retry after a throttle draws.
const COST: u32 = 5;

/// What a success pays in that returns nothing.
const REWARD: u32 = 1;

/// The retries of a client of the AWS SDK for Rust: three attempts, exponential backoff with full jitter, and
/// a quota.
///
/// The client remembers one draw from the quota, whoever made it: the next success returns it, and the next
/// draw makes it forgotten.
///
/// Source: `aws-smithy-runtime` 1.16.2, `client/retries/strategy/standard.rs` and `token_bucket.rs`.
#[derive(Debug)]
pub(super) struct Retries {
    quota: u32,
    returnable: bool,
}

impl Retries {
    pub(super) fn new() -> Self {
        Self { quota: QUOTA, returnable: false }
    }

    /// Decides what follows the attempt with this number; `delay` is what a rate limiter asks for instead of
    /// the backoff, and is not asked when there is no attempt left.
    pub(super) fn after(
        &mut self,
        now: Duration,
        number: u32,
        outcome: Outcome,
        delay: impl FnOnce() -> Option<Duration>,
        rng: &mut Rng,
    ) -> Then {
        if outcome == Outcome::Accepted {
            self.succeeded();
            return Then::Done;
        }
        if number >= ATTEMPTS {
            return Then::Fail;
        }
        let delay = match delay() {
            Some(delay) => delay.min(MAX_BACKOFF),
            None => backoff(number).mul_f64(rng.f64()),
        };
        if self.draw() { Then::Retry(now + delay) } else { Then::Fail }
    }

    fn succeeded(&mut self) {
        if self.returnable {
            self.returnable = false;
            self.quota += COST;
        } else if self.quota < QUOTA {
            self.quota += REWARD;
        }
    }

    fn draw(&mut self) -> bool {
        let left = self.quota.checked_sub(COST);
        if let Some(left) = left {
            self.quota = left;
            self.returnable = true;
        }
        left.is_some()
    }
}

/// The longest backoff after the attempt with this number.
fn backoff(number: u32) -> Duration {
    let factor = 2_u32.saturating_pow(number.saturating_sub(1));
    INITIAL_BACKOFF.saturating_mul(factor).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

    /// The numbers of the SDK's tests `eventual_success` and `no_more_attempts`.
    #[test]
    fn draws_for_retries_and_returns_one_draw_for_a_success() {
        let (mut retries, mut rng, now) = (Retries::new(), Rng::with_seed(1), Duration::ZERO);
        assert!(matches!(retries.after(now, 1, THROTTLED, || None, &mut rng), Then::Retry(_)));
        assert_eq!(retries.quota, 495);
        assert!(matches!(retries.after(now, 2, THROTTLED, || None, &mut rng), Then::Retry(_)));
        assert_eq!(retries.quota, 490);
        assert_eq!(retries.after(now, 3, Outcome::Accepted, || None, &mut rng), Then::Done);
        assert_eq!(retries.quota, 495);
        assert_eq!(retries.after(now, 3, THROTTLED, || None, &mut rng), Then::Fail);
        assert_eq!(retries.quota, 495);
    }

    /// The SDK's test `no_quota`.
    #[test]
    fn fails_without_quota() {
        let (mut rng, now) = (Rng::with_seed(1), Duration::ZERO);
        let mut retries = Retries { quota: 5, returnable: false };
        assert!(matches!(retries.after(now, 1, THROTTLED, || None, &mut rng), Then::Retry(_)));
        assert_eq!(retries.after(now, 2, THROTTLED, || None, &mut rng), Then::Fail);
        assert_eq!(retries.quota, 0);
    }

    /// The SDK's test `quota_replenishes_on_first_try_success`: a forgotten draw is paid back one by one.
    #[test]
    fn first_successes_pay_in_one_each() {
        let mut retries = Retries { quota: 0, returnable: false };
        for quota in 1..=20 {
            retries.succeeded();
            assert_eq!(retries.quota, quota);
        }
        retries.quota = QUOTA;
        retries.succeeded();
        assert_eq!(retries.quota, QUOTA);
    }

    /// The numbers of the SDK's test `backoff_timing`, and its longest backoff.
    #[test]
    fn backs_off_twice_as_long_each_time() {
        let seconds: Vec<_> = (1..=7).map(|number| backoff(number).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 20, 20]);
    }

    #[test]
    fn the_delay_of_a_rate_limiter_replaces_the_backoff_and_is_capped() {
        let (mut retries, mut rng, now) = (Retries::new(), Rng::with_seed(1), Duration::from_secs(7));
        let mut after = |delay| retries.after(now, 1, THROTTLED, || Some(delay), &mut rng);
        assert_eq!(after(Duration::from_secs(5)), Then::Retry(Duration::from_secs(12)));
        assert_eq!(after(Duration::from_secs(90)), Then::Retry(Duration::from_secs(27)));
    }
}
