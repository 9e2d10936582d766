//! [`Search`]: a bucket just known to be empty, whose refill rate is not known.

use std::time::Duration;

use super::{
    LATE, LONGEST_SLEEP,
    facts::{Facts, TICK},
    interval::Measured,
    rate::{Rate, TOKEN, micros},
};

/// No limit is guessed slower than this: a token in [`LONGEST`].
const SLOWEST: Rate = Rate::micros_per_second(TOKEN / 60);

/// The longest wait for a token.
const LONGEST: Duration = Duration::from_mins(1);

/// Calls in which the pace grows by a factor of e, at least.
pub(super) const LEAST_GROWTH: u64 = 3;

/// An idler caller than this may have let the bucket overflow.
const IDLE: Duration = Duration::from_secs(1);

/// A bucket that gives nothing for longer than this is no slow one, but out of order.
const OUTAGE: Duration = Duration::from_secs(20);

/// Probes an empty bucket of unknown refill rate with ever faster calls, until one is refused.
///
/// It begins at half the rate that it guesses and grows exponentially, so that a guess that is too low costs
/// little time. From a good guess the refusal comes at less than twice the refill rate, so that few calls in
/// flight are refused with it.
#[derive(Debug)]
pub(super) struct Search {
    guess: Rate,
    /// The guess that it began with.
    first: Rate,
    /// Calls in which the pace grows by a factor of e.
    growth: u64,
    pace: Rate,
    empty_at: Duration,
    last: Duration,
    next: Duration,
    /// The refusals that began it, of calls that were in flight together, are themselves a measurement.
    event: Event,
    /// Since when every probe was refused.
    dry_since: Duration,
    /// The time since `empty_at` and the tokens sent meanwhile, at each doubling of the pace.
    marks: Vec<(Rate, Duration, u64)>,
    /// Tokens sent since it was aimed.
    taken: u64,
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
        let mut search = Self {
            guess,
            first: guess,
            growth,
            pace: guess,
            empty_at,
            last: empty_at,
            next: Duration::ZERO,
            event,
            dry_since: empty_at,
            marks: Vec::new(),
            taken: 0,
        };
        search.aim(guess, now, facts);
        search
    }

    fn aim(&mut self, guess: Rate, now: Duration, facts: &Facts) {
        self.guess = guess.max(SLOWEST);
        self.pace = self.guess.scale(3, 4);
        self.next = self.empty_at.saturating_add(self.gap(facts.unit())).max(now);
        self.last = self.next;
        self.marks.clear();
        self.taken = 0;
    }

    /// A probe was refused, and nothing let through before it: the guess may be right all the same, where
    /// tokens come once a second.
    pub(super) fn still_empty(
        &mut self,
        measured: Measured,
        empty_at: Duration,
        now: Duration,
        facts: &Facts,
    ) {
        let wait = empty_at.saturating_sub(self.empty_at).saturating_mul(2);
        let dry = Measured { time: empty_at.saturating_sub(self.dry_since), ..measured };
        let guess = self.guess.min(dry.most(TICK)).max(SLOWEST);
        // It may be a pause rather than a slow limit: what follows must not take long.
        self.growth = (self.growth * 3 / 4).max(LEAST_GROWTH);
        self.empty_at = empty_at;
        self.event = Event { start: empty_at, accepted: 0 };
        self.aim(guess, now, facts);
        let wait = wait.min(TICK / 2).max(self.gap(facts.unit()));
        self.next = self.next.max(empty_at.saturating_add(wait));
        self.last = self.next;
    }

    /// The most that the bucket held meanwhile, in millionths of tokens, if it refills at `rate`.
    pub(super) fn peak(&self, rate: Rate) -> u64 {
        let level =
            |&(_, since, taken): &(Rate, Duration, u64)| rate.gain(since).saturating_sub(micros(taken));
        self.marks.iter().map(level).max().unwrap_or(0)
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

    /// How fast it has become.
    pub(super) fn pace(&self) -> Rate {
        self.pace
    }

    pub(super) fn guess(&self) -> Rate {
        self.guess
    }

    /// The rate that was guessed at first, if nothing was let through for long until `now`.
    pub(super) fn outage(&self, now: Duration) -> Option<Rate> {
        (now.saturating_sub(self.dry_since) > OUTAGE).then_some(self.first)
    }

    /// How fast it may double with each call, once all were refused for a while: the limit is probably what it
    /// was before.
    pub(super) fn rebound(&self, facts: &Facts) -> Option<Rate> {
        facts.former.map(|former| former.scale(1, 2)).filter(|most| self.pace < *most)
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
        self.mark(now);
        self.taken = self.taken.saturating_add(cost.into());
        // A pause for want of callers is no reason to go faster.
        let since = now.min(self.next.saturating_add(LATE)).saturating_sub(self.last).as_nanos();
        let part = u64::try_from(since.saturating_mul(1 << 16) / growth).unwrap_or(u64::MAX).min(1 << 16);
        self.pace = match self.rebound(facts) {
            Some(most) => self.pace.scale(2, 1).min(most),
            None => self.pace.scale((1 << 16) + part, 1 << 16),
        };
        self.last = now;
        self.next = self.next.max(now.saturating_sub(LATE)).saturating_add(self.gap(cost.into()));
        idle
    }

    fn mark(&mut self, now: Duration) {
        let marked = self.marks.last().map(|&(pace, ..)| pace.scale(5, 4));
        if marked.is_none_or(|least| self.pace >= least) {
            self.marks.push((self.pace, now.saturating_sub(self.empty_at), self.taken));
        }
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
        let jitter = facts.jitter().saturating_add(facts.trip.smoothed() / 16);
        if event.time <= jitter.saturating_mul(2) {
            return self.aim(self.guess, now, facts);
        }
        self.aim(self.guess.min(event.most(jitter)), now, facts);
    }
}
