//! A limiter, a simulated limit, and callers who are there or not.

use std::{collections::VecDeque, time::Duration};

use tidegate_throttle::{
    Outcome,
    limiter::{Decision, Limiter, Rate, Stamp},
};
use tidegate_throttle_simulator::{Case, Server};

pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(40);

/// Tokens a second.
#[allow(dead_code, reason = "not every test names a rate")]
pub(crate) fn per_second(tokens: u64) -> Rate {
    Rate::micros_per_second(tokens * 1_000_000)
}

/// What came of some time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) accepted: u64,
    pub(crate) throttled: u64,
}

/// A limiter in front of a limit; 64 callers.
pub(crate) struct Bench {
    pub(crate) limiter: Limiter,
    pub(crate) server: Server,
    pub(crate) now: Duration,
    in_flight: VecDeque<(Duration, Stamp, bool)>,
}

impl Bench {
    pub(crate) fn new(limiter: Limiter, case: &Case) -> Self {
        Self { limiter, server: Server::new(case), now: Duration::ZERO, in_flight: VecDeque::new() }
    }

    /// Callers call for so many seconds, all at once or one every so often.
    pub(crate) fn call(&mut self, seconds: u64, every: Option<Duration>, costs: &[u32]) -> Count {
        let end = self.now + Duration::from_secs(seconds);
        let mut count = Count::default();
        let mut due = self.now;
        let mut costs = costs.iter().cycle().copied().peekable();
        while self.now < end {
            self.answer();
            while self.in_flight.len() < 64 && due <= self.now {
                let cost = costs.peek().copied().unwrap_or(1);
                let Decision::Send(stamp) = self.limiter.admit(self.now, cost) else { break };
                costs.next();
                due += every.unwrap_or_default();
                let accepted = self.server.take(self.now + ROUND_TRIP / 2, cost);
                self.in_flight.push_back((self.now + ROUND_TRIP, stamp, accepted));
                count.accepted += if accepted { u64::from(cost) } else { 0 };
                count.throttled += u64::from(!accepted);
            }
            self.now += Duration::from_millis(1);
        }
        count
    }

    #[allow(dead_code, reason = "not every test waits")]
    /// Nobody calls for so many seconds.
    pub(crate) fn idle(&mut self, seconds: u64) {
        self.now += ROUND_TRIP;
        self.answer();
        self.now += Duration::from_secs(seconds);
    }

    fn answer(&mut self) {
        while let Some(&(at, stamp, accepted)) = self.in_flight.front()
            && at <= self.now
        {
            self.in_flight.pop_front();
            let throttled = Outcome::Throttled { retry_after: None };
            self.limiter.finish(self.now, stamp, if accepted { Outcome::Accepted } else { throttled });
        }
    }
}
