//! [`Pace`]: when a shard may be read next.

use std::time::Duration;

/// A shard gives 2 MB a second; after an answer of 10 MB, calls in the next 5 seconds are refused.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
const BYTES_A_SECOND: u64 = 2 << 20;

/// The longest rest: with so many readers that this is too short, calls are refused.
const LONGEST_REST: Duration = Duration::from_secs(20);

/// A debt of bytes, paid off at the shard's rate, and a rest at the tip.
///
/// A shard's 5 calls a second are for all who read it, and they know nothing of each other but that calls are refused. So
/// the rest grows by two fifths when one is, and calls a second grow by little with each one that is not: what evens shares
/// out. When none was refused for long, the others are gone.
#[derive(Debug)]
pub(super) struct Pace {
    idle: Duration,
    /// The next rest: short at first, for a shard that was just begun may have its first record any moment.
    rest: Duration,
    /// Calls in a row of which none was refused.
    clean: u32,
    due: Duration,
    paid: Duration,
}

impl Pace {
    /// At the tip, a call every `idle`; the first ones come sooner, beginning with `first`.
    pub(super) fn new(idle: Duration, first: Duration) -> Self {
        Self { idle, rest: first.min(idle), clean: 0, due: Duration::ZERO, paid: Duration::ZERO }
    }

    /// A call has been answered. `chance` is any number.
    pub(super) fn answered(&mut self, now: Duration, bytes: u64, at_tip: bool, chance: u32) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(BYTES_A_SECOND);
        self.paid = self.paid.max(now) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.due = now;
        self.clean = self.clean.saturating_add(1);
        if !at_tip {
            return;
        }
        if self.rest <= self.idle {
            self.due += self.rest;
            self.rest = (self.rest * 2).min(self.idle);
        } else {
            // From three quarters of it to five: those who were refused together do not come back together.
            self.due += self.rest * 3 / 4 + self.rest / 2 * (chance % 1024) / 1024;
            self.rest = self.sooner().max(self.idle);
        }
    }

    /// A call was refused, for the shard was read by others. `chance` is any number.
    pub(super) fn refused(&mut self, now: Duration, chance: u32) {
        self.clean = 0;
        self.rest = (self.rest.max(self.idle) * 7 / 5).min(LONGEST_REST);
        self.due = now + self.rest / 2 + self.rest / 2 * (chance % 1024) / 1024;
    }

    /// Whether it is read less often than it would be if nobody else read it.
    pub(super) fn is_crowded(&self) -> bool {
        self.rest > self.idle * 3 / 2
    }

    /// A rest that is a little shorter: by 5 calls in 1,000 seconds; or by a tenth, when the others seem to be gone.
    fn sooner(&self) -> Duration {
        const ALONE: u32 = 60;
        if self.clean > ALONE {
            return self.rest * 9 / 10;
        }
        let millis = u64::try_from(self.rest.as_millis()).unwrap_or(u64::MAX);
        self.rest.saturating_sub(Duration::from_micros(millis.saturating_mul(millis) * 5 / 1_000))
    }

    /// No call is sent before this time.
    pub(super) fn not_before(&mut self, time: Duration) {
        self.due = self.due.max(time);
    }

    /// When the next call may be sent.
    pub(super) fn due(&self) -> Duration {
        self.due.max(self.paid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_megabytes_take_five_seconds() {
        let mut pace = Pace::new(SECOND, SECOND);
        pace.answered(SECOND, 10 << 20, false, 0);
        assert_eq!(pace.due(), 6 * SECOND);
    }

    #[test]
    fn it_begins_with_short_rests() {
        let mut pace = Pace::new(SECOND, SECOND / 5);
        let mut now = Duration::ZERO;
        let rests = (0..5).map(|_| {
            pace.answered(now, 0, true, 0);
            let rest = pace.due().saturating_sub(now);
            now = pace.due();
            rest.as_millis()
        });
        assert_eq!(rests.collect::<Vec<_>>(), [200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn it_rests_at_the_tip_alone() {
        let mut pace = Pace::new(SECOND, SECOND);
        pace.answered(SECOND * 3 / 2, 0, false, 0);
        assert_eq!(pace.due(), SECOND * 3 / 2);
        pace.answered(2 * SECOND, 0, true, 0);
        assert_eq!(pace.due(), 3 * SECOND);
    }

    /// Pollers at the tip of a shard that allows 5 calls a second, for five minutes: how many calls of each were
    /// accepted, how many refused in all, and the first one's last rest.
    fn crowd(pollers: usize, seed: u64, leave: Option<Duration>) -> (Vec<u64>, u64, Duration) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut paces: Vec<_> = (0..pollers).map(|_| Pace::new(SECOND, SECOND / 5)).collect();
        let mut next: Vec<_> = (0..pollers).map(|_| Duration::from_millis(random.u64(0..300))).collect();
        let (mut tokens, mut refilled) = (5_000_u64, Duration::ZERO);
        let (mut accepted, mut refused) = (vec![0_u64; pollers], 0);
        while let Some(now) = next.iter().min().copied().filter(|now| *now < 300 * SECOND) {
            let one = next.iter().position(|at| *at == now).unwrap();
            if one > 0 && leave.is_some_and(|leave| now > leave) {
                next[one] = Duration::MAX;
                continue;
            }
            let passed = u64::try_from(now.saturating_sub(refilled).as_millis()).unwrap();
            (tokens, refilled) = ((tokens + passed * 5).min(5_000), refilled + Duration::from_millis(passed));
            if tokens >= 1_000 {
                tokens -= 1_000;
                accepted[one] += 1;
                paces[one].answered(now, 0, true, random.u32(..));
                next[one] = paces[one].due();
            } else {
                refused += 1;
                paces[one].refused(now, random.u32(..));
                next[one] = paces[one].due();
            }
        }
        (accepted, refused, paces[0].rest)
    }

    /// Applications that all read two shards.
    #[test]
    fn those_who_share_a_shard_are_rarely_refused_and_get_even_shares() {
        for (readers, most_refused, even) in [(1, 0, 100), (2, 0, 100), (5, 1, 99), (10, 5, 92), (20, 13, 80)]
        {
            let mut jains = 0;
            for seed in 0..20 {
                let (one, refused_one, _) = crowd(readers, seed, None);
                let (other, refused_other, _) = crowd(readers, seed + 100, None);
                let reads: Vec<_> = one.iter().zip(&other).map(|(one, other)| one + other).collect();
                let (total, refused) = (reads.iter().sum::<u64>(), refused_one + refused_other);
                jains += total * total * 100 / (readers as u64 * reads.iter().map(|it| it * it).sum::<u64>());
                let percent = (refused * 100).div_ceil(total + refused);
                assert!(percent <= most_refused, "{readers} (seed {seed}): {percent} % refused");
            }
            assert!(jains / 20 >= even, "{readers}: a Jain index of {} % on average", jains / 20);
        }
    }

    #[test]
    fn whoever_is_left_alone_is_quick_again() {
        for seed in 0..20 {
            let (.., rest) = crowd(10, seed, Some(20 * SECOND));
            assert_eq!(rest, SECOND, "seed {seed}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_two_megabytes_a_second(answers in proptest::collection::vec((0_u64..11 << 20, 0_u64..3000), 1..50)) {
            let mut pace = Pace::new(SECOND, SECOND);
            let (mut now, mut total) = (Duration::ZERO, 0_u64);
            for (bytes, late) in answers {
                now = now.max(pace.due()) + Duration::from_millis(late);
                pace.answered(now, bytes, false, 0);
                total += bytes;
            }
            // To the nanosecond that each answer may be rounded down by.
            prop_assert!(u128::from(total) <= (pace.due().as_nanos() + 50) * u128::from(BYTES_A_SECOND) / 1_000_000_000 + 50);
        }
    }
}
