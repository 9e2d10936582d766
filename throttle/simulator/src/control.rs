//! [`Control`]: what decides when a process may send, and how often it tries.

use std::time::Duration;

use fastrand::Rng;
use tidegate_throttle::{
    Outcome,
    limiter::{self, Limiter},
};

/// Decides for one process when an attempt may be sent, and what comes after it.
///
/// Pure: it is fed the time, since the start of the simulation, and chance.
pub trait Control {
    /// An attempt that was sent.
    type Stamp;

    /// Decides on an attempt that wants to be sent.
    fn admit(&mut self, now: Duration, attempt: Attempt, rng: &mut Rng) -> Decision<Self::Stamp>;

    /// Learns how an attempt ended, and decides what becomes of its operation.
    fn finish(&mut self, now: Duration, stamp: Self::Stamp, outcome: Outcome, rng: &mut Rng) -> Then;
}

/// What wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// In tokens.
    pub cost: u32,
    /// 1 for the first attempt of an operation.
    pub number: u32,
}

/// What to do with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<S> {
    /// Send it now.
    Send(S),
    /// Ask again then, which is later than now; nobody behind it is asked before.
    WaitUntil(Duration),
    /// Ask again when an attempt has finished.
    WaitForFinish,
    /// This attempt alone sleeps until then, which is later than now; the next one is asked at once.
    Sleep(Duration),
}

/// What becomes of an operation after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is whole; the caller begins another.
    Done,
    /// It is attempted again, not before then.
    Retry(Duration),
    /// It failed; the caller begins another.
    Fail,
}

impl Control for Limiter {
    type Stamp = limiter::Stamp;

    fn admit(&mut self, now: Duration, attempt: Attempt, _: &mut Rng) -> Decision<Self::Stamp> {
        match self.admit(now, attempt.cost) {
            limiter::Decision::Send(stamp) => Decision::Send(stamp),
            limiter::Decision::WaitUntil(until) => Decision::WaitUntil(until),
            limiter::Decision::WaitForFinish => Decision::WaitForFinish,
        }
    }

    /// A throttled call gets in line again, as in `tidegate_throttle::aws::send`.
    fn finish(&mut self, now: Duration, stamp: Self::Stamp, outcome: Outcome, _: &mut Rng) -> Then {
        self.finish(now, stamp, outcome);
        if outcome == Outcome::Accepted { Then::Done } else { Then::Retry(now) }
    }
}
