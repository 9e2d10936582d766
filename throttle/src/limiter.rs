//! The limiter of one limit: pure, fed the time and how calls ended.
//!
//! It knows nothing of the limit at first, and learns what it needs from the refusals that it meets.
//! [`Adaptive`](crate::Adaptive) is what waits for it; a simulator can drive it as well:
//!
//! ```
//! use std::time::Duration;
//! use tidegate_throttle::{Outcome, limiter::{Decision, Limiter}};
//!
//! let mut limiter = Limiter::new();
//! let now = Duration::from_secs(1);
//! let Decision::Send(stamp) = limiter.admit(now, 1) else { panic!("nothing is known against it") };
//! let later = now + Duration::from_millis(20);
//! limiter.finish(later, stamp, Outcome::Throttled { retry_after: None });
//! assert!(matches!(limiter.admit(later, 1), Decision::WaitUntil(_)));
//! ```

mod facts;
mod hint;
mod interval;
mod opening;
mod rate;
mod round_trip;
mod search;
mod track;

use std::time::Duration;

use self::{
    facts::Facts,
    interval::{Interval, Measured},
    opening::Opening,
    rate::{TOKEN, micros},
    search::Search,
    track::{Track, Verdict},
};
pub use self::{hint::Hint, rate::Rate};
use crate::admission::Outcome;

/// A timer may fire this much late; the calls that were due meanwhile go at once.
const LATE: Duration = Duration::from_millis(5);

/// A limit is asked again after this at the latest, however slow it seems.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// A service that asks for a longer pause than this has not meant it.
const LONGEST_PAUSE: Duration = Duration::from_hours(24 * 7);

/// Tokens in which the pace of a search grows by a factor of e: some 16 are then let through before the
/// refusal, which is how exactly it tells the rate.
const GROWTH: u64 = 12;

/// A search that ended this early is repeated rather than believed.
const ENOUGH: u64 = 8;

/// Learns the refill rate of one token bucket from the calls that it refuses, and paces its callers.
///
/// All times are durations since one common start.
#[derive(Debug)]
pub struct Limiter {
    phase: Phase,
    /// Counts the times that the bucket ran empty: calls that were in flight together when it did, all
    /// speak of one event.
    epoch: u32,
    in_flight: u64,
    facts: Facts,
    interval: Interval,
    /// What the first opening let through.
    opened: Option<Measured>,
    /// The rate before it seemed to change.
    before: Option<Rate>,
    blocked_until: Duration,
}

#[derive(Debug)]
enum Phase {
    Open(Opening),
    Search(Search),
    Track(Track),
}

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it now, and [`finish`](Limiter::finish) the stamp.
    Send(Stamp),
    /// Ask again then, which is later than now.
    WaitUntil(Duration),
    /// Ask again when a call has finished: there is at least one in flight.
    WaitForFinish,
}

/// A call that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    sent: Duration,
    epoch: u32,
    cost: u32,
    parked: bool,
}

impl Limiter {
    /// A limiter that knows nothing of its limit.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Phase::Open(Opening::new()),
            epoch: 0,
            in_flight: 0,
            facts: Facts::default(),
            interval: Interval::new(Duration::ZERO),
            opened: None,
            before: None,
            blocked_until: Duration::ZERO,
        }
    }

    /// Decides on a call that costs `cost` tokens.
    pub fn admit(&mut self, now: Duration, cost: u32) -> Decision {
        if let Phase::Open(opening) = &mut self.phase
            && !opening.has_room(self.in_flight, cost)
        {
            return Decision::WaitForFinish;
        }
        let next = self.blocked_until.max(match &self.phase {
            Phase::Open(opening) => opening.next(),
            Phase::Search(search) => search.next(),
            Phase::Track(track) => track.next(),
        });
        if now < next {
            return Decision::WaitUntil(next);
        }
        match &mut self.phase {
            Phase::Open(opening) => opening.sent(now, cost, &self.facts.trip),
            Phase::Search(search) => search.sent(now, cost, &self.facts),
            Phase::Track(track) => {
                let since = now.saturating_sub(self.interval.start());
                if track.sent(now, cost, self.interval.accepted(), since, &self.facts) {
                    self.interval.overflow();
                }
            }
        }
        self.interval.sent(now, cost, self.facts.trip.smoothed());
        self.in_flight += u64::from(cost);
        Decision::Send(Stamp { sent: now, epoch: self.epoch, cost, parked: false })
    }

    /// Says that the answer to a call will be held back: its time says nothing, and nobody waits for it.
    pub fn park(&mut self, stamp: &mut Stamp) {
        if !stamp.parked {
            self.in_flight = self.in_flight.saturating_sub(u64::from(stamp.cost));
        }
        stamp.parked = true;
    }

    /// Learns how a call ended.
    pub fn finish(&mut self, now: Duration, stamp: Stamp, outcome: Outcome) {
        if !stamp.parked {
            self.in_flight = self.in_flight.saturating_sub(u64::from(stamp.cost));
        }
        match outcome {
            Outcome::Accepted => {
                if !stamp.parked {
                    self.facts.trip.observe(now.saturating_sub(stamp.sent));
                }
                if let Phase::Open(opening) = &mut self.phase {
                    opening.answered(stamp.cost, &self.facts.trip);
                } else if let (0, Some(opened)) = (stamp.epoch, &mut self.opened) {
                    // It was in flight at the first refusal, and drew from the same bucket.
                    opened.accepted += u64::from(stamp.cost);
                }
            }
            Outcome::Throttled { retry_after } => {
                self.interval.take_back(stamp.sent, stamp.cost);
                self.refused(now, stamp);
                let pause = retry_after.unwrap_or_default().min(LONGEST_PAUSE);
                self.blocked_until = self.blocked_until.max(now.saturating_add(pause));
            }
            Outcome::Unknown => self.interval.lose_sight(stamp.cost),
            Outcome::Unsent => {
                self.interval.take_back(stamp.sent, stamp.cost);
                // What was admitted before a refusal must not cut the pause after it short.
                if stamp.epoch == self.epoch {
                    match &mut self.phase {
                        Phase::Open(_) => {}
                        Phase::Search(search) => search.refund(stamp.cost),
                        Phase::Track(track) => track.refund(stamp.cost, &self.facts),
                    }
                }
            }
        }
    }

    /// The refill rate as far as it is known, tokens per second.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        match &self.phase {
            Phase::Open(_) => None,
            Phase::Search(search) => Some(search.guess()),
            Phase::Track(track) => Some(track.rate()),
        }
    }

    fn refused(&mut self, now: Duration, stamp: Stamp) {
        if stamp.epoch != self.epoch {
            return self.refused_again(now, stamp);
        }
        self.epoch = self.epoch.wrapping_add(1);
        let measured = self.interval.close(stamp.sent, stamp.cost);
        // Calls in flight count as let through; within two round trips most of them are.
        let hasty = measured.time < self.facts.trip.smoothed() * 2;
        let guess = match &mut self.phase {
            Phase::Open(opening) => {
                self.opened = Some(opening.measured(stamp.sent));
                opening.guess(stamp.sent)
            }
            Phase::Search(_) if measured.accepted >= ENOUGH && !hasty => {
                self.learn(measured.rate());
                self.phase = Phase::Track(Track::new(measured, now, &self.facts));
                return;
            }
            Phase::Search(search) if measured.accepted == 0 => {
                search.guess().min(measured.most(Duration::ZERO)).scale(1, 2)
            }
            Phase::Search(search) if hasty => search.guess().min(measured.rate()),
            Phase::Search(_) => measured.rate(),
            Phase::Track(track) => match track.refused(measured, now, &self.facts) {
                Verdict::Confirmed => return,
                Verdict::Changed(guess) => {
                    self.before = Some(track.rate());
                    guess
                }
            },
        };
        let growth = match &self.phase {
            // A small bucket overflows soon: it must not be probed slowly at first.
            Phase::Open(opening) => opening.accepted().clamp(4, GROWTH),
            // The next guess is a better one, and the answer must be exact.
            Phase::Search(search) if measured.accepted > 0 => (search.growth() * 2).min(GROWTH),
            Phase::Search(search) => search.growth(),
            Phase::Track(_) => GROWTH,
        };
        self.phase = Phase::Search(Search::new(guess, growth, stamp.sent, now));
    }

    /// A call was refused that was in flight when the bucket ran empty: no news, but for when it was empty
    /// last.
    fn refused_again(&mut self, now: Duration, stamp: Stamp) {
        if let Phase::Search(search) = &mut self.phase
            && stamp.sent > self.interval.start()
        {
            let measured = self.interval.close(stamp.sent, stamp.cost);
            search.narrow(measured, stamp.sent, now, &self.facts);
        }
    }

    /// A search ended at `rate`.
    fn learn(&mut self, rate: Rate) {
        if let (None, Some(opened)) = (self.facts.burst, self.opened.take()) {
            // What was let through before the first refusal is a full bucket and its refill meanwhile.
            let through = micros(opened.accepted).saturating_add(TOKEN / 2);
            let burst = through.saturating_sub(rate.gain(opened.time));
            // A small difference of two large numbers says nothing.
            let told = burst >= 2 * TOKEN || burst > 0 && (1..=2).contains(&opened.accepted);
            self.facts.burst = told.then_some(burst.max(TOKEN));
        }
        if self.before.take().is_some_and(|before| rate.is_near(before)) {
            self.facts.refills_in_lumps(rate);
        }
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}
