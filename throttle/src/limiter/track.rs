//! [`Track`]: a limit whose refill rate is known.

use std::time::Duration;

use super::{
    LONGEST_SLEEP, LONGEST_WAIT,
    facts::Facts,
    interval::{Interval, Measured},
    rate::{Rate, TOKEN, micros},
};

/// Calls between two refusals, at least: 1 in this many is the price of knowing the limit.
const CYCLE: u64 = 150;

/// A limit that is checked every so many seconds is as fresh as one can use.
const CYCLE_TIME: Duration = Duration::from_secs(5);

/// And at most this many calls.
const LONGEST_CYCLE: u64 = 4_000;

/// What was learnt in another life, or told by somebody else, is worth so many calls.
const HEARSAY: u64 = 16;

/// Late timers may be made up for by this much.
const CATCH_UP: Duration = Duration::from_millis(20);

/// How far below its rate a limit without a reserve is paced after a refusal, in millionths.
const CREEP: u64 = 30_000;

/// The pace of an overdue refusal stays below this many thousandths of the known rate.
const MOST_HASTE: u64 = 1_000_000_000_000;

/// Where more tokens than these are in flight, refusals scatter.
const MOST_IN_FLIGHT: u64 = 30 * TOKEN;

/// Intervals that only ticks explain are looked at together for this long.
const DOUBT: Duration = Duration::from_secs(8);

/// Paces a limit of known refill rate a little faster than it, so that a refusal comes about once a cycle.
///
/// A token bucket gives all of its refill as long as it is neither empty nor full. After a refusal it is
/// left alone until it holds a small reserve, which the pace then uses up, first slowly, then faster: the
/// next refusal says exactly how much was refilled. One that does not come in time means that the limit
/// has risen, and the pace doubles until it does.
#[derive(Debug)]
pub(super) struct Track {
    rate: Rate,
    /// How many calls, or lumps, the rate was measured over: its error is one in this many.
    evidence: u64,
    reserve: u64,
    /// The reserve times this, in percent, where the limit refuses earlier than its rate explains.
    stretch: u64,
    cycle: u64,
    /// Millionths of tokens sent since the pause.
    sent: u64,
    /// How much faster than planned, in thousandths, once the refusal is overdue.
    haste: u64,
    /// What was refilled since the refusal while the bucket was full, in millionths of tokens.
    spilled: u64,
    next: Duration,
    /// How many refusals in a row came later than planned.
    late: u8,
    /// Nobody knows how full the bucket was when the interval began.
    unsure: bool,
    /// The time and the tokens of the newest intervals, as long as only ticks explain them.
    doubt: Option<(Duration, u64)>,
}

/// What a refusal made of what was known.
#[derive(Debug)]
pub(super) enum Reading {
    /// It was about time: the rate is known a little better.
    Confirmed,
    /// The limit is another one now; this is a first guess at it.
    Changed(Rate),
    /// Others draw from it; this was the share.
    Contested(Rate),
}

/// What an interval says of the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    Same,
    Fell,
    Rose,
}

impl Track {
    pub(super) fn new(measured: Measured, now: Duration, facts: &Facts) -> Self {
        let mut track = Self::blank(measured.rate());
        track.evidence = (measured.accepted / track.grain(facts)).max(1);
        track.pause(now, facts);
        track
    }

    /// Begins with what was learnt in another life, of a bucket that may be empty or full: quickly, so that
    /// what it holds is not lost.
    pub(super) fn resumed(rate: Rate, facts: &Facts) -> Self {
        let track = Self::shared(rate, Duration::ZERO, facts);
        Self { haste: 2_000, ..track }
    }

    /// Begins, or goes on, with a rate that somebody else says is the right one.
    pub(super) fn shared(rate: Rate, now: Duration, facts: &Facts) -> Self {
        let mut track = Self { evidence: HEARSAY, ..Self::blank(rate) };
        track.pause(now, facts);
        Self { unsure: true, next: now, ..track }
    }

    fn blank(rate: Rate) -> Self {
        Self {
            rate,
            evidence: 1,
            reserve: 0,
            stretch: 100,
            cycle: 0,
            sent: 0,
            haste: 1_000,
            spilled: 0,
            next: Duration::ZERO,
            late: 0,
            unsure: false,
            doubt: None,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// What the bucket holds, in millionths of tokens.
    pub(super) fn level(&self, taken: u64, since: Duration) -> Option<u64> {
        let level = self.rate.gain(since).saturating_sub(self.spilled).saturating_sub(micros(taken));
        (!self.unsure).then_some(level)
    }

    /// Tokens that come or go at once: no rate can be told more exactly.
    fn grain(&self, facts: &Facts) -> u64 {
        facts.unit() + facts.lump(self.rate) / TOKEN
    }

    /// Leaves the bucket alone until it holds the reserve.
    fn pause(&mut self, now: Duration, facts: &Facts) {
        let (unit, lump) = (facts.unit(), facts.lump(self.rate));
        let reserve = self.rate.gain(facts.jitter().saturating_mul(3)).max(lump).max(micros(2 * unit));
        let burst = facts.burst.unwrap_or(u64::MAX);
        // A lump must fit on top of it.
        let most = (burst / 2).min(burst.saturating_sub(lump).max(micros(unit)));
        let stretched = u128::from(reserve) * u128::from(self.stretch) / 100;
        self.reserve = u64::try_from(stretched).unwrap_or(u64::MAX).min(most).max(micros(unit) / 2);
        let longest = (self.rate.gain(CYCLE_TIME) / TOKEN).clamp(CYCLE * unit, LONGEST_CYCLE * unit);
        self.cycle = longest.min(self.evidence.saturating_mul(2 * self.grain(facts)));
        self.sent = 0;
        self.haste = 1_000;
        self.spilled = 0;
        let pause = self.reserve.max(micros(unit) + micros(unit) / 8);
        self.next = now.saturating_add(Self::gap(self.rate, pause));
    }

    /// How long `micros` millionths of tokens take.
    fn gap(pace: Rate, micros: u64) -> Duration {
        let tokens = u32::try_from(micros.div_ceil(TOKEN)).unwrap_or(u32::MAX);
        pace.time(micros).min(LONGEST_WAIT.saturating_mul(tokens)).min(LONGEST_SLEEP)
    }

    /// The pace now: the rate, and what uses up the reserve within the cycle.
    fn pace(&self, facts: &Facts) -> Rate {
        let part = (u128::from(self.sent) / u128::from(self.cycle.max(1))).min(4 * u128::from(TOKEN));
        let pace = if facts.is_tight() {
            // There is no reserve to use up: the pace creeps up on the rate from below.
            let part = u64::try_from(part).unwrap_or(TOKEN);
            self.rate.scale(TOKEN - CREEP + CREEP * part / TOKEN, TOKEN)
        } else {
            // The excess after k of N tokens is R (k/N)^4, so that its slope is 4 R/N (k/N)^3.
            let steepest = 4 * u128::from(self.reserve) / u128::from(self.cycle.max(1));
            let slope = steepest.saturating_mul(part.pow(3)) / u128::from(TOKEN).pow(3);
            self.rate.scale(TOKEN + u64::try_from(slope).unwrap_or(TOKEN).min(TOKEN), TOKEN)
        };
        pace.scale(self.haste, 1_000)
    }

    /// Sends `cost` at `now`, after what the interval says. Says whether the bucket may have been full
    /// meanwhile.
    pub(super) fn sent(&mut self, now: Duration, cost: u32, interval: &Interval, facts: &Facts) -> bool {
        let since = now.saturating_sub(interval.start());
        let cost = micros(u64::from(cost));
        self.sent = self.sent.saturating_add(cost);
        let idle = facts.burst.map_or(CATCH_UP, |burst| CATCH_UP.max(self.rate.time(burst / 2)));
        let floor = now.saturating_sub(idle);
        let full = self.next < floor;
        self.spill(interval.accepted(), since, facts);
        if !full && self.is_overdue(interval, since, facts) {
            // Doubles in 16 calls or 16 round trips, whichever is longer.
            let trips = self.pace(facts).gain(facts.trip.smoothed().saturating_mul(16));
            let tokens = trips.max(micros(16 * facts.unit()));
            let more = u128::from(self.haste) * u128::from(cost) / u128::from(tokens);
            let haste = u128::from(self.haste) + more.max(1);
            self.haste = u64::try_from(haste).unwrap_or(MOST_HASTE).min(MOST_HASTE);
        }
        self.next = self.next.max(floor).saturating_add(Self::gap(self.pace(facts), cost));
        full
    }

    /// No call goes before then.
    pub(super) fn delay(&mut self, until: Duration) {
        self.next = self.next.max(until);
    }

    /// A call goes now, whenever it was due.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now);
    }

    /// Takes note of what a full bucket threw away: it is not there to be used up before the next refusal.
    fn spill(&mut self, taken: u64, since: Duration, facts: &Facts) {
        let most = facts.burst.unwrap_or_else(|| self.rate.gain(Duration::from_mins(1)));
        let level = self.rate.gain(since).saturating_sub(self.spilled).saturating_sub(micros(taken));
        self.spilled = self.spilled.saturating_add(level.saturating_sub(most));
    }

    /// Whether the limit should have refused a call by now.
    fn is_overdue(&self, interval: &Interval, since: Duration, facts: &Facts) -> bool {
        let unit = micros(facts.unit());
        if facts.is_tight() && !self.unsure {
            return self.sent > micros(self.cycle).saturating_mul(3) / 2;
        }
        let taken = micros(interval.accepted().saturating_sub(interval.unknown()));
        let ahead = taken.saturating_add(self.spilled).saturating_sub(self.rate.gain(since));
        // Where it was not known to be empty, it may have been full.
        let first = if self.unsure {
            facts.burst.unwrap_or_else(|| self.rate.gain(Duration::from_secs(10)).max(16 * unit))
        } else {
            0
        };
        let slack = facts.lump(self.rate).saturating_add(unit.saturating_mul(3) / 2).saturating_add(first);
        ahead
            > slack
                .saturating_add(self.rate.gain(facts.jitter()))
                .saturating_add(self.sent / self.evidence.max(4))
    }

    /// A call that was admitted was not sent.
    pub(super) fn refund(&mut self, cost: u32, facts: &Facts) {
        let cost = micros(u64::from(cost));
        self.sent = self.sent.saturating_sub(cost);
        self.next = self.next.saturating_sub(Self::gap(self.pace(facts), cost));
    }

    /// A call was refused after what was `measured`.
    pub(super) fn refused(&mut self, measured: Measured, now: Duration, facts: &mut Facts) -> Reading {
        if std::mem::take(&mut self.unsure) {
            return self.refused_first(now, facts);
        }
        if facts.is_tight()
            && self.rate.gain(facts.trip.smoothed()) > micros(facts.unit()) / 2
            && facts.unit() == 1
        {
            // Calls follow each other too closely to tell: others had emptied it.
            facts.burst = None;
        }
        if facts.is_tight() {
            return self.refused_tightly(measured, now, facts);
        }
        let whole = self.doubt.take().map_or(measured, |doubt| measured.after(doubt));
        let mut trend = self.trend(whole, facts.lump(self.rate), facts);
        let ticks = self.trend(whole, Facts::tick(self.rate), facts) == Trend::Same;
        let unit = facts.unit();
        let small = facts
            .burst
            .is_some_and(|burst| burst >= micros(8 * unit) && burst / 3 * 2 < Facts::tick(self.rate));
        if facts.ticks && !small && self.is_between_ticks(measured) {
            facts.ticks = false;
        }
        let stray = self.is_stray(measured, facts);
        if !stray && ticks && !facts.ticks && trend != Trend::Same {
            (facts.ticks, trend) = (true, Trend::Same);
            self.evidence = (self.evidence / self.grain(facts)).max(1);
        }
        let early = measured.accepted.saturating_mul(2) < self.cycle && self.evidence > 16 && !facts.ticks;
        if !facts.ticks
            && self.tells_rivals(facts)
            && facts.rivals.is_time_for_a_trial(self.rate, facts.trip.smoothed())
        {
            return Reading::Contested(self.rate);
        }
        if (stray || early || trend != Trend::Same) && self.tells_rivals(facts) && facts.rivals.strike() {
            facts.ticks = false;
            return Reading::Contested(self.rate.min(measured.rate().max(self.rate.scale(1, 2))));
        }
        if !stray && trend == Trend::Same && measured.accepted.saturating_mul(4) >= self.cycle * 3 {
            facts.rivals.forgive();
        }
        let few = whole.accepted < 16 * facts.unit();
        match trend {
            Trend::Fell | Trend::Rose if few => {
                if trend == Trend::Fell && (self.evidence > 16 || facts.ticks) && self.tells_rivals(facts) {
                    // Somebody else emptied it, more likely than not.
                    facts.rivals.forget();
                    return Reading::Contested(self.rate);
                }
                let (most, rate) = (whole.most(facts.jitter()), whole.rate());
                return Reading::Changed(if whole.accepted == 0 { most.scale(1, 2) } else { rate });
            }
            // The rise lies somewhere within the interval: between its mean and the pace at its end.
            Trend::Rose => return Reading::Changed(whole.rate().mean(self.pace(facts))),
            Trend::Fell => {
                self.rate = whole.rate();
                self.evidence = (whole.accepted / self.grain(facts)).max(1);
            }
            Trend::Same => {
                let in_doubt = whole.time < DOUBT && self.trend(measured, 0, facts) != Trend::Same;
                self.doubt = in_doubt.then_some((whole.time, whole.accepted));
                if !measured.overflowed {
                    let refused_at = self.pace(facts);
                    self.confirm(measured, facts);
                    self.allow_for_loss(refused_at, facts);
                }
            }
        }
        self.pause(now, facts);
        Reading::Confirmed
    }

    /// What an interval says, if `lump` millionths of tokens come at once.
    fn trend(&self, measured: Measured, lump: u64, facts: &Facts) -> Trend {
        let slack = measured.slack.saturating_add(lump.div_ceil(TOKEN));
        let measured = Measured { slack, ..measured };
        let tolerance = TOKEN / self.evidence + TOKEN / 50;
        let (least, most) = (measured.least(facts.jitter()), measured.most(facts.jitter()));
        if !measured.overflowed && most < self.rate.scale(TOKEN - tolerance.min(TOKEN), TOKEN) {
            Trend::Fell
        } else if least > self.rate.scale(TOKEN + tolerance, TOKEN) {
            Trend::Rose
        } else {
            Trend::Same
        }
    }

    /// The first refusal only says that the bucket is empty now, or that the limit is a much higher one.
    fn refused_first(&mut self, now: Duration, facts: &Facts) -> Reading {
        if self.haste > 3_000 {
            return Reading::Changed(self.rate.mean(self.pace(facts)));
        }
        self.pause(now, facts);
        Reading::Confirmed
    }

    /// Where the bucket is full before each call, the pace that is refused is itself the measurement.
    fn refused_tightly(&mut self, measured: Measured, now: Duration, facts: &mut Facts) -> Reading {
        let early = measured.accepted == 0 || self.sent < micros(self.cycle) / 4;
        if early && self.evidence > 32 && self.tells_rivals(facts) && facts.rivals.strike() {
            return Reading::Contested(self.rate);
        }
        if !early {
            facts.rivals.forgive();
        }
        self.rate = if measured.accepted == 0 {
            self.rate.scale(7, 8)
        } else if self.sent < micros(self.cycle) / 4 {
            let step = (CREEP / 2).max(TOKEN / (2 * self.evidence.max(2)));
            self.rate.scale(TOKEN - step, TOKEN)
        } else {
            self.pace(facts).min(measured.most(facts.jitter()).scale(2, 1))
        };
        self.evidence = if self.haste > 1_000 { 8 } else { (self.evidence * 2).min(CYCLE) };
        self.pause(now, facts);
        Reading::Confirmed
    }

    /// Whether the bucket ran empty long before the reserve should have been used up.
    fn is_early(&self, measured: Measured) -> bool {
        measured.accepted.saturating_mul(4) < self.cycle && self.evidence > 50
    }

    /// Whether it is neither the refill nor ticks that explain a refusal: where tokens come in ticks, all of a
    /// tick's are let through between two refusals, or none.
    fn is_stray(&self, measured: Measured, facts: &Facts) -> bool {
        let tick = (Facts::tick(self.rate) / TOKEN).max(1);
        let few = measured.accepted > tick / 8 && measured.accepted.saturating_mul(2) < tick;
        few && (facts.ticks || self.trend(measured, 0, facts) != Trend::Same)
    }

    /// Whether an odd refusal says anything of others: where many calls are in flight, or a bucket holds but a
    /// few dear ones, refusals are odd without them.
    fn tells_rivals(&self, facts: &Facts) -> bool {
        let few = facts.unit() > 1 && facts.burst.is_some_and(|burst| burst < micros(4 * facts.unit()));
        !few && !facts.rivals.is_doubted() && self.rate.gain(facts.trip.smoothed()) < MOST_IN_FLIGHT
    }

    /// Whether something else than a number of ticks was let through.
    fn is_between_ticks(&self, measured: Measured) -> bool {
        let tick = (Facts::tick(self.rate) / TOKEN).max(1);
        let rest = measured.accepted % tick;
        measured.accepted < 8 * tick && rest.min(tick - rest) > (tick / 4).max(2)
    }

    /// Refusals keep coming late where more is lost than was measured: a bucket that holds no more than what
    /// comes in a second may have been full for part of each. The pace that was refused is the better measure.
    fn allow_for_loss(&mut self, refused_at: Rate, facts: &Facts) {
        let is_late = self.sent > micros(self.cycle.saturating_mul(11)) / 10;
        self.late = if is_late { self.late.saturating_add(1) } else { 0 };
        let is_small = facts.burst.is_some_and(|burst| burst / 3 * 2 < Facts::tick(self.rate));
        if self.late >= 2 && is_small {
            self.rate = self.rate.max(refused_at.scale(98, 100));
            self.evidence = self.evidence.min(CYCLE / 4);
            self.late = 0;
        }
    }

    fn confirm(&mut self, measured: Measured, facts: &Facts) {
        let early = self.is_early(measured);
        self.stretch =
            if early { (self.stretch * 13 / 10).min(1_000) } else { (self.stretch * 19 / 20).max(100) };
        let grain = self.grain(facts);
        let old = micros(self.evidence.saturating_mul(grain));
        let time = self.rate.time(old).saturating_add(measured.time);
        self.rate = Rate::of(old.saturating_add(micros(measured.accepted)), time);
        let most = 2 * (self.cycle / facts.unit()).clamp(CYCLE, LONGEST_CYCLE);
        self.evidence = self.evidence.saturating_add(measured.accepted / grain).clamp(1, most);
    }
}
