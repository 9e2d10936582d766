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

mod books;
mod contest;
mod decision;
mod facts;
mod hint;
mod interval;
mod learnt;
mod look;
mod opening;
mod rate;
mod rivals;
mod round_trip;
mod search;
mod track;

use std::time::Duration;

use self::{
    contest::{Contest, Standing},
    facts::Facts,
    interval::{Interval, Measured},
    opening::Opening,
    rate::{TOKEN, micros},
    search::Search,
    track::{Reading, Track},
};
pub use self::{
    decision::{Decision, Next, Stamp},
    hint::Hint,
    learnt::Learnt,
    rate::Rate,
};
use crate::admission::Outcome;

/// A timer may fire this much late; the calls that were due meanwhile go at once.
const LATE: Duration = Duration::from_millis(5);

/// A limit is asked for a token again after this at the latest, however slow it seems.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// And for a call of any cost after this.
const LONGEST_SLEEP: Duration = Duration::from_mins(45);

/// A service that asks for a longer pause than this has not meant it.
const LONGEST_ASKED: Duration = Duration::from_hours(24 * 7);

/// Calls in which the pace of a search grows by a factor of e: some 16 are then let through before the
/// refusal, which is how exactly it tells the rate.
const GROWTH: u64 = 12;

/// A search that ended after fewer calls is repeated rather than believed.
const ENOUGH: u64 = 8;

/// So many searches in a row that ended within two round trips are no accident.
const HASTY: u8 = 6;

/// Learns the refill rate of one token bucket from the calls that it refuses, and paces its callers.
///
/// All times are durations since one common start, and never go back.
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
    blocked_until: Duration,
    /// Searches in a row that ended within two round trips.
    hasty: u8,
    /// Whether anything was sent yet.
    begun: bool,
}

#[derive(Debug)]
enum Phase {
    Open(Opening),
    Search(Search),
    Track(Track),
    Contest(Contest),
}

impl Limiter {
    /// A limiter that knows nothing of its limit.
    #[must_use]
    pub fn new() -> Self {
        Self::begin(Phase::Open(Opening::new(None)), Facts::default())
    }

    /// A limiter that was told what is documented of its limit.
    ///
    /// A hint is no ceiling: where the limit is higher, finding out costs a few round trips, once. Where it is
    /// right, the first refusals are few.
    #[must_use]
    pub fn hinted(hint: Hint) -> Self {
        Self::begin(Phase::Open(Opening::new(Some(hint))), Facts::default())
    }

    /// A limiter that begins with what another one [learnt](Self::learnt), though the bucket may be empty or
    /// full, and the limit another one by now.
    #[must_use]
    pub fn resumed(learnt: Learnt) -> Self {
        let facts = Facts::resumed(&learnt);
        Self::begin(Phase::Track(Track::resumed(learnt.rate(), &facts)), facts)
    }

    /// Says that calls draw from several limits, and that a refusal may be blamed on the wrong one: from now on
    /// odd refusals are not taken for the work of other processes.
    pub fn doubt_blame(&mut self) {
        self.facts.rivals.doubt();
    }

    fn begin(phase: Phase, facts: Facts) -> Self {
        Self {
            phase,
            epoch: 0,
            in_flight: 0,
            facts,
            interval: Interval::new(Duration::ZERO),
            opened: None,
            blocked_until: Duration::ZERO,
            hasty: 0,
            begun: false,
        }
    }

    /// Decides on a call that costs `cost` tokens.
    pub fn admit(&mut self, now: Duration, cost: u32) -> Decision {
        if let Phase::Open(opening) = &mut self.phase {
            opening.asked(now, self.in_flight, cost);
        }
        if !self.has_room(now, cost) {
            return Decision::WaitForFinish;
        }
        let next = self.next_at();
        if now < next {
            return Decision::WaitUntil(next);
        }
        Decision::Send(self.send(now, cost))
    }

    /// Sends a call that costs `cost` tokens, whatever there is against it: for those who only observe.
    ///
    /// It is learnt from as from any other.
    pub fn send_anyway(&mut self, now: Duration, cost: u32) -> Stamp {
        if let Phase::Open(opening) = &mut self.phase {
            opening.asked(now, self.in_flight, cost);
        }
        self.hurry(now);
        self.send(now, cost)
    }

    /// The next call is due at `now` at the latest.
    fn hurry(&mut self, now: Duration) {
        match &mut self.phase {
            Phase::Open(opening) => opening.hurry(now),
            Phase::Search(search) => search.hurry(now),
            Phase::Track(track) => track.hurry(now),
            Phase::Contest(contest) => contest.hurry(now),
        }
    }

    fn send(&mut self, now: Duration, cost: u32) -> Stamp {
        if !self.begun {
            self.begun = true;
            self.interval = Interval::new(now.saturating_sub(Duration::from_nanos(1)));
        }
        self.charge(now, cost);
        self.interval.sent(now, cost, self.facts.trip.smoothed());
        self.in_flight = self.in_flight.saturating_add(cost.into());
        Stamp { sent: now, epoch: self.epoch, cost, parked: false }
    }

    fn charge(&mut self, now: Duration, cost: u32) {
        let full = match &mut self.phase {
            Phase::Open(opening) => {
                opening.sent(now, self.in_flight, cost, &self.facts.trip);
                false
            }
            Phase::Search(search) => search.sent(now, cost, &self.facts),
            Phase::Track(track) => track.sent(now, cost, &self.interval, &self.facts),
            Phase::Contest(contest) => contest.sent(now, cost, &self.facts),
        };
        // What departs within a pause is charged on top of it.
        self.hurry(now.saturating_add(LONGEST_SLEEP));
        if full {
            self.interval.overflow();
        }
    }

    /// Says that an admitted call leaves only now, because it had to wait for something else.
    pub fn departed(&mut self, now: Duration, stamp: &mut Stamp) {
        self.interval.take_back(stamp.sent, stamp.cost);
        if stamp.epoch != self.epoch {
            // What it was charged was forgotten at the refusal since.
            self.charge(now, stamp.cost);
        }
        self.interval.sent(now, stamp.cost, self.facts.trip.smoothed());
        (stamp.sent, stamp.epoch) = (now, self.epoch);
    }

    /// Says that the answer to a call will be held back: its time says nothing, and nobody waits for it.
    pub fn park(&mut self, stamp: &mut Stamp) {
        if !stamp.parked {
            self.in_flight = self.in_flight.saturating_sub(stamp.cost.into());
        }
        stamp.parked = true;
    }

    /// Goes on at about `rate`, the share of the limit that whoever coordinates several processes gives to
    /// this one.
    ///
    /// What is measured from then on are shares as well: the limit seems to be that high.
    pub fn share(&mut self, now: Duration, rate: Rate) {
        if let Phase::Track(track) = &self.phase
            && track.rate().is_within(rate, 50)
        {
            return;
        }
        // Calls in flight were sent at another pace: their refusals say nothing of this one.
        self.epoch = self.epoch.wrapping_add(1);
        self.interval = Interval::new(now);
        self.begun = true;
        let next = self.next_at().min(now.saturating_add(LONGEST_WAIT));
        let mut track = Track::shared(rate, now, &self.facts);
        if matches!(self.phase, Phase::Track(_)) {
            // A pause that goes on is not cut short by more than the new rate explains.
            track.delay(next.min(now.saturating_add(rate.time(2 * TOKEN))));
        }
        self.phase = Phase::Track(track);
    }

    /// Sends nothing for so long, seven days at most, because the service asked for it.
    pub fn pause(&mut self, now: Duration, pause: Duration) {
        self.blocked_until = self.blocked_until.max(now.saturating_add(pause.min(LONGEST_ASKED)));
    }

    /// Learns how a call ended.
    pub fn finish(&mut self, now: Duration, stamp: Stamp, outcome: Outcome) {
        if !stamp.parked {
            self.in_flight = self.in_flight.saturating_sub(stamp.cost.into());
        }
        match outcome {
            Outcome::Accepted => self.accepted(now, stamp),
            Outcome::Throttled { retry_after } => {
                self.interval.take_back(stamp.sent, stamp.cost);
                self.refused(now, stamp);
                self.pause(now, retry_after.unwrap_or_default());
            }
            Outcome::Unknown => self.interval.lose_sight(stamp.sent, stamp.cost),
            Outcome::Unsent => {
                self.interval.take_back(stamp.sent, stamp.cost);
                // What was admitted before a refusal must not cut the pause after it short.
                if stamp.epoch == self.epoch {
                    match &mut self.phase {
                        Phase::Open(_) => {}
                        Phase::Search(search) => search.refund(stamp.cost),
                        Phase::Track(track) => track.refund(stamp.cost, &self.facts),
                        Phase::Contest(contest) => contest.refund(stamp.cost),
                    }
                }
            }
        }
    }

    fn accepted(&mut self, now: Duration, stamp: Stamp) {
        self.facts.accepted(stamp.cost);
        if !stamp.parked {
            self.facts.trip.observe(now.saturating_sub(stamp.sent));
        }
        if let Phase::Open(opening) = &mut self.phase {
            opening.answered(stamp.sent, stamp.cost, &self.facts.trip);
        } else if let (0, Some(opened)) = (stamp.epoch, &mut self.opened) {
            // It was in flight at the first refusal, and drew from the same bucket.
            opened.accepted = opened.accepted.saturating_add(stamp.cost.into());
        }
    }

    fn refused(&mut self, now: Duration, stamp: Stamp) {
        if stamp.epoch != self.epoch {
            return self.refused_again(now, stamp);
        }
        if !matches!(self.phase, Phase::Open(_)) && self.facts.is_too_dear(stamp.cost) {
            // The bucket may be as full as ever; the next such call comes when this one is paid for.
            return;
        }
        self.epoch = self.epoch.wrapping_add(1);
        let measured = self.interval.close(stamp.sent, stamp.cost);
        let Some((guess, growth)) = self.read(measured, now, stamp) else {
            return self.facts.forget();
        };
        self.phase = Phase::Search(Search::new(guess, growth, stamp.sent, now, &self.facts));
    }

    /// What the first refusal of an event says: where to search and how, or nothing that the phase does not
    /// make use of itself.
    fn read(&mut self, measured: Measured, now: Duration, stamp: Stamp) -> Option<(Rate, u64)> {
        let enough = measured.accepted >= ENOUGH * self.facts.unit() && !measured.overflowed;
        // Calls in flight count as let through; within two round trips most of them are.
        let hasty = measured.time < self.facts.trip.smoothed().saturating_mul(2);
        let overflowed = matches!(&self.phase, Phase::Search(search) if self.overflowed(search, measured));
        let share = self.share_of(measured, hasty);
        match &mut self.phase {
            Phase::Open(opening) => {
                self.opened = Some(opening.measured(stamp.sent));
                // A small bucket overflows soon: it must not be probed slowly at first.
                Some((
                    opening.guess(stamp.sent, &self.facts.trip),
                    opening.accepted().clamp(search::LEAST_GROWTH, GROWTH),
                ))
            }
            Phase::Search(search) if enough && !hasty && overflowed => {
                Some((measured.rate().mean(search.pace()), GROWTH))
            }
            Phase::Search(_) if enough && !hasty => {
                self.learn(measured.rate());
                self.phase = Phase::Track(Track::new(measured, now, &self.facts));
                None
            }
            Phase::Search(search) if measured.accepted == 0 => {
                if let Some(former) = search.outage(stamp.sent) {
                    self.facts.former.get_or_insert(former);
                }
                search.still_empty(measured, stamp.sent, now, &self.facts);
                None
            }
            Phase::Search(search) if search.rebound(&self.facts).is_some() => {
                Some((search.pace().scale(1, 2), GROWTH))
            }
            Phase::Search(search) => {
                let guess = match (measured.overflowed, hasty) {
                    (true, _) => search.guess(),
                    (false, true) => search.guess().min(measured.rate()),
                    (false, false) => measured.rate(),
                };
                if let Some(share) = share {
                    self.phase = Phase::Contest(Contest::new(share, now, &self.facts));
                    return None;
                }
                // The next guess is a better one, and the answer must be exact.
                Some((guess, (search.growth() * 2).min(GROWTH)))
            }
            Phase::Track(track) => match track.refused(measured, now, &mut self.facts) {
                Reading::Confirmed => None,
                Reading::Changed(guess) => {
                    self.facts.former = (measured.accepted == 0).then_some(track.rate());
                    Some((guess, GROWTH))
                }
                Reading::Contested(rate) => {
                    self.phase = Phase::Contest(Contest::new(rate, now, &self.facts));
                    None
                }
            },
            Phase::Contest(contest) => match contest.refused(measured, now, &self.facts) {
                Standing::Contested => None,
                Standing::Alone(measured) => {
                    self.learn(measured.rate());
                    self.phase = Phase::Track(Track::new(measured, now, &self.facts));
                    None
                }
                Standing::Dry => {
                    self.facts.former = Some(contest.rate());
                    Some((contest.rate().scale(1, 2), GROWTH))
                }
            },
        }
    }

    /// Where a search that ended too early leads to a contest: the rate to begin with.
    fn share_of(&mut self, measured: Measured, hasty: bool) -> Option<Rate> {
        let Phase::Search(search) = &self.phase else { return None };
        let rate = search.guess().min(search.pace());
        let few = measured.accepted > 0 && measured.accepted < ENOUGH * self.facts.unit();
        self.hasty = if hasty { self.hasty.saturating_add(1) } else { 0 };
        let few = if hasty { self.hasty > HASTY } else { few };
        let tight = self.burst_at(rate).is_some_and(|burst| burst < micros(2 * self.facts.unit()));
        (few && !tight && search.rebound(&self.facts).is_none() && self.facts.rivals.strike()).then_some(rate)
    }

    /// A call was refused that was in flight when the bucket ran empty: no news, but for when it was empty
    /// last.
    fn refused_again(&mut self, now: Duration, stamp: Stamp) {
        if let Phase::Contest(contest) = &mut self.phase
            && stamp.sent > self.interval.start()
        {
            contest.refused_again();
            self.interval.close(stamp.sent, stamp.cost);
        }
        if let Phase::Search(search) = &mut self.phase
            && stamp.sent > self.interval.start()
        {
            let measured = self.interval.close(stamp.sent, stamp.cost);
            search.narrow(measured, stamp.sent, now, &self.facts);
        }
    }

    /// A search ended at `rate`.
    fn learn(&mut self, rate: Rate) {
        self.facts.burst = self.burst_at(rate);
        self.opened = None;
        self.facts.former = None;
        self.facts.rivals.forget();
    }

    /// What the bucket holds, if it refills at `rate`.
    fn burst_at(&self, rate: Rate) -> Option<u64> {
        let (None, Some(opened)) = (self.facts.burst, self.opened) else { return self.facts.burst };
        // What was let through before the first refusal is a full bucket and its refill meanwhile.
        let unit = self.facts.unit();
        let through = micros(opened.accepted).saturating_add(micros(unit) / 2);
        let burst = through.saturating_sub(rate.gain(opened.time));
        // A small difference of two large numbers says nothing.
        let told = burst >= micros(2 * unit) || burst > 0 && (unit..=2 * unit).contains(&opened.accepted);
        told.then_some(burst.max(TOKEN))
    }

    /// Whether the bucket may have been full while a search was slow, so that it let less through than it
    /// refilled.
    fn overflowed(&self, search: &Search, measured: Measured) -> bool {
        let rate = measured.rate();
        if measured.time < facts::TICK.saturating_mul(2)
            || rate.mean(search.pace()).is_within(search.guess(), 3)
        {
            return false;
        }
        match self.burst_at(rate) {
            Some(burst) if burst >= micros(2 * self.facts.unit()) => search.peak(rate) > burst / 2,
            Some(_) => search.pace() > rate.scale(3, 1),
            None => search.pace() > rate.scale(5, 1),
        }
    }

    fn has_room(&self, now: Duration, cost: u32) -> bool {
        match &self.phase {
            Phase::Open(opening) => opening.has_room(now, self.in_flight, cost),
            Phase::Search(search) => search.has_room(self.in_flight, cost, &self.facts),
            Phase::Track(_) | Phase::Contest(_) => true,
        }
    }

    fn next_at(&self) -> Duration {
        self.blocked_until.max(match &self.phase {
            Phase::Open(opening) => opening.next(),
            Phase::Search(search) => search.next(),
            Phase::Track(track) => track.next(),
            Phase::Contest(contest) => contest.next(),
        })
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}
