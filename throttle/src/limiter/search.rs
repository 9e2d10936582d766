//! [`Search`]: a bucket just known to be empty, whose refill rate is not known.

use std::time::Duration;

use super::{
    LATE, LONGEST_SLEEP,
    facts::Facts,
    interval::Measured,
    rate::{Rate, TOKEN, micros},
};

/// No limit is guessed slower than this: a token in [`LONGEST`].
const SLOWEST: Rate = Rate::micros_per_second(TOKEN / 60);

/// The longest wait for a token.
const LONGEST: Duration = Duration::from_mins(1);

/// An idler caller than this may have let the bucket overflow.
const IDLE: Duration = Duration::from_secs(1);

/// Probes an empty bucket of unknown refill rate with ever faster calls, until one is refused.
///
/// It begins at half the rate that it guesses and grows exponentially, so that a guess that is too low costs
/// little time. From a good guess the refusal comes at less than twice the refill rate, so that few calls in
/// flight are refused with it.
#[derive(Debug)]
pub(super) struct Search {
    guess: Rate,
    /// Calls in which the pace grows by a factor of e.
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
    pub(super) fn new(guess: Rate, growth: u64, empty_at: Duration, now: Duration, facts: &Facts) -> Self {
        let event = Event { start: empty_at, accepted: 0 };
        let mut search =
            Self { guess, growth, pace: guess, empty_at, last: empty_at, next: Duration::ZERO, event };
        search.aim(guess, now, facts);
        search
    }

    fn aim(&mut self, guess: Rate, now: Duration, facts: &Facts) {
        self.guess = guess.max(SLOWEST);
        self.pace = self.guess.scale(3, 4);
        self.next = self.empty_at.saturating_add(self.gap(facts.unit())).max(now);
        self.last = self.next;
    }

    /// How long `cost` tokens take at this pace.
    fn gap(&self, cost: u64) -> Duration {
        let tokens = u32::try_from(cost).unwrap_or(u32::MAX);
        self.pace.time(micros(cost)).min(LONGEST.saturating_mul(tokens)).min(LONGEST_SLEEP)
    }

    /// Whether another call may be in flight: many are when the service hangs, and the pace does not tell.
    pub(super) fn has_room(&self, in_flight: u64, cost: u32, facts: &Facts) -> bool {
        let Some(trip) = facts.trip.long() else { return true };
        let most = (self.pace.gain(trip) / TOKEN).saturating_mul(2).saturating_add(16 * facts.unit());
        in_flight == 0 || in_flight.saturating_add(cost.into()) <= most
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Calls in which its pace grew by a factor of e.
    pub(super) fn growth(&self) -> u64 {
        self.growth
    }

    pub(super) fn guess(&self) -> Rate {
        self.guess
    }

    /// What the bucket holds, in millionths of tokens, if the guess is right.
    pub(super) fn level(&self, taken: u64, since: Duration) -> u64 {
        self.guess.gain(since).saturating_sub(micros(taken))
    }

    /// Sends `cost` at `now`. Says whether the bucket may have been full meanwhile.
    pub(super) fn sent(&mut self, now: Duration, cost: u32, facts: &Facts) -> bool {
        let gap = self.gap(cost.into());
        let idle = now.saturating_sub(self.next) > IDLE.max(gap.saturating_mul(4));
        // A pace of many times the guess proves it wrong, and grows by its own measure.
        let known = self.guess.max(self.pace.scale(1, 4));
        let tokens = self.growth.saturating_mul(facts.unit());
        let growth =
            known.time(micros(tokens)).max(facts.trip.smoothed().saturating_mul(4)).as_nanos().max(1);
        // A pause for want of callers is no reason to go faster.
        let since = now.min(self.next.saturating_add(LATE)).saturating_sub(self.last).as_nanos();
        let part = u64::try_from((since << 16) / growth).unwrap_or(u64::MAX).min(1 << 16);
        self.pace = self.pace.scale((1 << 16) + part, 1 << 16);
        self.last = now;
        self.next = self.next.max(now.saturating_sub(LATE)).saturating_add(self.gap(cost.into()));
        idle
    }

    /// A call goes now, whenever it was due.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now);
    }

    /// A call that was admitted was not sent.
    pub(super) fn refund(&mut self, cost: u32) {
        self.next = self.next.saturating_sub(self.gap(cost.into()));
    }

    /// Another call of those in flight at the refusal was refused too: the bucket was empty then as well.
    pub(super) fn narrow(&mut self, measured: Measured, empty_at: Duration, now: Duration, facts: &Facts) {
        self.empty_at = empty_at;
        self.event.accepted = self.event.accepted.saturating_add(measured.accepted);
        let event = Measured { time: empty_at.saturating_sub(self.event.start), ..measured };
        let event = Measured { accepted: self.event.accepted, ..event };
        let jitter = facts.jitter() + facts.trip.smoothed() / 16;
        if event.time <= jitter.saturating_mul(2) {
            return self.aim(self.guess, now, facts);
        }
        self.aim(self.guess.min(event.most(jitter)), now, facts);
    }
}
