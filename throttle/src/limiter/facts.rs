//! [`Facts`]: what is known of a limit, whatever its rate.

use std::time::Duration;

use super::{
    learnt::Learnt,
    rate::{Rate, TOKEN, micros},
    rivals::Rivals,
    round_trip::RoundTrip,
};

/// How often a service that does not refill steadily does so.
///
/// Source: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>, "refill rate".
pub(super) const TICK: Duration = Duration::from_secs(1);

/// What is known of a limit, whatever its rate.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) trip: RoundTrip,
    /// How much the bucket holds, in millionths of a token; `None` where nobody has emptied it.
    pub(super) burst: Option<u64>,
    /// Whether its tokens come once a second rather than one by one.
    pub(super) ticks: bool,
    pub(super) rivals: Rivals,
    /// The rate before every call was refused for a while, until it is learnt anew.
    pub(super) former: Option<Rate>,
    /// What the dearest of the calls of late costs.
    unit: u32,
}

impl Facts {
    pub(super) fn resumed(learnt: &Learnt) -> Self {
        Self {
            burst: learnt.burst().map(|burst| burst.max(TOKEN)),
            ticks: learnt.lump() > 0,
            ..Self::default()
        }
    }

    /// By how much the times of calls are off.
    pub(super) fn jitter(&self) -> Duration {
        self.trip.deviation()
    }

    /// What the dearest of the calls of late costs, and at least a token.
    pub(super) fn unit(&self) -> u64 {
        self.unit.max(1).into()
    }

    /// A call that costs so much was let through.
    pub(super) fn accepted(&mut self, cost: u32) {
        self.unit = self.unit.max(cost);
    }

    /// Calls that cost more than those of late are soon forgotten.
    pub(super) fn forget(&mut self) {
        self.unit -= self.unit / 8;
    }

    /// Whether a call of this cost may be one that no bucket is full enough for.
    pub(super) fn is_too_dear(&self, cost: u32) -> bool {
        self.unit > 0 && cost > self.unit && self.burst.is_none_or(|burst| micros(cost.into()) > burst / 2)
    }

    /// The millionths of a token that come at once, at this rate.
    pub(super) fn lump(&self, rate: Rate) -> u64 {
        if self.ticks { rate.gain(TICK) } else { 0 }
    }

    /// What would come at once, at this rate, if tokens came once a second.
    pub(super) fn tick(rate: Rate) -> u64 {
        rate.gain(TICK)
    }

    /// A bucket that holds hardly more than one call is full again as soon as it can serve one.
    pub(super) fn is_tight(&self) -> bool {
        self.burst.is_some_and(|burst| burst < micros(2 * self.unit()))
    }
}
