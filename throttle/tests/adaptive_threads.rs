//! The adaptive throttle under several threads at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    num::NonZeroUsize,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tidegate_throttle::{Adaptive, Call, Outcome, Priority, Throttle};
use tokio::task::{JoinSet, yield_now};

/// Whatever callers do, in any order and on any thread, everyone is admitted and nothing stays behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everyone_is_admitted_and_nothing_stays_behind() {
    let throttle = Adaptive::builder().max_in_flight(NonZeroUsize::new(7).unwrap()).build();
    let mut callers = JoinSet::new();
    for caller in 0..64_usize {
        let throttle = throttle.clone();
        let priority = Priority::ALL[caller % 3];
        callers.spawn(priority.scope(async move {
            for turn in 0..200 {
                // Two limits each, one of which the actions share.
                let call = Call::new("route53", format!("Action{}", (caller + turn) % 3));
                let given_up = (caller + turn) % 5 == 0 && {
                    let mut acquire = pin!(throttle.acquire(&call));
                    let polled: Poll<_> = acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    polled.is_pending()
                };
                if given_up {
                    continue;
                }
                let mut permit = throttle.acquire(&call).await.unwrap();
                yield_now().await;
                match turn % 4 {
                    0 => drop(permit),
                    1 => permit.sent(),
                    _ => permit.finish(Outcome::Accepted),
                }
            }
        }));
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    for limit in throttle.snapshot() {
        assert_eq!((limit.queued, limit.in_flight), (0, 0), "{limit:?}");
    }
    drop(throttle.acquire(&Call::new("route53", "Action0")).await.unwrap());
}
