//! [`Interval`]: what the limit let through since it last refused a call.

use std::{collections::VecDeque, time::Duration};

use super::rate::{Rate, micros};

/// How many of the newest calls are kept to be told apart at the next refusal.
const RECENT: usize = 4096;

/// What the limit let through since the refusal at `start`.
///
/// At a refusal the server's bucket holds less than the call's cost, so that between two refusals what was
/// let through is what was refilled: the refill rate is known to a token or so, whatever the bursts. Times
/// are those of sending, since services refuse at their front door, long before an accepted call is
/// answered; a call in flight counts as let through until it is refused.
#[derive(Debug)]
pub(super) struct Interval {
    start: Duration,
    /// Tokens let through, sent after `start`.
    accepted: u64,
    /// Tokens of which nobody knows whether they were taken.
    unknown: u64,
    /// The bucket may have been full for a while: what was let through is a lower bound.
    overflowed: bool,
    /// When the newest of them were sent, and their cost; in order.
    recent: VecDeque<(Duration, u32)>,
}

impl Interval {
    pub(super) fn new(start: Duration) -> Self {
        Self { start, accepted: 0, unknown: 0, overflowed: false, recent: VecDeque::new() }
    }

    pub(super) fn start(&self) -> Duration {
        self.start
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    pub(super) fn unknown(&self) -> u64 {
        self.unknown
    }

    pub(super) fn sent(&mut self, now: Duration, cost: u32, round_trip: Duration) {
        self.accepted = self.accepted.saturating_add(cost.into());
        self.recent.push_back((now, cost));
        // A refusal that is yet to come is of a call sent within the last round trips.
        let old = now.saturating_sub(round_trip.saturating_mul(4));
        while self.recent.len() > RECENT || self.recent.front().is_some_and(|&(at, _)| at < old) {
            self.recent.pop_front();
        }
    }

    /// A call turned out not to have been let through.
    pub(super) fn take_back(&mut self, sent: Duration, cost: u32) {
        if sent > self.start {
            self.accepted = self.accepted.saturating_sub(cost.into());
            let from = self.recent.partition_point(|&(at, _)| at < sent);
            let mut same = self.recent.range(from..).take_while(|&&(at, _)| at == sent);
            if let Some(at) = same.position(|&(_, other)| other == cost) {
                self.recent.remove(from + at);
            }
        }
    }

    pub(super) fn lose_sight(&mut self, sent: Duration, cost: u32) {
        if sent > self.start {
            self.unknown = self.unknown.saturating_add(cost.into());
        }
    }

    pub(super) fn overflow(&mut self) {
        self.overflowed = true;
    }

    /// Ends at a refusal of a call sent at `end`: gives what was measured, and begins the next interval
    /// there.
    pub(super) fn close(&mut self, end: Duration, cost: u32) -> Measured {
        let old = self.recent.partition_point(|&(at, _)| at <= end);
        self.recent.drain(..old);
        let after = self.recent.iter().fold(0, |sum: u64, &(_, cost)| sum.saturating_add(cost.into()));
        let measured = Measured {
            time: end.saturating_sub(self.start),
            accepted: self.accepted.saturating_sub(after),
            slack: self.unknown.saturating_add(cost.into()),
            overflowed: self.overflowed,
        };
        *self = Self { recent: std::mem::take(&mut self.recent), accepted: after, ..Self::new(end) };
        measured
    }
}

/// What an interval between two refusals says of the refill rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) time: Duration,
    pub(super) accepted: u64,
    /// By how many tokens `accepted` may be off from what was refilled, either way.
    pub(super) slack: u64,
    pub(super) overflowed: bool,
}

impl Measured {
    pub(super) fn rate(&self) -> Rate {
        Rate::of(micros(self.accepted), self.time)
    }

    /// The highest refill rate that could have led to it, when call times jitter by `jitter`.
    pub(super) fn most(&self, jitter: Duration) -> Rate {
        Rate::of(micros(self.accepted.saturating_add(self.slack)), self.time.saturating_sub(jitter))
    }

    /// The lowest one.
    pub(super) fn least(&self, jitter: Duration) -> Rate {
        Rate::of(micros(self.accepted.saturating_sub(self.slack)), self.time.saturating_add(jitter))
    }

    /// This interval after `earlier`: from empty to empty, too.
    pub(super) fn after(&self, earlier: (Duration, u64)) -> Self {
        let (time, accepted) = earlier;
        Self {
            time: self.time.saturating_add(time),
            accepted: self.accepted.saturating_add(accepted),
            ..*self
        }
    }
}
