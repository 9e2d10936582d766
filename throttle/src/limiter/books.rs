//! [`Books`]: what a contested bucket let through, and whether it is one's own after all.

use std::time::Duration;

use super::{facts::Facts, interval::Measured, rate::micros};

/// So many intervals in a row of one length and one rate are no accident.
const BALANCED: u32 = 4;

/// What a bucket let through since some refusal, as long as nobody else need be drawing from it.
///
/// A bucket of one's own lets through what it refills, to a token, and the same pace empties it after about
/// the same number of calls each time. Where others draw from it, both are a matter of chance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Books {
    time: Duration,
    accepted: u64,
    intervals: u32,
}

impl Books {
    /// Enters an interval, of at least `least` tokens if it was one's own bucket; gives all of them once they
    /// are so many that it must be.
    pub(super) fn enter(&mut self, measured: Measured, least: u64, facts: &Facts) -> Option<Measured> {
        if measured.overflowed || measured.accepted == 0 {
            *self = Self::default();
            return None;
        }
        let all = measured.after((self.time, self.accepted));
        let off = micros(measured.accepted).abs_diff(all.rate().gain(measured.time));
        let slack = micros(measured.slack.saturating_add(facts.unit()))
            .saturating_add(all.rate().gain(facts.jitter()));
        let mean = all.accepted / u64::from(self.intervals + 1);
        let usual = (mean / 4 * 3).max(least)..=mean.saturating_add(mean / 3);
        if off > slack || !usual.contains(&measured.accepted) {
            *self = Self { time: measured.time, accepted: measured.accepted, intervals: 1 };
            return None;
        }
        *self = Self { time: all.time, accepted: all.accepted, intervals: self.intervals + 1 };
        (self.intervals > BALANCED).then_some(all)
    }
}
