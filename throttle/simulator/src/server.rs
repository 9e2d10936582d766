//! [`Server`]: token buckets as a service keeps them, in integers of their own.

use std::{iter, time::Duration};

use crate::case::{Bucket, Case};

/// A token; thousandths of a token per second times nanoseconds.
const TOKEN: u128 = 1_000_000_000_000;

/// The limit of a case.
#[derive(Debug)]
pub struct Server {
    first: Tokens,
    second: Option<Tokens>,
    outage: Duration,
}

#[derive(Debug)]
struct Tokens {
    refill: u64,
    burst: u128,
    level: u128,
    at: Duration,
    ticks: bool,
    window: bool,
}

impl Server {
    /// The limit as it is at the start: full.
    #[must_use]
    pub fn new(case: &Case) -> Self {
        let second = match case.bucket {
            Bucket::TwoLevels { refill, burst } => Some(Tokens::new(refill, burst, Bucket::Continuous)),
            _ => None,
        };
        let first = Tokens::new(case.refill, case.burst, case.bucket);
        Self { first, second, outage: Duration::from_secs(case.outage) }
    }

    /// Whether the limit lets a call of `cost` tokens through at `now`, which never goes back.
    pub fn take(&mut self, now: Duration, cost: u32) -> bool {
        let cost = u128::from(cost) * TOKEN;
        let outage = self.outage;
        for level in self.levels() {
            level.advance(now);
            if now < outage {
                level.level = 0;
            }
        }
        let enough = self.levels().all(|level| level.level >= cost);
        if enough {
            self.levels().for_each(|level| level.level -= cost);
        }
        enough
    }

    /// Changes the refill, of the first bucket where there are two.
    pub fn change(&mut self, now: Duration, refill: u64) {
        self.first.advance(now);
        self.first.refill = refill;
    }

    fn levels(&mut self) -> impl Iterator<Item = &mut Tokens> {
        iter::once(&mut self.first).chain(&mut self.second)
    }
}

impl Tokens {
    fn new(refill: u64, burst: u64, bucket: Bucket) -> Self {
        let window = bucket == Bucket::Window;
        let burst = if window { a_second_of(refill) } else { u128::from(burst) * TOKEN };
        let ticks = window || bucket == Bucket::Ticks;
        Self { refill, burst, level: burst, at: Duration::ZERO, ticks, window }
    }

    fn advance(&mut self, now: Duration) {
        let to = if self.ticks { Duration::from_secs(now.as_secs()) } else { now };
        if self.window && to > self.at {
            self.burst = a_second_of(self.refill);
        }
        self.level += u128::from(self.refill) * to.saturating_sub(self.at).as_nanos();
        self.level = self.level.min(self.burst);
        self.at = to;
    }
}

fn a_second_of(refill: u64) -> u128 {
    u128::from(refill) * Duration::from_secs(1).as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the calls are let through.
    fn taken<const N: usize>(case: &Case, at: [u64; N]) -> [bool; N] {
        let mut server = Server::new(case);
        at.map(|ms| server.take(Duration::from_millis(ms), case.cost))
    }

    #[test]
    fn a_bucket_holds_its_burst_and_refills_all_the_time() {
        let case = Case { refill: 1_000, burst: 2, ..Case::default() };
        let expected = [true, true, false, false, true, true, true, false];
        assert_eq!(taken(&case, [0, 0, 0, 999, 1_000, 9_000, 9_000, 9_000]), expected);
    }

    #[test]
    fn a_call_takes_what_it_costs_or_nothing() {
        let case = Case { refill: 1_000, burst: 3, cost: 2, ..Case::default() };
        assert_eq!(taken(&case, [0, 0, 999, 1_000, 2_999, 3_000]), [true, false, false, true, false, true]);
    }

    #[test]
    fn ticks_refill_once_a_second_and_save_up() {
        let case = Case { refill: 2_000, burst: 3, bucket: Bucket::Ticks, ..Case::default() };
        let at = [100, 100, 100, 999, 1_000, 1_500, 1_500, 3_000, 3_000, 3_000, 3_000];
        let expected = [true, true, true, false, true, true, false, true, true, true, false];
        assert_eq!(taken(&case, at), expected);
    }

    #[test]
    fn a_window_saves_nothing_up() {
        let case = Case { refill: 2_000, burst: 3, bucket: Bucket::Window, ..Case::default() };
        let at = [100, 900, 999, 1_000, 1_000, 1_000, 9_000, 9_000, 9_000];
        assert_eq!(taken(&case, at), [true, true, false, true, true, false, true, true, false]);
    }

    /// What the second bucket refuses costs nothing in the first.
    #[test]
    fn two_levels_must_both_have_the_tokens() {
        let bucket = Bucket::TwoLevels { refill: 500, burst: 1 };
        let case = Case { refill: 1_000, burst: 2, bucket, ..Case::default() };
        assert_eq!(
            taken(&case, [0, 0, 0, 2_000, 2_000, 3_999, 4_000]),
            [true, false, false, true, false, false, true]
        );
    }

    #[test]
    fn an_outage_leaves_the_bucket_empty() {
        let case = Case { refill: 1_000, burst: 5, outage: 3, ..Case::default() };
        assert_eq!(taken(&case, [0, 2_900, 3_000, 3_900, 3_900]), [false, false, false, true, false]);
    }

    #[test]
    fn a_change_counts_from_when_it_comes() {
        let mut server = Server::new(&Case { refill: 1_000, burst: 10, ..Case::default() });
        let second = Duration::from_secs(1);
        assert!(server.take(Duration::ZERO, 10));
        server.change(second, 3_000);
        assert!(!server.take(second * 2, 5) && server.take(second * 2, 4));
    }
}
