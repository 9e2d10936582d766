//! [`Rivals`]: how likely it is that others draw from the same bucket.

use std::time::Duration;

use super::rate::{Rate, TOKEN};

/// So many refusals that only somebody else's calls explain are no accident.
const STRIKES: u8 = 3;

/// A limit that seems to be one's own is put to the test after so many refusals, then after twice as many,
const FIRST_TRIAL: u32 = 16;

/// and so on, for so many times.
const DOUBLINGS: u8 = 3;

/// Where more tokens than these are in flight, a contest costs too many refusals to begin one for nothing.
const MOST_IN_FLIGHT: u64 = 3 * TOKEN;

/// How likely it is that others draw from the same bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rivals {
    /// Refusals of late that only somebody else's calls explain.
    strikes: u8,
    /// Refusals since the last trial.
    settled: u32,
    trials: u8,
    /// Odd refusals may be those of another limit.
    doubted: bool,
}

impl Rivals {
    /// From now on odd refusals say nothing of others.
    pub(super) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// Somebody else's calls explain a refusal; says whether they must be the explanation by now.
    pub(super) fn strike(&mut self) -> bool {
        self.strikes = self.strikes.saturating_add(1).min(STRIKES);
        self.strikes == STRIKES && !self.doubted
    }

    /// A refusal came when it should have.
    pub(super) fn forgive(&mut self) {
        self.strikes = self.strikes.saturating_sub(1);
    }

    pub(super) fn is_doubted(self) -> bool {
        self.doubted
    }

    /// What was held against the limit so far says nothing of it now.
    pub(super) fn forget(&mut self) {
        self.strikes = 0;
    }

    /// Whether a limit of `rate` that seems to be one's own is to be contested, to see whether it is: somebody
    /// else who draws from it steadily makes it look like a smaller one.
    pub(super) fn is_time_for_a_trial(&mut self, rate: Rate, round_trip: Duration) -> bool {
        self.settled = self.settled.saturating_add(1);
        let due = self.settled >= FIRST_TRIAL << self.trials.min(DOUBLINGS);
        if !due || self.doubted || rate.gain(round_trip) >= MOST_IN_FLIGHT {
            return false;
        }
        (self.settled, self.trials) = (0, self.trials.saturating_add(1));
        true
    }
}
