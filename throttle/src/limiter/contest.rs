//! [`Contest`]: a limit that others draw from as well.

use std::time::Duration;

use super::{
    LONGEST_SLEEP, LONGEST_WAIT,
    books::Books,
    facts::Facts,
    interval::Measured,
    rate::{Rate, TOKEN, micros},
};

/// A refusal after no call at all costs one part in so many of the rate.
const CUT: u64 = 8;

/// Calls in flight that were refused with it cost as much, up to so many of them.
const MOST_CUTS: u8 = 2;

/// A refusal that comes later than so many times the usual counts as no later than that.
const LATEST: u64 = 3;

/// Refusals in a row with nothing let through between them, after which there is nothing to share.
const DRY: u8 = 4;

/// Calls from one refusal to the next, at least.
const LEAST_CYCLE: u64 = 30;

/// The percentage of a cycle after which the refusal comes where the rate is right: what the pause saved up is
/// used up then.
const USUAL: u64 = 84;

/// The percentage of a cycle for which the bucket is left alone after a refusal.
const PAUSE: u64 = 12;

/// Late timers may be made up for by this much.
const CATCH_UP: Duration = Duration::from_millis(20);

/// Shares a limit with whoever else draws from it, without a word between them.
///
/// A bucket that runs empty refuses whoever comes next. A refusal that comes after fewer calls than usual costs
/// a part of the rate, and one that comes after more adds to it. What is usual grows with the root of the
/// rate: all meet about as many refusals per call, so who has less than the others gains on them.
///
/// After a refusal the bucket is left alone for a while, and the pace grows steeply towards the next, so that
/// the bucket is never almost empty for long: a few slow callers would meet most of the refusals then, and lose
/// what they have. The contest ends when the [`Books`] say that the bucket is one's own.
#[derive(Debug)]
pub(super) struct Contest {
    rate: Rate,
    next: Duration,
    /// Millionths of tokens sent since the last refusal.
    sent: u64,
    /// Refusals in a row with nothing let through between them.
    dry: u8,
    /// Calls that were in flight at the last refusal and were refused as well.
    cuts: u8,
    books: Books,
}

/// What a refusal made of a contest.
#[derive(Debug)]
pub(super) enum Standing {
    /// It goes on.
    Contested,
    /// Nobody else takes part: this is what the bucket gives.
    Alone(Measured),
    /// The limit gives hardly anything any more.
    Dry,
}

impl Contest {
    /// Begins at a refusal, at about `rate`.
    pub(super) fn new(rate: Rate, now: Duration, facts: &Facts) -> Self {
        let mut contest = Self { rate, next: now, sent: 0, dry: 0, cuts: 0, books: Books::default() };
        contest.pause(now, facts);
        contest
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Calls from one refusal to the next, in tokens.
    fn cycle(&self, facts: &Facts) -> u64 {
        let calls = self.rate.as_micros_per_second().isqrt().saturating_mul(15) / 1_000;
        calls.max(LEAST_CYCLE).saturating_mul(facts.unit())
    }

    fn pause(&mut self, now: Duration, facts: &Facts) {
        let pause = micros(self.cycle(facts)) / 100 * PAUSE;
        self.sent = 0;
        self.next = now.saturating_add(self.gap(pause.max(micros(facts.unit()))));
    }

    /// How long `micros` millionths of tokens take.
    fn gap(&self, micros: u64) -> Duration {
        let tokens = u32::try_from(micros.div_ceil(TOKEN)).unwrap_or(u32::MAX);
        self.rate.time(micros).min(LONGEST_WAIT.saturating_mul(tokens)).min(LONGEST_SLEEP)
    }

    /// The pace now: after k of N tokens it is the rate and (k/N)^3 of it.
    fn pace(&self, facts: &Facts) -> Rate {
        let token = u128::from(TOKEN);
        let part = (u128::from(self.sent) / u128::from(self.cycle(facts))).min(2 * token);
        // Few should be in flight when the first is refused.
        let in_flight = u128::from(self.rate.gain(facts.trip.smoothed()).max(1));
        let most = (token * token / in_flight).clamp(token / 8, 4 * token);
        let more = (part.pow(3) / token.pow(2)).min(most);
        self.rate.scale(TOKEN + u64::try_from(more).unwrap_or(TOKEN), TOKEN)
    }

    /// Sends `cost` at `now`. Says whether the bucket may have been full meanwhile.
    pub(super) fn sent(&mut self, now: Duration, cost: u32, facts: &Facts) -> bool {
        let cost = micros(cost.into());
        let idle = facts.burst.map_or(CATCH_UP, |burst| CATCH_UP.max(self.rate.time(burst / 2)));
        let floor = now.saturating_sub(idle);
        let full = self.next < floor;
        let gap = self.pace(facts).time(cost).min(self.gap(cost));
        self.sent = self.sent.saturating_add(cost);
        if !full {
            self.grow(cost, facts);
        }
        self.next = self.next.max(floor).saturating_add(gap);
        full
    }

    /// After two cycles without a refusal the rate itself grows, by a factor of e in a cycle or 16 round trips.
    fn grow(&mut self, cost: u64, facts: &Facts) {
        let cycle = micros(self.cycle(facts));
        if self.sent > cycle.saturating_mul(2) {
            let trips = self.rate.gain(facts.trip.smoothed().saturating_mul(16));
            let growth = cycle.max(trips);
            self.rate = self.rate.scale(growth.saturating_add(cost.min(growth)), growth);
        }
    }

    /// A call goes now, whenever it was due.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now);
    }

    /// A call that was admitted was not sent.
    pub(super) fn refund(&mut self, cost: u32) {
        let cost = micros(cost.into());
        self.sent = self.sent.saturating_sub(cost);
        self.next = self.next.saturating_sub(self.gap(cost));
    }

    /// A call was refused after what was `measured`.
    pub(super) fn refused(&mut self, measured: Measured, now: Duration, facts: &Facts) -> Standing {
        self.dry = if measured.accepted == 0 { self.dry + 1 } else { 0 };
        if self.dry >= DRY {
            return Standing::Dry;
        }
        let cycle = self.cycle(facts);
        if let Some(all) = self.books.enter(measured, cycle / 8 * 5, facts) {
            return Standing::Alone(all);
        }
        // In thousandths of what is usual.
        let usual = (cycle.saturating_mul(USUAL) / 100).max(1);
        let part = (measured.accepted.saturating_mul(1_000) / usual).min(1_000 * LATEST);
        self.rate = self.rate.scale(1_000 * (CUT - 1) + part, 1_000 * CUT);
        self.cuts = 0;
        self.pause(now, facts);
        Standing::Contested
    }

    /// Another call was refused that was in flight at the last refusal.
    pub(super) fn refused_again(&mut self) {
        if self.cuts < MOST_CUTS {
            self.cuts += 1;
            self.rate = self.rate.scale(CUT - 1, CUT);
        }
    }
}
