//! [`Opening`]: a limit that has refused nothing yet.

use std::time::Duration;

use super::{
    LATE,
    hint::Hint,
    interval::Measured,
    rate::{Rate, TOKEN, micros},
    round_trip::RoundTrip,
};

/// A first call that is refused should not be one of many.
const FIRST_WINDOW: u64 = 2;

/// Of a bucket that is documented to hold at least so many tokens,
const LARGE: u32 = 1_000;

/// one part in so many is taken at once: there, a window that begins with two costs more than it spares.
const HEAD_START: u64 = 8;

/// Up to this many calls in flight the window doubles.
const SMALL: u64 = 16;

/// And up to this rate, per second, whatever the first refusal will cost: most limits are lower.
const BRISK: u64 = 1_000;

/// From there on the rate per second is at most this times what was let through so far,
const BRISKER: u64 = 6;

/// and the calls in flight, of which the first refusal may cost most, are at most one in so many.
const SHARE: u64 = 3;

/// A bucket that served fewer calls was hardly full.
const FULL: u64 = 8;

/// After so long without a call, what was let through before says nothing of the bucket.
const IDLE: Duration = Duration::from_secs(10);

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
    last: Duration,
    accepted: u64,
    hint: Option<Hint>,
    /// When the bucket should have run empty, and the window began again.
    anew: Option<Duration>,
}

impl Opening {
    pub(super) fn new(hint: Option<Hint>) -> Self {
        Self {
            window: FIRST_WINDOW,
            filled: false,
            next: Duration::ZERO,
            first: None,
            last: Duration::ZERO,
            accepted: 0,
            hint,
            anew: None,
        }
    }

    /// Whether another call fits in the window.
    pub(super) fn has_room(&self, now: Duration, in_flight: u64, cost: u32) -> bool {
        let window = if self.runs_empty(now, in_flight, cost) { FIRST_WINDOW } else { self.window };
        in_flight == 0
            || in_flight.saturating_add(cost.into()) <= window
            || self.has_head_start(in_flight, cost)
    }

    /// Whether this call is one of the first that a documented bucket serves, unless others have emptied it.
    fn has_head_start(&self, in_flight: u64, cost: u32) -> bool {
        let (Some(hint), None) = (self.hint, self.anew) else { return false };
        let taken = self.accepted.saturating_add(in_flight).saturating_add(cost.into());
        hint.burst >= LARGE && taken <= u64::from(hint.burst) / HEAD_START
    }

    /// A call wants to be sent, and there is no room, or there is.
    pub(super) fn asked(&mut self, now: Duration, in_flight: u64, cost: u32) {
        if self.runs_empty(now, in_flight, cost) {
            (self.window, self.filled, self.anew) = (FIRST_WINDOW, false, Some(now));
        }
        let room = self.has_room(now, in_flight, cost);
        self.filled = !room || self.filled && in_flight.saturating_mul(2) >= self.window;
    }

    /// Whether this call is the first that the hint says the bucket cannot serve.
    fn runs_empty(&self, now: Duration, in_flight: u64, cost: u32) -> bool {
        let (Some(hint), None) = (self.hint, self.anew) else { return false };
        let taken = self.accepted.saturating_add(in_flight).saturating_add(cost.into());
        micros(taken) > self.filled_by(hint, now)
    }

    /// What the hint says that the bucket gave since the first call, in millionths of tokens.
    fn filled_by(&self, hint: Hint, now: Duration) -> u64 {
        micros(hint.burst.into()).saturating_add(hint.rate.gain(self.span(now)))
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    pub(super) fn sent(&mut self, now: Duration, in_flight: u64, cost: u32, trip: &RoundTrip) {
        if in_flight == 0 && now.saturating_sub(self.last) > IDLE {
            (self.first, self.accepted) = (None, 0);
        }
        self.first.get_or_insert(now);
        self.last = now;
        // With a head start, as many as are in flight are a window.
        let window =
            if self.has_head_start(in_flight, cost) { self.window.max(in_flight) } else { self.window };
        // A call that costs more than the window is spread no longer than the window is.
        let share = u128::from(window.min(cost.into()));
        let spread = trip.smoothed().as_nanos().saturating_mul(share) / (2 * u128::from(window));
        self.next = self.next.max(now.saturating_sub(LATE)).saturating_add(nanos(spread));
    }

    /// A call goes now, whenever it was due.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now);
    }

    /// An answer came, of a call sent at `sent`.
    pub(super) fn answered(&mut self, sent: Duration, cost: u32, trip: &RoundTrip) {
        self.accepted = self.accepted.saturating_add(cost.into());
        let trip = |rate: u64| {
            let calls = trip.smoothed().as_nanos().saturating_mul(rate.into()) / 1_000_000_000;
            u64::try_from(calls).unwrap_or(u64::MAX)
        };
        let later = trip(self.accepted.saturating_mul(BRISKER)).min(self.accepted / SHARE);
        let most = SMALL.max(trip(BRISK)).max(later);
        let counts = self.anew.is_none_or(|anew| sent >= anew);
        if counts && self.filled && self.window < most {
            self.window = self.window.saturating_add(cost.into()).min(most);
        }
    }

    /// Tokens that were let through so far.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// What the first refusal, of a call sent at `sent`, lets one guess.
    pub(super) fn guess(&self, sent: Duration, trip: &RoundTrip) -> Rate {
        let through = micros(self.accepted.max(1));
        if let Some(hint) = self.hint {
            let hinted = self.filled_by(hint, sent);
            // A bucket that was not quite full, or somebody else's calls, are no reason to doubt it.
            if (hinted / 2..=hinted.saturating_add(hinted / 4 + 2 * TOKEN)).contains(&through) {
                return hint.rate;
            }
        }
        if self.accepted < FULL {
            // Others may have emptied it: it may refill at any rate.
            return Rate::of(TOKEN / 2, trip.smoothed().max(LATE * 2));
        }
        // A burst is worth some seconds of refill, and one of less than a few tokens was hardly a full one.
        Rate::of(through.max(4 * TOKEN), self.span(sent).saturating_add(Duration::from_secs(4)))
    }

    /// How long it went on, and what it let through by then.
    pub(super) fn measured(&self, sent: Duration) -> Measured {
        Measured { time: self.span(sent), accepted: self.accepted, slack: 1, overflowed: false }
    }

    fn span(&self, now: Duration) -> Duration {
        now.saturating_sub(self.first.unwrap_or(now))
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
