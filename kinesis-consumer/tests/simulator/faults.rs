//! [`Faults`]: what goes wrong with calls.

use std::time::Duration;

use fastrand::Rng;

/// What goes wrong with calls. Chances are in thousandths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// A request that is not done.
    pub(crate) lost: u32,
    /// A request that is done, and whose answer is lost.
    pub(crate) unanswered: u32,
    /// A request without an answer that is done later, up to so long after it was sent.
    pub(crate) zombie: u32,
    pub(crate) zombie_after: Duration,
    /// An answer that takes up to two seconds.
    pub(crate) slow: u32,
    /// A list of shards that fails.
    pub(crate) unlisted: u32,
    /// How old a list of shards may be.
    pub(crate) listed_late: Duration,
    /// How old what a scan shows of a row may be.
    pub(crate) scanned_late: Duration,
    /// Until when no call of the table is answered.
    pub(crate) outage_until: Duration,
    /// Write units a second, until then.
    pub(crate) units: Option<(u32, Duration)>,
    /// When the bucket of write units is full again.
    pub(crate) bucket: Duration,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    Slow,
    Unanswered,
    Lost,
    Zombie,
    /// Nothing is there that could do it.
    Outage,
    Throttled,
}

impl Faults {
    pub(crate) fn fate(&mut self, now: Duration, writes: bool, rng: &mut Rng) -> Fate {
        if now < self.outage_until {
            return Fate::Outage;
        }
        if let Some((units, until)) = self.units
            && now < until
            && writes
        {
            let level = self.bucket.max(now.saturating_sub(Duration::from_secs(1)));
            if level > now {
                return Fate::Throttled;
            }
            self.bucket = level + Duration::from_secs(1) / units;
        }
        let mut dice = rng.u32(0..1000);
        for (chance, fate) in [
            (self.lost, Fate::Lost),
            (self.unanswered, Fate::Unanswered),
            (self.zombie, Fate::Zombie),
            (self.slow, Fate::Slow),
        ] {
            if dice < chance {
                return fate;
            }
            dice -= chance;
        }
        Fate::Answered
    }

    /// From now on all is well.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}
