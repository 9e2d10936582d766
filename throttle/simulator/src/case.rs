//! [`Case`]: a bucket, and the load on it.

use std::time::Duration;

/// What to simulate.
///
/// Refill rates are in thousandths of a token per second. Every caller calls without pause.
#[derive(Clone, Debug)]
pub struct Case {
    /// What tables and failures call it.
    pub name: &'static str,
    /// The refill of the bucket until the first change.
    pub refill: u64,
    /// The tokens that the bucket holds, and starts with.
    pub burst: u64,
    /// How the bucket is refilled.
    pub bucket: Bucket,
    /// Tokens that a call costs.
    pub cost: u32,
    /// Callers of each process.
    pub callers: usize,
    /// Processes, each with a control of its own.
    pub processes: usize,
    /// Each process starts this much later than the one before.
    pub stagger: Duration,
    /// How long the simulation lasts, in seconds.
    pub seconds: u64,
    /// Seconds at the start that do not count.
    pub warm_up: u64,
    /// The mean time from sending a call to its answer.
    pub round_trip: Duration,
    /// How much of the round trip varies, either way, in percent.
    pub jitter: u32,
    /// A refusal takes at most this long to come back.
    pub refusal: Duration,
    /// Seconds, in order, and the refill from then on.
    pub changes: &'static [(u64, u64)],
    /// Seconds at the start in which every call is refused, and after which the bucket is empty.
    pub outage: u64,
    /// Somebody else's calls on the same bucket.
    pub background: Option<Background>,
}

/// How a bucket is refilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// All the time.
    Continuous,
    /// Once a second, by what a second is worth.
    Ticks,
    /// Each second lets through what a second is worth, and nothing is saved up: the burst does not count.
    Window,
    /// All the time, and a second bucket must have the tokens as well.
    TwoLevels {
        /// The refill of the second bucket.
        refill: u64,
        /// The tokens that the second bucket holds.
        burst: u64,
    },
}

/// Calls that take tokens at a steady rate for a while, pause as long, and begin again.
#[derive(Clone, Copy, Debug)]
pub struct Background {
    /// Thousandths of a call per second while it is on.
    pub rate: u64,
    /// Seconds that it is on, and then off; it starts on.
    pub period: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            name: "",
            refill: 20_000,
            burst: 100,
            bucket: Bucket::Continuous,
            cost: 1,
            callers: 32,
            processes: 1,
            stagger: Duration::ZERO,
            seconds: 360,
            warm_up: 60,
            round_trip: Duration::from_millis(50),
            jitter: 25,
            refusal: Duration::MAX,
            changes: &[],
            outage: 0,
            background: None,
        }
    }
}

impl Case {
    /// What the limit gives in that second of the simulation, in thousandths of a token.
    #[must_use]
    pub fn refill_at(&self, second: u64) -> u64 {
        let changed = self.changes.iter().rev().find(|(from, _)| *from <= second);
        let refill = changed.map_or(self.refill, |(_, refill)| *refill);
        match self.bucket {
            Bucket::TwoLevels { refill: other, .. } => refill.min(other),
            _ => refill,
        }
    }

    /// The tokens of a full bucket that a caller can find at the start.
    pub(crate) fn first_burst(&self) -> u64 {
        match self.bucket {
            Bucket::Window => 0,
            Bucket::TwoLevels { burst, .. } => self.burst.min(burst),
            _ => self.burst,
        }
    }
}
