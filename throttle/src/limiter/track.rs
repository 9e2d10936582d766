//! [`Track`]: a limit whose refill rate is known.

use std::time::Duration;

use super::{
    LONGEST_WAIT,
    facts::Facts,
    interval::Measured,
    rate::{Rate, TOKEN, micros},
};

/// Tokens between two refusals, at least: 1 in this many calls is the price of knowing the limit.
const CYCLE: u64 = 150;

/// A limit that is checked every so many seconds is as fresh as one can use.
const CYCLE_TIME: Duration = Duration::from_secs(5);

/// And at most this many tokens.
const LONGEST_CYCLE: u64 = 4_000;

/// Late timers may be made up for by this much.
const CATCH_UP: Duration = Duration::from_millis(20);

/// How far below its rate a limit without a reserve is paced after a refusal, in millionths.
const CREEP: u64 = 30_000;

/// The pace of an overdue refusal stays below this many thousandths of the known rate.
const MOST_HASTE: u64 = 1_000_000_000_000;

/// Paces a limit of known refill rate a little faster than it, so that a refusal comes about once a cycle.
///
/// A token bucket gives all of its refill as long as it is neither empty nor full. After a refusal it is
/// left alone until it holds a small reserve, which the pace then uses up, first slowly, then faster: the
/// next refusal says exactly how much was refilled. One that does not come in time means that the limit
/// has risen, and the pace doubles until it does.
#[derive(Debug)]
pub(super) struct Track {
    rate: Rate,
    /// How many tokens the rate was measured over: its error is a token in this many.
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
}

/// What a refusal made of what was known.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It was about time: the rate is known a little better.
    Confirmed,
    /// The limit is another one now; this is a first guess at it.
    Changed(Rate),
}

impl Track {
    pub(super) fn new(measured: Measured, now: Duration, facts: &Facts) -> Self {
        let mut track = Self {
            rate: measured.rate(),
            evidence: (measured.accepted / (1 + facts.lump)).max(1),
            reserve: 0,
            stretch: 100,
            cycle: 0,
            sent: 0,
            haste: 1_000,
            spilled: 0,
            next: now,
        };
        track.pause(now, facts);
        track
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Leaves the bucket alone until it holds the reserve.
    fn pause(&mut self, now: Duration, facts: &Facts) {
        let reserve = self.rate.gain(facts.jitter() * 3).max(micros(facts.lump.max(2)));
        let most = facts.burst.unwrap_or(u64::MAX) / 2;
        self.reserve = (reserve * self.stretch / 100).min(most).max(TOKEN / 2);
        let longest = (self.rate.gain(CYCLE_TIME) / TOKEN).clamp(CYCLE, LONGEST_CYCLE);
        self.cycle = longest.min(self.evidence * 2);
        self.sent = 0;
        self.haste = 1_000;
        self.spilled = 0;
        self.next = now + self.rate.time(self.reserve.max(TOKEN + TOKEN / 8)).min(LONGEST_WAIT);
    }

    /// The pace now: the rate, and what uses up the reserve within the cycle.
    fn pace(&self, facts: &Facts) -> Rate {
        let part = (u128::from(self.sent) / u128::from(self.cycle)).min(4 * u128::from(TOKEN));
        let pace = if facts.is_tight() {
            // There is no reserve to use up: the pace creeps up on the rate from below.
            let part = u64::try_from(part).unwrap_or(TOKEN);
            self.rate.scale(TOKEN - CREEP + CREEP * part / TOKEN, TOKEN)
        } else {
            // The excess after k of N tokens is R (k/N)^4, so that its slope is 4 R/N (k/N)^3.
            let steepest = 4 * u128::from(self.reserve) / u128::from(self.cycle);
            let slope = steepest * part.pow(3) / u128::from(TOKEN).pow(3);
            self.rate.scale(TOKEN + u64::try_from(slope).unwrap_or(TOKEN).min(TOKEN), TOKEN)
        };
        pace.scale(self.haste, 1_000)
    }

    /// Sends `cost` at `now`, when `taken` tokens were sent since a refusal `since` ago. Says whether the
    /// bucket may have been full meanwhile.
    pub(super) fn sent(
        &mut self,
        now: Duration,
        cost: u32,
        taken: u64,
        since: Duration,
        facts: &Facts,
    ) -> bool {
        let cost = micros(u64::from(cost));
        self.sent = self.sent.saturating_add(cost);
        let idle = facts.burst.map_or(CATCH_UP, |burst| CATCH_UP.max(self.rate.time(burst / 2)));
        let floor = now.saturating_sub(idle);
        let full = self.next < floor;
        self.spill(taken, since, facts);
        if !full && self.is_overdue(taken, since, facts) {
            // Doubles in 16 tokens or 16 round trips, whichever is longer.
            let tokens = self.pace(facts).gain(facts.trip.smoothed() * 16).max(16 * TOKEN);
            let more = u128::from(self.haste) * u128::from(cost) / u128::from(tokens);
            let haste = u128::from(self.haste) + more.max(1);
            self.haste = u64::try_from(haste).unwrap_or(MOST_HASTE).min(MOST_HASTE);
        }
        self.next = self.next.max(floor) + self.pace(facts).time(cost).min(LONGEST_WAIT);
        full
    }

    /// Takes note of what a full bucket threw away: it is not there to be used up before the next refusal.
    fn spill(&mut self, taken: u64, since: Duration, facts: &Facts) {
        let most = facts.burst.unwrap_or_else(|| self.rate.gain(Duration::from_mins(1)));
        let level = self.rate.gain(since).saturating_sub(self.spilled).saturating_sub(micros(taken));
        self.spilled = self.spilled.saturating_add(level.saturating_sub(most));
    }

    /// Whether the limit should have refused a call by now.
    fn is_overdue(&self, taken: u64, since: Duration, facts: &Facts) -> bool {
        if facts.is_tight() {
            return self.sent > micros(self.cycle) * 3 / 2;
        }
        let ahead = micros(taken).saturating_add(self.spilled).saturating_sub(self.rate.gain(since));
        let slack = micros(facts.lump) + 3 * TOKEN / 2 + self.rate.gain(facts.jitter());
        ahead > slack + self.sent / self.evidence
    }

    /// A call that was admitted was not sent.
    pub(super) fn refund(&mut self, cost: u32, facts: &Facts) {
        let cost = micros(u64::from(cost));
        self.sent = self.sent.saturating_sub(cost);
        self.next = self.next.saturating_sub(self.pace(facts).time(cost).min(LONGEST_WAIT));
    }

    /// A call was refused after what was `measured`.
    pub(super) fn refused(&mut self, measured: Measured, now: Duration, facts: &Facts) -> Verdict {
        if facts.is_tight() {
            return self.refused_tightly(measured, now, facts);
        }
        let measured = Measured { slack: measured.slack + facts.lump, ..measured };
        let tolerance = TOKEN / self.evidence + TOKEN / 50;
        let (least, most) = (measured.least(facts.jitter()), measured.most(facts.jitter()));
        let fell = !measured.overflowed && most < self.rate.scale(TOKEN - tolerance.min(TOKEN), TOKEN);
        let rose = least > self.rate.scale(TOKEN + tolerance, TOKEN);
        if (fell || rose) && measured.accepted < 16 {
            return Verdict::Changed(if measured.accepted == 0 { most.scale(1, 2) } else { measured.rate() });
        }
        if rose {
            // The rise lies somewhere within the interval: between its mean and the pace at its end.
            return Verdict::Changed(mean(measured.rate(), self.pace(facts)));
        }
        if fell {
            (self.rate, self.evidence) = (measured.rate(), measured.accepted);
        } else if !measured.overflowed {
            self.confirm(measured);
        }
        self.pause(now, facts);
        Verdict::Confirmed
    }

    /// Where the bucket is full before each call, the pace that is refused is itself the measurement.
    fn refused_tightly(&mut self, measured: Measured, now: Duration, facts: &Facts) -> Verdict {
        self.rate = if measured.accepted == 0 {
            self.rate.scale(7, 8)
        } else if self.sent < micros(self.cycle) / 4 {
            self.rate.scale(TOKEN - CREEP / 2, TOKEN)
        } else {
            self.pace(facts)
        };
        self.evidence = if self.haste > 1_000 { 8 } else { (self.evidence * 2).min(CYCLE) };
        self.pause(now, facts);
        Verdict::Confirmed
    }

    fn confirm(&mut self, measured: Measured) {
        let early = measured.accepted * 4 < self.cycle && self.evidence > 50;
        self.stretch =
            if early { (self.stretch * 13 / 10).min(1_000) } else { (self.stretch * 19 / 20).max(100) };
        let all = self.evidence + measured.accepted;
        let old = u128::from(self.rate.as_micros_per_second()) * u128::from(self.evidence);
        let new = u128::from(measured.rate().as_micros_per_second()) * u128::from(measured.accepted);
        let rate = (old + new) / u128::from(all.max(1));
        self.rate = Rate::micros_per_second(u64::try_from(rate).unwrap_or(u64::MAX));
        self.evidence = all.min(2 * LONGEST_CYCLE.min(self.cycle.max(CYCLE)));
    }
}

/// The geometric mean.
fn mean(one: Rate, other: Rate) -> Rate {
    let product = u128::from(one.as_micros_per_second()) * u128::from(other.as_micros_per_second());
    Rate::micros_per_second(u64::try_from(product.isqrt()).unwrap_or(u64::MAX))
}
