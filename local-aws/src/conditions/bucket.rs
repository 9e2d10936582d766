//! The token bucket: a level, a refill rate and a burst, in integers.

use std::time::Duration;

/// One token, in the unit of the level: a rate in millionths a second times nanoseconds.
const TOKEN: i128 = 1_000_000_000_000_000;

/// How fast a bucket refills: tokens a second, kept in millionths so that `0.3` is exact.
///
/// ```
/// # use tidegate_local_aws::Rate;
/// assert_eq!(Rate::per_second(2), Rate::from_millionths(2_000_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    millionths: u64,
}

impl Rate {
    /// So many tokens a second.
    #[must_use]
    pub const fn per_second(tokens: u32) -> Self {
        Self { millionths: tokens as u64 * 1_000_000 }
    }

    /// So many millionths of a token a second: `300_000` is 0.3 a second.
    #[must_use]
    pub const fn from_millionths(millionths: u64) -> Self {
        Self { millionths }
    }

    /// The rate in millionths of a token a second.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.millionths
    }
}

/// A token bucket that starts full. It is fed `now`, the time since some start, and refills lazily.
///
/// Level and refill are exact: nothing is rounded, however long it runs.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    rate: Rate,
    burst: u64,
    tick: Option<Duration>,
    /// Below zero while something is owed.
    level: i128,
    at: Duration,
}

impl TokenBucket {
    /// A full bucket. With a tick it refills in steps, at whole multiples of it.
    pub(crate) fn full(rate: Rate, burst: u64, tick: Option<Duration>, now: Duration) -> Self {
        let tick = tick.filter(|tick| !tick.is_zero());
        Self { rate, burst, tick, level: tokens(burst), at: now }
    }

    /// The same bucket under another rate and burst: what is in it stays, up to the new burst.
    pub(crate) fn reshaped(&self, rate: Rate, burst: u64, tick: Option<Duration>, now: Duration) -> Self {
        let mut new = Self::full(rate, burst, tick, now);
        new.level = new.level.min(self.level(now));
        new
    }

    /// Takes tokens if so many as are needed are there, into debt if it must be; or says how long it is until
    /// they are, and takes nothing.
    ///
    /// # Errors
    /// The exact wait, never zero; [`Duration::MAX`] if the tokens will never be there.
    pub(crate) fn draw(&mut self, now: Duration, needed: u64, taken: u64) -> Result<(), Duration> {
        let (level, wanted) = (self.level(now), tokens(needed));
        if level < wanted {
            return Err(self.wait(now, level, wanted));
        }
        self.level = level - tokens(taken);
        self.at = self.at.max(now);
        Ok(())
    }

    /// How long it is until the tokens are there.
    pub(crate) fn until(&self, now: Duration, needed: u64) -> Duration {
        let (level, wanted) = (self.level(now), tokens(needed));
        if level < wanted { self.wait(now, level, wanted) } else { Duration::ZERO }
    }

    /// Whether it is full, and so the same as a new one.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        self.level(now) == tokens(self.burst)
    }

    fn level(&self, now: Duration) -> i128 {
        let elapsed = self.step(now).saturating_sub(self.step(self.at));
        let refill = u128::from(self.rate.millionths) * elapsed.as_nanos();
        // What an i128 cannot hold fills any bucket.
        let refilled = self.level.saturating_add(i128::try_from(refill).unwrap_or(i128::MAX));
        refilled.min(tokens(self.burst))
    }

    fn wait(&self, now: Duration, level: i128, wanted: i128) -> Duration {
        if wanted > tokens(self.burst) || self.rate.millionths == 0 {
            return Duration::MAX;
        }
        let mut nanos = wanted.abs_diff(level).div_ceil(u128::from(self.rate.millionths));
        if let Some(tick) = self.tick {
            nanos = nanos.next_multiple_of(tick.as_nanos());
        }
        // 10^15 tokens at a millionth a second overflow this; they are as good as never there.
        let ready = u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos);
        self.step(now.max(self.at)).saturating_add(ready).saturating_sub(now)
    }

    /// The time of the last refill step.
    fn step(&self, now: Duration) -> Duration {
        let Some(tick) = self.tick else { return now };
        let over = now.as_nanos() % tick.as_nanos();
        now.saturating_sub(Duration::from_nanos(u64::try_from(over).unwrap_or(0)))
    }
}

/// Tokens in the unit of the level.
fn tokens(count: u64) -> i128 {
    i128::from(count) * TOKEN
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl TokenBucket {
        fn take(&mut self, now: Duration, tokens: u64) -> Result<(), Duration> {
            self.draw(now, tokens, tokens)
        }

        fn has(&self, now: Duration, tokens: u64) -> bool {
            self.until(now, tokens).is_zero()
        }
    }

    fn tick() -> impl Strategy<Value = Option<Duration>> {
        prop_oneof![Just(None), Just(Some(Duration::from_secs(1))), Just(Some(Duration::from_millis(100)))]
    }

    proptest! {
        /// In any window, what is admitted is at most the burst plus what the window refills.
        #[test]
        fn never_more_than_burst_and_refill(
            millionths in 1_u64..2_000_000_000, burst in 1_u64..500, tick in tick(),
            gaps in prop::collection::vec(0_u64..2_000_000_000, 1..200), tokens in 1_u64..5,
        ) {
            let mut bucket = TokenBucket::full(Rate::from_millionths(millionths), burst, tick, Duration::ZERO);
            let (mut now, mut admitted) = (Duration::ZERO, Vec::new());
            for gap in gaps {
                now += Duration::from_nanos(gap);
                if bucket.take(now, tokens).is_ok() {
                    admitted.push(now);
                }
            }
            for (i, from) in admitted.iter().enumerate() {
                for (j, to) in admitted.iter().enumerate().skip(i) {
                    // With a tick, a window may see one step more than its length.
                    let window = (to.saturating_sub(*from) + tick.unwrap_or_default()).as_nanos();
                    let allowed = super::tokens(burst).unsigned_abs() + u128::from(millionths) * window;
                    prop_assert!((j - i + 1) as u128 * super::tokens(tokens).unsigned_abs() <= allowed);
                }
            }
        }

        /// The wait is exact: refused one nanosecond before, admitted on time.
        #[test]
        fn the_wait_is_exact(
            millionths in 1_u64..2_000_000_000, burst in 1_u64..100, tick in tick(),
            start in 0_u64..5_000_000_000, spent in 0_u64..100,
        ) {
            let start = Duration::from_nanos(start);
            let mut bucket = TokenBucket::full(Rate::from_millionths(millionths), burst, tick, start);
            let wanted = burst.min(spent + 1);
            prop_assert_eq!(bucket.take(start, burst), Ok(()));
            let wait = bucket.take(start, wanted).unwrap_err();
            prop_assert!(!wait.is_zero());
            let before = (start + wait).saturating_sub(Duration::from_nanos(1));
            prop_assert!(!bucket.has(before, wanted));
            prop_assert_eq!(bucket.take(start + wait, wanted), Ok(()));
        }

        /// A refused request leaves the bucket as it was.
        #[test]
        fn a_refusal_takes_nothing(millionths in 1_u64..5_000_000, tries in 1_usize..50) {
            let mut bucket = TokenBucket::full(Rate::from_millionths(millionths), 1, None, Duration::ZERO);
            prop_assert_eq!(bucket.take(Duration::ZERO, 1), Ok(()));
            let wait = bucket.take(Duration::ZERO, 1).unwrap_err();
            for i in 0..tries {
                let now = wait * u32::try_from(i).unwrap() / u32::try_from(tries).unwrap();
                prop_assert!(bucket.take(now, 1).is_err());
            }
            prop_assert_eq!(bucket.take(wait, 1), Ok(()));
        }
    }

    #[test]
    fn a_tick_refills_in_steps() {
        let second = Duration::from_secs(1);
        let mut bucket = TokenBucket::full(Rate::per_second(10), 10, Some(second), Duration::ZERO);
        assert_eq!(bucket.take(Duration::ZERO, 10), Ok(()));
        assert_eq!(bucket.take(Duration::from_millis(900), 1), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(second, 10), Ok(()));
    }

    #[test]
    fn what_can_never_be_there_is_never_due() {
        let mut bucket = TokenBucket::full(Rate::per_second(10), 10, None, Duration::ZERO);
        assert_eq!(bucket.take(Duration::ZERO, 11), Err(Duration::MAX));
        let mut shut = TokenBucket::full(Rate::per_second(0), 0, None, Duration::ZERO);
        assert_eq!(shut.take(Duration::ZERO, 1), Err(Duration::MAX));
    }

    #[test]
    fn what_is_owed_is_refilled_first() {
        // As for reads of a shard: two a second, ten in one answer.
        let mut bucket = TokenBucket::full(Rate::per_second(2), 2, None, Duration::ZERO);
        assert_eq!(bucket.draw(Duration::ZERO, 1, 10), Ok(()));
        let wait = Duration::from_millis(4_500);
        assert_eq!(bucket.draw(Duration::ZERO, 1, 10), Err(wait));
        assert_eq!((bucket.until(Duration::ZERO, 1), bucket.until(wait, 1)), (wait, Duration::ZERO));
        assert_eq!(bucket.draw(wait, 1, 1), Ok(()));
    }

    #[test]
    fn a_raised_limit_keeps_what_is_there() {
        let mut bucket = TokenBucket::full(Rate::per_second(20), 100, None, Duration::ZERO);
        assert_eq!(bucket.take(Duration::ZERO, 90), Ok(()));
        let mut raised = bucket.reshaped(Rate::per_second(40), 200, None, Duration::ZERO);
        assert!(raised.has(Duration::ZERO, 10) && !raised.has(Duration::ZERO, 11));
        assert_eq!(raised.take(Duration::from_secs(1), 50), Ok(()));
    }
}
