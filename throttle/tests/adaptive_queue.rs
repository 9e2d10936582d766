//! Queues that stay honest: priorities, bounds, deadlines, caps of calls in flight.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;

use std::{
    error::Error,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_throttle::{
    Adaptive, Call, Class, Concurrency, Outcome, Permit, Priority, QueueFull, Refused, Throttle, WaitTooLong,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use self::bucket::{Bucket, load};

const SECOND: Duration = Duration::from_secs(1);

fn call() -> Call {
    Call::new("test", "Call")
}

/// Closes the limit of [`call`] for a while.
async fn pause(throttle: &Adaptive, pause: Duration) {
    let permit = throttle.acquire(&call()).await.unwrap();
    permit.finish(Outcome::Throttled { retry_after: Some(pause) });
}

fn reason<E: Error + Clone + 'static>(refused: &Refused) -> E {
    refused.source().unwrap().downcast_ref::<E>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn turns_go_by_priority_and_nobody_starves() {
    let throttle = Adaptive::new();
    pause(&throttle, SECOND).await;
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    for priority in Priority::ALL {
        for _ in 0..400 {
            let (throttle, served) = (throttle.clone(), Arc::clone(&served));
            callers.spawn(priority.scope(async move {
                let permit = throttle.acquire(&call()).await.unwrap();
                served.lock().unwrap().push(Priority::current());
                permit.finish(Outcome::Accepted);
            }));
        }
    }
    while callers.join_next().await.is_some() {}
    let served = served.lock().unwrap();
    let count = |priority| served.iter().take(210).filter(|it| **it == priority).count();
    assert!((9..=11).contains(&count(Priority::Background)), "{}", count(Priority::Background));
    assert!((38..=42).contains(&count(Priority::Normal)), "{}", count(Priority::Normal));
    assert_eq!(served.len(), 1_200);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_says_when_to_come_back() {
    let throttle = Adaptive::builder().max_waiting(3).build();
    pause(&throttle, SECOND * 10).await;
    let mut waiting = JoinSet::new();
    for _ in 0..3 {
        let throttle = throttle.clone();
        waiting.spawn(async move { throttle.acquire(&call()).await.unwrap().finish(Outcome::Accepted) });
    }
    tokio::task::yield_now().await;
    let refused = throttle.acquire(&call()).await.unwrap_err();
    assert_eq!(reason::<QueueFull>(&refused).limit().to_string(), "test Call");
    assert_eq!(refused.source().unwrap().to_string(), "3 callers wait for test Call already");
    assert!(refused.retry_after().unwrap() > SECOND * 9);
    assert_eq!(throttle.snapshot()[0].shed, 1);
    while waiting.join_next().await.is_some() {}
    drop(throttle.acquire(&call()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_admitted_in_time_is_refused_at_once() {
    let throttle = Adaptive::new();
    pause(&throttle, SECOND * 10).await;
    let began = Instant::now();
    let refused = throttle.acquire(&call().deadline(began + SECOND * 4)).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    let too_long = reason::<WaitTooLong>(&refused);
    assert_eq!(too_long.most(), SECOND * 4);
    assert!(too_long.wait() > SECOND * 9 && too_long.wait() <= SECOND * 10);
    assert!(refused.retry_after().unwrap() > SECOND * 5);
    // One that has the time is admitted.
    drop(throttle.acquire(&call().deadline(began + SECOND * 20)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn those_ahead_count_as_far_as_the_rate_is_known() {
    let throttle = Adaptive::new();
    load(&throttle, &call(), &Arc::new(Bucket::new(10.0, 10.0)), SECOND * 60).await;
    let mut waiting = JoinSet::new();
    for _ in 0..100 {
        let throttle = throttle.clone();
        waiting.spawn(async move { throttle.acquire(&call()).await.unwrap().finish(Outcome::Accepted) });
    }
    // The runtime runs 61 tasks in one go.
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    // A hundred are ahead at ten a second.
    let refused = throttle.acquire(&call().deadline(Instant::now() + SECOND * 5)).await.unwrap_err();
    let wait = reason::<WaitTooLong>(&refused).wait();
    assert!(wait > SECOND * 8 && wait < SECOND * 11, "{wait:?}");
    let interactive = Priority::Interactive.scope(async {
        let began = Instant::now();
        drop(throttle.acquire(&call().deadline(began + SECOND * 5)).await.unwrap());
        began.elapsed()
    });
    assert!(interactive.await < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_turns_out_too_long_ends() {
    let throttle = Adaptive::builder().max_wait(SECOND * 3).build();
    let held: Vec<Permit> =
        vec![throttle.acquire(&call()).await.unwrap(), throttle.acquire(&call()).await.unwrap()];
    let began = Instant::now();
    // Nothing is known of the limit, whose window is full.
    let refused = throttle.acquire(&call()).await.unwrap_err();
    assert_eq!(began.elapsed(), SECOND * 3);
    assert_eq!(reason::<WaitTooLong>(&refused).most(), SECOND * 3);
    drop(held);
    drop(throttle.acquire(&call()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_bounded_across_limits() {
    let throttle = Adaptive::builder().max_in_flight(NonZeroUsize::new(3).unwrap()).build();
    let (mut callers, most) = (JoinSet::new(), Arc::new(Mutex::new((0, 0))));
    for caller in 0..60 {
        let (throttle, most) = (throttle.clone(), Arc::clone(&most));
        callers.spawn(async move {
            let call = Call::new("test", "Call").resource(format!("{}", caller % 5));
            let permit = throttle.acquire(&call).await.unwrap();
            {
                let mut most = most.lock().unwrap();
                most.0 += 1;
                most.1 = most.1.max(most.0);
            }
            sleep(Duration::from_millis(100)).await;
            most.lock().unwrap().0 -= 1;
            permit.finish(Outcome::Accepted);
        });
    }
    let began = Instant::now();
    while callers.join_next().await.is_some() {}
    assert_eq!(most.lock().unwrap().1, 3);
    assert!(began.elapsed() < Duration::from_millis(2_300), "{:?}", began.elapsed());
}

/// A limit that is paused must not hold slots that others could use.
#[tokio::test(start_paused = true)]
async fn a_slot_is_not_held_by_those_who_wait_for_their_limit() {
    let throttle = Adaptive::builder().max_in_flight(NonZeroUsize::MIN).build();
    pause(&throttle, SECOND * 60).await;
    let waiting = tokio::spawn({
        let throttle = throttle.clone();
        async move { throttle.acquire(&call()).await.map(drop) }
    });
    tokio::task::yield_now().await;
    let other = Call::new("test", "Other");
    drop(timeout(SECOND, throttle.acquire(&other)).await.unwrap().unwrap());
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn long_polls_have_slots_of_their_own() {
    let one = NonZeroUsize::MIN;
    let throttle = Adaptive::builder().max_in_flight(one).max_long_polls(one).build();
    let poll = call().class(Class::LongPoll);
    let held = throttle.acquire(&poll).await.unwrap();
    drop(timeout(SECOND, throttle.acquire(&call())).await.unwrap().unwrap());
    assert!(timeout(SECOND, throttle.acquire(&poll)).await.is_err());
    drop(held);
    drop(timeout(SECOND, throttle.acquire(&poll)).await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_of_one_limit_are_bounded() {
    let throttle = Adaptive::builder().concurrency(Concurrency::AtMost(2)).build();
    let held = [throttle.acquire(&call()).await.unwrap(), throttle.acquire(&call()).await.unwrap()];
    assert!(timeout(SECOND, throttle.acquire(&call())).await.is_err());
    drop(timeout(SECOND, throttle.acquire(&Call::new("test", "Other"))).await.unwrap().unwrap());
    let next = tokio::spawn({
        let throttle = throttle.clone();
        async move { throttle.acquire(&call()).await.map(drop) }
    });
    tokio::task::yield_now().await;
    let [first, second] = held;
    first.finish(Outcome::Accepted);
    next.await.unwrap().unwrap();
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_gives_up_passes_the_turn_on() {
    let throttle = Adaptive::new();
    pause(&throttle, SECOND * 10).await;
    let mut callers = JoinSet::new();
    for patience in 1..=20 {
        let throttle = throttle.clone();
        let patience = SECOND * patience + SECOND / 2;
        callers.spawn(async move { timeout(patience, throttle.acquire(&call())).await.is_ok() });
    }
    let admitted = callers.join_all().await.into_iter().filter(|admitted| *admitted).count();
    assert_eq!(admitted, 11);
    assert_eq!((throttle.snapshot()[0].queued, throttle.snapshot()[0].in_flight), (0, 0));
}
