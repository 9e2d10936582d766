//! What a [`Limiter`] knows, told without a side effect.

use std::time::Duration;

use super::{
    Limiter, Phase,
    decision::Next,
    learnt::Learnt,
    rate::{Rate, TOKEN},
};

impl Limiter {
    /// The refill rate as far as it is known, tokens per second.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        match &self.phase {
            Phase::Open(_) => None,
            Phase::Search(search) => Some(search.guess()),
            Phase::Track(track) => Some(track.rate()),
            Phase::Contest(contest) => Some(contest.rate()),
        }
    }

    /// How many whole tokens the bucket holds when full; `None` where nobody has emptied it.
    #[must_use]
    pub fn burst(&self) -> Option<u64> {
        self.facts.burst.map(|burst| burst / TOKEN)
    }

    /// How many whole tokens the bucket holds at `now`, as far as it can be told: it was empty at the last
    /// refusal.
    #[must_use]
    pub fn level(&self, now: Duration) -> Option<u64> {
        let since = now.saturating_sub(self.interval.start());
        let level = match &self.phase {
            Phase::Open(_) | Phase::Contest(_) => None,
            Phase::Search(search) => Some(search.level(self.interval.accepted(), since)),
            Phase::Track(track) => track.level(self.interval.accepted(), since),
        }?;
        Some(level.min(self.facts.burst.unwrap_or(u64::MAX)) / TOKEN)
    }

    /// Until when the service asked for a pause; in the past where it has not.
    #[must_use]
    pub fn blocked_until(&self) -> Duration {
        self.blocked_until
    }

    /// When a call that costs `cost` tokens could be sent, if nothing else were sent before.
    #[must_use]
    pub fn next(&self, now: Duration, cost: u32) -> Next {
        if !self.has_room(now, cost) {
            return Next::AfterFinish;
        }
        let next = self.next_at();
        if now < next { Next::At(next) } else { Next::Now }
    }

    /// The smoothed time from sending a call to its answer; zero before the first answer.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        self.facts.trip.smoothed()
    }

    /// A cap of calls in flight that holds nothing back while the service is no slower than of late: twice
    /// what the rate needs at the 95th percentile of the round trip, and 4. `None` until both are known.
    ///
    /// Source: Little's law, for the product.
    #[must_use]
    pub fn in_flight_cap(&self) -> Option<u64> {
        let tokens = self.rate()?.gain(self.facts.trip.long()?).div_ceil(TOKEN);
        Some(tokens.saturating_mul(2).saturating_add(4))
    }

    /// What [`resumed`](Self::resumed) needs to go on from here; `None` while the rate is a guess.
    #[must_use]
    pub fn learnt(&self) -> Option<Learnt> {
        let rate = match &self.phase {
            Phase::Open(_) | Phase::Search(_) => return None,
            Phase::Track(track) => track.rate(),
            Phase::Contest(contest) => contest.rate(),
        };
        let learnt = Learnt::new(rate).with_lump(self.facts.lump(rate));
        Some(self.facts.burst.map_or(learnt, |burst| learnt.with_burst(burst)))
    }
}
