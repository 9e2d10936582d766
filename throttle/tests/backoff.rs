//! A policy of the crate `backoff` gives the delays of `retry`.

#![cfg(feature = "backoff")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recorder;

use std::{future::ready, time::Duration};

use backoff::backoff::{Backoff, Stop, Zero};
use recorder::Recorder;
use tidegate_throttle::{Call, Judgement, Outcome, backoff::Delays, retry};

/// Doubles up to a delay, and then ends.
#[derive(Clone)]
struct Doubling {
    next: Duration,
    last: Duration,
}

impl Backoff for Doubling {
    fn reset(&mut self) {
        self.next = Duration::from_secs(1);
    }

    fn next_backoff(&mut self) -> Option<Duration> {
        let delay = Some(self.next).filter(|delay| *delay <= self.last);
        self.next *= 2;
        delay
    }
}

/// A policy that a service keeps may have been used before: it starts anew.
#[test]
fn the_delays_are_those_of_the_policy_from_its_start() {
    let mut policy = Doubling { next: Duration::ZERO, last: Duration::from_secs(4) };
    for _ in 0..2 {
        let delays: Vec<_> = Delays::new(policy.clone()).map(|delay| delay.as_secs()).collect();
        assert_eq!(delays, [1, 2, 4]);
        policy.next_backoff();
    }
    assert_eq!(Delays::new(Stop {}).next(), None);
    let boxed: Box<dyn Backoff> = Box::new(Zero {});
    assert_eq!(Delays::new(boxed).next(), Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn retry_waits_them() {
    let throttle = Recorder::default();
    let delays = Delays::new(Doubling { next: Duration::ZERO, last: Duration::from_secs(2) });
    let call = Call::new("billing", "GetInvoice");
    let operation = || ready(Err::<(), _>("lost"));
    let judge = |_: &Result<(), &str>| Judgement::Again(Outcome::Unknown);
    retry(&throttle, &call, delays, operation, judge).await.unwrap_err();
    assert_eq!(throttle.times("sent"), [0, 1000, 3000]);
}
