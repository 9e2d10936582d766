//! The adaptive throttle as its callers see it, under a paused clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tidegate_throttle::{Adaptive, Call, Class, Outcome, Permit, Throttle, Unlimited, conformance};
use tokio::{
    task::JoinSet,
    time::{Instant, advance, sleep, timeout},
};

const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

fn call() -> Call {
    Call::new("ec2", "DescribeInstances").region("eu-west-1")
}

async fn acquire(throttle: &impl Throttle) -> Permit {
    throttle.acquire(&call()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract() {
    conformance::all(Adaptive::new).await;
}

#[tokio::test(start_paused = true)]
async fn unlimited_keeps_the_contract() {
    conformance::all(|| Unlimited).await;
}

#[tokio::test(start_paused = true)]
async fn admits_a_first_call_at_once() {
    let start = Instant::now();
    acquire(&Adaptive::new()).await.finish(Outcome::Accepted);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn opens_by_doubling() {
    let throttle = Adaptive::new();
    let mut most = Vec::new();
    for _ in 0..4 {
        let mut permits = Vec::new();
        while let Ok(permit) = timeout(Duration::from_millis(20), acquire(&throttle)).await {
            permits.push(permit);
        }
        most.push(permits.len());
        for permit in permits {
            permit.finish(Outcome::Accepted);
        }
    }
    assert_eq!(most, [2, 4, 8, 16]);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_pauses_every_caller_of_the_limit() {
    let throttle = Adaptive::new();
    let retry_after = Some(Duration::from_secs(5));
    acquire(&throttle).await.finish(Outcome::Throttled { retry_after });
    let start = Instant::now();
    let clones = [throttle.clone(), throttle.clone(), throttle];
    join_all(clones.iter().map(|throttle| async move {
        let permit = acquire(throttle).await;
        assert!(start.elapsed() >= Duration::from_secs(5), "admitted during the pause");
        permit.finish(Outcome::Accepted);
    }))
    .await;
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served() {
    let throttle = Adaptive::new();
    acquire(&throttle).await.finish(THROTTLED);
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    for caller in 0..100 {
        let (throttle, order) = (throttle.clone(), Arc::clone(&order));
        callers.spawn(async move {
            let permit = acquire(&throttle).await;
            order.lock().unwrap().push(caller);
            permit.finish(Outcome::Accepted);
        });
        // Each begins to wait before the next is spawned.
        tokio::task::yield_now().await;
    }
    callers.join_all().await;
    let order = order.lock().unwrap();
    assert!(order.is_sorted(), "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_leaves_the_line() {
    let throttle = Adaptive::new();
    acquire(&throttle).await.finish(THROTTLED);
    let waiting = timeout(Duration::from_millis(1), acquire(&throttle)).await;
    assert!(waiting.is_err(), "admitted right after a throttle");
    assert_eq!(throttle.snapshot()[0].queued, 0);
    acquire(&throttle).await.finish(Outcome::Accepted);
}

/// An attempt that timed out is finished by nobody: what it held comes back when its time is up.
#[tokio::test(start_paused = true)]
async fn a_permit_that_expires_is_reclaimed() {
    let throttle = Adaptive::new();
    let deadline = Instant::now() + Duration::from_secs(3);
    let held = [acquire(&throttle).await, acquire(&throttle).await].map(|mut permit| {
        permit.sent();
        permit.expires(deadline);
        permit
    });
    let start = Instant::now();
    acquire(&throttle).await.finish(Outcome::Accepted);
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(throttle.snapshot()[0].in_flight, 0);
    // That they are finished after all changes nothing.
    for permit in held {
        permit.finish(THROTTLED);
    }
    let state = &throttle.snapshot()[0];
    assert_eq!((state.in_flight, state.throttled), (0, 0));
}

/// A caller that waits already hears of an expiry that is set later.
#[tokio::test(start_paused = true)]
async fn an_expiry_wakes_whoever_waits() {
    let throttle = Adaptive::new();
    let mut held = [acquire(&throttle).await, acquire(&throttle).await];
    let waiting = tokio::spawn({
        let throttle = throttle.clone();
        async move { acquire(&throttle).await.finish(Outcome::Accepted) }
    });
    sleep(Duration::from_millis(1)).await;
    for permit in &mut held {
        permit.expires(Instant::now() + Duration::from_secs(3));
    }
    assert!(timeout(Duration::from_secs(4), waiting).await.is_ok(), "it waits for ever");
}

/// A poll that is held back for 20 s must not keep the next from being sent.
#[tokio::test(start_paused = true)]
async fn long_polls_do_not_fill_the_window() {
    let throttle = Adaptive::new();
    let poll = call().class(Class::LongPoll);
    let start = Instant::now();
    let mut polls = Vec::new();
    for _ in 0..10 {
        polls.push(throttle.acquire(&poll).await.unwrap());
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_wait_on_one_timer() {
    let throttle = Adaptive::new();
    let retry_after = Some(Duration::from_secs(1));
    acquire(&throttle).await.finish(Outcome::Throttled { retry_after });
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let throttle = throttle.clone();
        callers.spawn(async move { acquire(&throttle).await.finish(Outcome::Accepted) });
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(throttle.snapshot()[0].queued, 10_000);
    callers.join_all().await;
    let state = &throttle.snapshot()[0];
    assert_eq!((state.queued, state.accepted, state.throttled), (0, 10_000, 1));
}

#[tokio::test(start_paused = true)]
async fn learns_a_rate_and_tells_it() {
    let throttle = Adaptive::new();
    let bucket = Arc::new(std::sync::Mutex::new((50.0_f64, Instant::now())));
    let mut callers = JoinSet::new();
    for _ in 0..16 {
        let (throttle, bucket) = (throttle.clone(), Arc::clone(&bucket));
        callers.spawn(async move {
            let end = Instant::now() + Duration::from_mins(1);
            while Instant::now() < end {
                let permit = acquire(&throttle).await;
                let accepted = {
                    let mut bucket = bucket.lock().unwrap();
                    let now = Instant::now();
                    bucket.0 = (bucket.0 + 25.0 * (now - bucket.1).as_secs_f64()).min(50.0);
                    bucket.1 = now;
                    let enough = bucket.0 >= 1.0;
                    bucket.0 -= f64::from(u8::from(enough));
                    enough
                };
                sleep(Duration::from_millis(20)).await;
                permit.finish(if accepted { Outcome::Accepted } else { THROTTLED });
            }
        });
    }
    callers.join_all().await;
    let state = &throttle.snapshot()[0];
    let rate = state.rate.unwrap().as_micros_per_second();
    assert!(rate.abs_diff(25_000_000) < 250_000, "{state:?}");
    assert!(state.throttled * 50 < state.accepted, "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_limit_asks_for_no_time() {
    let throttle = Adaptive::new();
    acquire(&throttle).await.finish(Outcome::Accepted);
    advance(Duration::from_hours(24 * 365)).await;
    acquire(&throttle).await.finish(Outcome::Accepted);
}
