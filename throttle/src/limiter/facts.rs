//! [`Facts`]: what is known of a limit, whatever its rate.

use std::time::Duration;

use super::{
    rate::{Rate, TOKEN},
    round_trip::RoundTrip,
};

/// The smallest lump that is worth a thought, in tokens.
const LUMP: u64 = 4;

/// What is known of a limit, whatever its rate.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) trip: RoundTrip,
    /// How much the bucket holds, in millionths of a token; `None` where nobody has emptied it.
    pub(super) burst: Option<u64>,
    /// Tokens that come at once, where a service refills in ticks.
    pub(super) lump: u64,
}

impl Facts {
    /// By how much the times of calls are off.
    pub(super) fn jitter(&self) -> Duration {
        self.trip.deviation()
    }

    /// A bucket that holds hardly more than one call is full again as soon as it can serve one.
    pub(super) fn is_tight(&self) -> bool {
        self.burst.is_some_and(|burst| burst < 2 * TOKEN)
    }

    /// A limit of `rate` seemed to have fallen, and had not: its tokens come in larger lumps than that.
    pub(super) fn refills_in_lumps(&mut self, rate: Rate) {
        let second = rate.gain(Duration::from_secs(1)) / TOKEN;
        self.lump = (self.lump * 2).max(LUMP).min(second);
    }
}
