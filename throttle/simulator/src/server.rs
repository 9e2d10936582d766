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
