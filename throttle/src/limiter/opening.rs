//! [`Opening`]: a limit that has refused nothing yet.

use std::time::Duration;

use super::{
    LATE,
    interval::Measured,
    rate::{Rate, micros},
    round_trip::RoundTrip,
};

/// A first call that is refused should not be one of many.
const FIRST_WINDOW: u64 = 2;

/// Up to this many calls in flight the window doubles.
const SMALL: u64 = 16;

/// And up to this rate, per second, whatever the first refusal will cost: most limits are lower.
const BRISK: u64 = 1_000;

/// From there on the rate per second is at most this times what was let through so far,
const GROWTH: u64 = 6;

/// and the calls in flight, of which the first refusal may cost most, are at most one in so many.
const SHARE: u64 = 3;

/// A limit that has refused nothing yet: a window of calls in flight that doubles each round trip.
#[derive(Debug)]
pub(super) struct Opening {
    window: u64,
    /// Whether callers had to wait for it: a window that they do not fill proves nothing.
    filled: bool,
    /// Calls of one window leave spread over half a round trip, so that a refusal comes before the last
    /// of them has left.
    next: Duration,
    first: Option<Duration>,
    accepted: u64,
}

impl Opening {
    pub(super) fn new() -> Self {
        Self { window: FIRST_WINDOW, filled: false, next: Duration::ZERO, first: None, accepted: 0 }
    }

    /// Whether another call fits in the window.
    pub(super) fn has_room(&mut self, in_flight: u64, cost: u32) -> bool {
        let room = in_flight == 0 || in_flight + u64::from(cost) <= self.window;
        self.filled = !room || self.filled && in_flight * 2 >= self.window;
        room
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    pub(super) fn sent(&mut self, now: Duration, cost: u32, trip: &RoundTrip) {
        self.first.get_or_insert(now);
        // A call that costs more than the window is spread no longer than the window is.
        let share = u128::from(self.window.min(cost.into()));
        let spread = trip.smoothed().as_nanos() * share / u128::from(2 * self.window);
        self.next = self.next.max(now.saturating_sub(LATE)) + nanos(spread);
    }

    /// An answer came.
    pub(super) fn answered(&mut self, cost: u32, trip: &RoundTrip) {
        self.accepted += u64::from(cost);
        let trip = |rate: u64| {
            let calls = trip.smoothed().as_nanos() * u128::from(rate) / 1_000_000_000;
            u64::try_from(calls).unwrap_or(u64::MAX)
        };
        let later = trip(self.accepted.saturating_mul(GROWTH)).min(self.accepted / SHARE);
        let most = SMALL.max(trip(BRISK)).max(later);
        if self.filled && self.window < most {
            self.window = (self.window + u64::from(cost)).min(most);
        }
    }

    /// Tokens that were let through so far.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// What the first refusal, of a call sent at `sent`, lets one guess: a burst is worth some
    /// seconds of refill.
    pub(super) fn guess(&self, sent: Duration) -> Rate {
        Rate::of(micros(self.accepted.max(1)), self.span(sent) + Duration::from_secs(4))
    }

    /// How long it went on, and what it let through by then.
    pub(super) fn measured(&self, sent: Duration) -> Measured {
        Measured { time: self.span(sent), accepted: self.accepted, slack: 1, overflowed: false }
    }

    fn span(&self, sent: Duration) -> Duration {
        sent.saturating_sub(self.first.unwrap_or(sent))
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
