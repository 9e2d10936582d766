//! What a throttle lets one see, and what it keeps.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_throttle::{Adaptive, Call, Event, Knowledge, Outcome, Throttle, Why};
use tokio::time::{Instant, sleep};

use self::bucket::{Bucket, load};

const SECOND: Duration = Duration::from_secs(1);

fn call() -> Call {
    Call::new("test", "Call")
}

#[tokio::test(start_paused = true)]
async fn events_tell_what_happens() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let throttle = Adaptive::builder()
        .max_waiting(0)
        .on_event({
            let told = Arc::clone(&told);
            move |event| told.lock().unwrap().push(format!("{event:?}").split(' ').next().unwrap().to_owned())
        })
        .build();
    throttle.acquire(&call()).await.unwrap().finish(Outcome::Accepted);
    let retry_after = Some(SECOND);
    throttle.acquire(&call()).await.unwrap().finish(Outcome::Throttled { retry_after });
    throttle.acquire(&call()).await.unwrap_err();
    assert_eq!(
        *told.lock().unwrap(),
        ["Admitted", "Finished", "Admitted", "Paused", "Learnt", "Finished", "Shed"]
    );
}

#[tokio::test(start_paused = true)]
async fn every_listener_hears_and_may_ask_back() {
    let heard = Arc::new(Mutex::new((0, 0)));
    let throttle = Arc::new(Mutex::new(None::<Adaptive>));
    let count = |at: fn(&mut (u32, u32)) -> &mut u32| {
        let (heard, throttle) = (Arc::clone(&heard), Arc::clone(&throttle));
        move |_: &Event<'_>| {
            *at(&mut heard.lock().unwrap()) += 1;
            // A listener that looks at the throttle must not deadlock.
            assert!(throttle.lock().unwrap().as_ref().is_none_or(|it| it.snapshot().len() == 1));
        }
    };
    let built = Adaptive::builder().on_event(count(|it| &mut it.0)).on_event(count(|it| &mut it.1)).build();
    *throttle.lock().unwrap() = Some(built.clone());
    built.acquire(&call()).await.unwrap().finish(Outcome::Accepted);
    assert_eq!(*heard.lock().unwrap(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn explains_what_a_call_waits_for() {
    let throttle = Adaptive::new();
    let why = |call: &Call| throttle.explain(call).waits.first().map(|wait| wait.why);
    assert_eq!(why(&call()), None);
    let held = [throttle.acquire(&call()).await.unwrap(), throttle.acquire(&call()).await.unwrap()];
    assert_eq!(why(&call()), Some(Why::Opening));
    assert_eq!(why(&Call::new("test", "Other")), None);
    let [first, second] = held;
    first.finish(Outcome::Throttled { retry_after: Some(SECOND * 5) });
    second.finish(Outcome::Throttled { retry_after: None });
    assert_eq!(why(&call()), Some(Why::Paused));
    assert_eq!(throttle.explain(&call()).waits[0].at_least, Some(SECOND * 5));
    assert_eq!(
        throttle.explain(&call()).to_string(),
        "test Call: the service asked for a pause, for 5s at least"
    );
    sleep(SECOND * 5).await;
    throttle.acquire(&call()).await.unwrap().finish(Outcome::Accepted);
    assert_eq!(why(&call()), Some(Why::Pace));
}

#[tokio::test(start_paused = true)]
async fn observing_holds_nothing_back_and_learns() {
    let throttle = Adaptive::builder().observe_only().build();
    let bucket = Arc::new(Bucket::new(20.0, 20.0));
    let began = Instant::now();
    let (accepted, throttled) = load(&throttle, &call(), &bucket, SECOND * 20).await;
    // 32 tasks at 20 ms, nobody in their way.
    assert!(accepted + throttled > 30_000 && began.elapsed() < SECOND * 21, "{accepted} {throttled}");
    let limit = &throttle.snapshot()[0];
    assert!(limit.rate.is_some() && limit.throttled > 1_000);
    drop(throttle.acquire(&call()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_was_learnt_survives_a_restart() {
    let bucket = Arc::new(Bucket::new(20.0, 100.0));
    let first = Adaptive::new();
    load(&first, &call(), &bucket, SECOND * 60).await;
    let rate = first.snapshot()[0].rate.unwrap().as_micros_per_second();
    assert!(rate.abs_diff(20_000_000) < 500_000, "{rate}");

    let knowledge: Knowledge = first.knowledge().to_string().parse().unwrap();
    let second = Adaptive::builder().knowledge(knowledge).build();
    let (_, throttled) = load(&second, &call(), &bucket, SECOND * 20).await;
    assert!(throttled <= 4, "{throttled} refused after a restart");

    let bucket = Arc::new(Bucket::new(20.0, 100.0));
    sleep(SECOND).await;
    let (_, relearnt) = load(&Adaptive::new(), &call(), &bucket, SECOND * 20).await;
    assert!(relearnt > 2 * throttled, "{relearnt} without, {throttled} with knowledge");
}

#[tokio::test(start_paused = true)]
async fn limits_that_nobody_uses_are_forgotten() {
    let throttle = Adaptive::builder().max_limits(NonZeroUsize::new(100).unwrap()).build();
    let busy = throttle.acquire(&call()).await.unwrap();
    for number in 0..1_000 {
        sleep(Duration::from_millis(1)).await;
        let call = Call::new("test", "Call").resource(number.to_string());
        throttle.acquire(&call).await.unwrap().finish(Outcome::Accepted);
        assert!(throttle.snapshot().len() <= 101);
    }
    let snapshot = throttle.snapshot();
    assert!(snapshot.iter().any(|limit| limit.limit.resource().is_empty() && limit.in_flight == 1));
    // The newest are kept.
    assert!(snapshot.iter().any(|limit| limit.limit.resource() == "999"));
    busy.finish(Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_how_things_are() {
    let throttle = Adaptive::new();
    let bucket = Arc::new(Bucket::new(50.0, 100.0));
    load(&throttle, &call(), &bucket, SECOND * 30).await;
    let limit = &throttle.snapshot()[0];
    assert_eq!(limit.limit.to_string(), "test Call");
    assert!(limit.accepted >= 1_550 && limit.throttled < 60, "{limit:?}");
    assert!(limit.rate.unwrap().as_micros_per_second().abs_diff(50_000_000) < 1_500_000, "{limit:?}");
    assert!(limit.burst.is_some_and(|burst| (70..=130).contains(&burst)), "{limit:?}");
    assert_eq!((limit.queued, limit.in_flight, limit.shed), (0, 0, 0));
}
