//! [`Appetite`]: how many records to ask for, and what they will take.

/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
const MOST_RECORDS: usize = 10_000;
const MOST_BYTES: usize = 10 << 20;

/// At the tip a burst is answered at once, and a thousand idle shards reserve little.
const LEAST_RECORDS: usize = 100;

/// Before the first answer.
const GUESSED_SIZE: usize = 1024;

/// Learns from answers how many records the next one will have, and of what size.
#[derive(Debug)]
pub(super) struct Appetite {
    count: usize,
    /// A moving average over answers, an eighth of it new each time.
    size: usize,
}

impl Appetite {
    pub(super) fn new() -> Self {
        Self { count: 1000, size: GUESSED_SIZE }
    }

    /// What to reserve: count and bytes.
    pub(super) fn wanted(&self) -> (usize, usize) {
        (self.count, self.count.saturating_mul(self.size).clamp(1, MOST_BYTES))
    }

    /// What to ask for, with what was granted.
    pub(super) fn limit(&self, count: usize, bytes: usize) -> usize {
        count.min(bytes / self.size).clamp(1, MOST_RECORDS)
    }

    /// An answer to a question for `limit` came.
    pub(super) fn answered(&mut self, limit: usize, count: usize, bytes: usize) {
        if let Some(size) = bytes.checked_div(count) {
            // Rounded up, so that it is never 0.
            self.size = (self.size * 7 + size.max(1)).div_ceil(8);
        }
        // A full answer says that there is more; one that filled Kinesis' own bounds, too.
        let full = count >= limit || bytes >= MOST_BYTES / 2;
        let next = if full { self.count.saturating_mul(2) } else { count.saturating_mul(2) };
        self.count = next.clamp(LEAST_RECORDS, MOST_RECORDS);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_asked_for_fits_what_was_granted(
            answers in proptest::collection::vec((0_usize..20_000, 0_usize..1 << 24), 0..50),
            granted in (1_usize..20_000, 1_usize..1 << 24),
        ) {
            let mut appetite = Appetite::new();
            for (count, bytes) in answers {
                appetite.answered(appetite.wanted().0, count, bytes);
                let (count, bytes) = appetite.wanted();
                prop_assert!((LEAST_RECORDS..=MOST_RECORDS).contains(&count) && (1..=MOST_BYTES).contains(&bytes));
            }
            let limit = appetite.limit(granted.0, granted.1);
            prop_assert!((1..=MOST_RECORDS).contains(&limit) && limit <= granted.0);
            prop_assert!(limit == 1 || limit * appetite.size <= granted.1);
        }
    }

    #[test]
    fn a_backlog_is_read_in_large_pieces_and_an_idle_shard_reserves_little() {
        let mut appetite = Appetite::new();
        for _ in 0..4 {
            let count = appetite.wanted().0;
            appetite.answered(count, count, count * 200);
        }
        assert_eq!(appetite.wanted().0, MOST_RECORDS);
        appetite.answered(MOST_RECORDS, 0, 0);
        assert_eq!(appetite.wanted().0, LEAST_RECORDS);
    }
}
