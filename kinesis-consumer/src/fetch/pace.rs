//! [`Pace`]: when a shard may be read next.

use std::time::Duration;

/// A shard gives 2 MB a second; after an answer of 10 MB, calls in the next 5 seconds are refused.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
const BYTES_A_SECOND: u64 = 2 << 20;

/// A debt of bytes, paid off at the shard's rate, and a rest at the tip. Calls themselves are the throttle's.
#[derive(Debug)]
pub(super) struct Pace {
    idle: Duration,
    /// The next rest: short at first, for a shard that was just begun may have its first record any moment.
    rest: Duration,
    due: Duration,
    paid: Duration,
}

impl Pace {
    /// At the tip, a call every `idle`; the first ones come sooner, beginning with `first`.
    pub(super) fn new(idle: Duration, first: Duration) -> Self {
        Self { idle, rest: first.min(idle), due: Duration::ZERO, paid: Duration::ZERO }
    }

    /// A call has been answered.
    pub(super) fn answered(&mut self, now: Duration, bytes: u64, at_tip: bool) {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(BYTES_A_SECOND);
        self.paid = self.paid.max(now) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.due = now;
        if at_tip {
            self.due += self.rest;
            self.rest = (self.rest * 2).min(self.idle);
        }
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
        pace.answered(SECOND, 10 << 20, false);
        assert_eq!(pace.due(), 6 * SECOND);
    }

    #[test]
    fn it_begins_with_short_rests() {
        let mut pace = Pace::new(SECOND, SECOND / 5);
        let mut now = Duration::ZERO;
        let rests = (0..5).map(|_| {
            pace.answered(now, 0, true);
            let rest = pace.due().saturating_sub(now);
            now = pace.due();
            rest.as_millis()
        });
        assert_eq!(rests.collect::<Vec<_>>(), [200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn it_rests_at_the_tip_alone() {
        let mut pace = Pace::new(SECOND, SECOND);
        pace.answered(SECOND * 3 / 2, 0, false);
        assert_eq!(pace.due(), SECOND * 3 / 2);
        pace.answered(2 * SECOND, 0, true);
        assert_eq!(pace.due(), 3 * SECOND);
    }

    proptest! {
        #[test]
        fn never_more_than_two_megabytes_a_second(answers in proptest::collection::vec((0_u64..11 << 20, 0_u64..3000), 1..50)) {
            let mut pace = Pace::new(SECOND, SECOND);
            let (mut now, mut total) = (Duration::ZERO, 0_u64);
            for (bytes, late) in answers {
                now = now.max(pace.due()) + Duration::from_millis(late);
                pace.answered(now, bytes, false);
                total += bytes;
            }
            // To the nanosecond that each answer may be rounded down by.
            prop_assert!(u128::from(total) <= (pace.due().as_nanos() + 50) * u128::from(BYTES_A_SECOND) / 1_000_000_000 + 50);
        }
    }
}
