//! [`Search`]: a bucket just known to be empty, whose refill rate is not known.

use std::time::Duration;

use super::{
    LATE,
    facts::Facts,
    interval::Measured,
    rate::{Rate, TOKEN, micros},
};

/// No limit is guessed slower than this: a token in [`LONGEST`].
const SLOWEST: Rate = Rate::micros_per_second(TOKEN / 60);

/// The longest wait before a single probe.
const LONGEST: Duration = Duration::from_mins(1);

/// Probes an empty bucket of unknown refill rate with ever faster calls, until one is refused.
///
/// It begins at half the rate that it guesses and grows exponentially, so that a guess that is too low costs
/// little time. From a good guess the refusal comes at less than twice the refill rate, so that few calls in
/// flight are refused with it.
#[derive(Debug)]
pub(super) struct Search {
    guess: Rate,
    /// Tokens in which the pace grows by a factor of e.
    growth: u64,
    pace: Rate,
    empty_at: Duration,
    last: Duration,
    next: Duration,
    /// The refusals that began it, of calls that were in flight together, are themselves a measurement.
    event: Event,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    start: Duration,
    accepted: u64,
}

impl Search {
    /// Begins at `now` with a bucket that was empty at `empty_at`.
    pub(super) fn new(guess: Rate, growth: u64, empty_at: Duration, now: Duration) -> Self {
        let event = Event { start: empty_at, accepted: 0 };
        let mut search =
            Self { guess, growth, pace: guess, empty_at, last: empty_at, next: Duration::ZERO, event };
        search.aim(guess, now);
        search
    }

    fn aim(&mut self, guess: Rate, now: Duration) {
        self.guess = guess.max(SLOWEST);
        self.pace = self.guess.scale(3, 4);
        self.next = (self.empty_at + self.pace.time(TOKEN).min(LONGEST)).max(now);
        self.last = self.next;
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Tokens in which its pace grew by a factor of e.
    pub(super) fn growth(&self) -> u64 {
        self.growth
    }

    pub(super) fn guess(&self) -> Rate {
        self.guess
    }

    pub(super) fn sent(&mut self, now: Duration, cost: u32, facts: &Facts) {
        // A pace of many times the guess proves it wrong, and grows by its own measure.
        let known = self.guess.max(self.pace.scale(1, 4));
        let growth = known.time(micros(self.growth)).max(facts.trip.smoothed() * 4).as_nanos().max(1);
        // A pause for want of callers is no reason to go faster.
        let since = now.min(self.next + LATE).saturating_sub(self.last).as_nanos();
        let part = u64::try_from((since << 16) / growth).unwrap_or(u64::MAX).min(1 << 16);
        self.pace = self.pace.scale((1 << 16) + part, 1 << 16);
        self.last = now;
        self.next =
            self.next.max(now.saturating_sub(LATE)) + self.pace.time(micros(u64::from(cost))).min(LONGEST);
    }

    /// A call that was admitted was not sent.
    pub(super) fn refund(&mut self, cost: u32) {
        let gap = self.pace.time(micros(u64::from(cost))).min(LONGEST);
        self.next = self.next.saturating_sub(gap);
    }

    /// Another call of those in flight at the refusal was refused too: the bucket was empty then as well.
    pub(super) fn narrow(&mut self, measured: Measured, empty_at: Duration, now: Duration, facts: &Facts) {
        self.empty_at = empty_at;
        self.event.accepted += measured.accepted;
        let event = Measured { time: empty_at.saturating_sub(self.event.start), ..measured };
        let event = Measured { accepted: self.event.accepted, ..event };
        let jitter = facts.jitter() + facts.trip.smoothed() / 16;
        if event.time <= jitter * 2 {
            return self.aim(self.guess, now);
        }
        self.aim(self.guess.min(event.most(jitter)), now);
    }
}
