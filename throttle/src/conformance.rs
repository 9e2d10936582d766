//! The tests that every [`Throttle`] must pass: the contract of the trait, executable.
//!
//! Run them under a paused clock:
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! use tidegate_throttle::{Adaptive, conformance};
//!
//! conformance::all(Adaptive::new).await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```

use std::{
    future::Future,
    num::NonZeroU32,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::admission::{Call, Class, Outcome, Permit, Throttle};

/// Longer than any implementation may keep a caller waiting whose limit is not busy.
const PATIENCE: Duration = Duration::from_hours(24);

/// Runs every test on throttles that `make` makes, one for each test.
///
/// # Panics
///
/// If an implementation breaks the contract of [`Throttle`].
///
/// # Cancel safety
///
/// Dropping it ends the test in progress.
pub async fn all<T: Throttle + 'static>(make: impl Fn() -> T + Send + Sync) {
    admits(make()).await;
    is_live(make()).await;
    keeps_limits_apart(make()).await;
    loses_nothing_to_cancellation(make()).await;
    returns_what_was_not_sent(make()).await;
    keeps_the_order(make()).await;
    takes_every_class_and_cost(make()).await;
    works_behind_pointers(make()).await;
}

/// The first call of a limit is admitted.
async fn admits(throttle: impl Throttle) {
    acquire(&throttle, &call("first")).await.finish(Outcome::Accepted);
}

/// As long as permits are finished or dropped, every caller is admitted, whatever the outcomes.
async fn is_live(throttle: impl Throttle + 'static) {
    let throttle = Arc::new(throttle);
    let mut callers = JoinSet::new();
    for caller in 0..50_u32 {
        let throttle = Arc::clone(&throttle);
        callers.spawn(async move {
            for turn in 0..4 {
                let mut permit = acquire(&throttle, &call("busy")).await;
                sleep(Duration::from_millis(20)).await;
                match (caller + turn) % 5 {
                    0 => permit.finish(Outcome::Throttled { retry_after: None }),
                    1 => drop(permit),
                    2 => permit.sent(),
                    _ => permit.finish(Outcome::Accepted),
                }
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        assert!(caller.is_ok(), "a caller was never admitted");
    }
}

/// A throttle on one limit does not stop calls of another account, region, service, operation or resource.
async fn keeps_limits_apart(throttle: impl Throttle) {
    let throttled = call("throttled");
    let retry_after = Some(PATIENCE * 2);
    acquire(&throttle, &throttled).await.finish(Outcome::Throttled { retry_after });
    let others = [
        throttled.clone().account("other"),
        throttled.clone().region("other"),
        throttled.clone().resource("other"),
        Call::new("other", "throttled"),
        call("other"),
    ];
    for other in others {
        acquire(&throttle, &other).await.finish(Outcome::Accepted);
    }
}

/// Callers that give up, while they wait or at once, leave the others as they were.
async fn loses_nothing_to_cancellation(throttle: impl Throttle) {
    let call = call("given-up");
    for turn in 0..100 {
        let _permit = timeout(Duration::from_millis(turn), throttle.acquire(&call)).await;
        let mut given_up = pin!(throttle.acquire(&call));
        let _: Poll<_> = given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    acquire(&throttle, &call).await.finish(Outcome::Accepted);
}

/// A permit that is dropped before its request left is as if it had never been.
async fn returns_what_was_not_sent(throttle: impl Throttle) {
    let began = Instant::now();
    for _ in 0..1_000 {
        drop(acquire(&throttle, &call("unsent")).await);
    }
    assert!(began.elapsed() < Duration::from_mins(1), "permits that were never sent cost time");
    acquire(&throttle, &call("unsent")).await.finish(Outcome::Accepted);
}

/// Callers of one limit are admitted in the order in which they began to wait.
async fn keeps_the_order(throttle: impl Throttle + 'static) {
    let throttle = Arc::new(throttle);
    let retry_after = Some(Duration::from_secs(1));
    acquire(&throttle, &call("ordered")).await.finish(Outcome::Throttled { retry_after });
    let admitted = Arc::new(Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    for caller in 0..100 {
        let (throttle, admitted) = (Arc::clone(&throttle), Arc::clone(&admitted));
        callers.spawn(async move {
            let permit = acquire(&throttle, &call("ordered")).await;
            admitted.lock().unwrap_or_else(PoisonError::into_inner).push(caller);
            permit.finish(Outcome::Accepted);
        });
        // Each begins to wait before the next one does.
        sleep(Duration::from_millis(1)).await;
    }
    while callers.join_next().await.is_some() {}
    let admitted = admitted.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(admitted.is_sorted() && admitted.len() == 100, "admitted out of order: {admitted:?}");
}

/// Calls that cost much, and calls whose answers are held back, are admitted too.
async fn takes_every_class_and_cost(throttle: impl Throttle) {
    let dear = call("mixed").cost(NonZeroU32::MAX);
    acquire(&throttle, &dear).await.finish(Outcome::Accepted);
    let polls = call("polled").class(Class::LongPoll);
    let held = [acquire(&throttle, &polls).await, acquire(&throttle, &polls).await];
    acquire(&throttle, &polls).await.finish(Outcome::Accepted);
    drop(held);
}

/// References, boxes and arcs admit as what is behind them does.
async fn works_behind_pointers(throttle: impl Throttle + 'static) {
    let boxed: Box<dyn Throttle> = Box::new(throttle);
    let shared: Arc<dyn Throttle> = Arc::new(boxed);
    acquire(&&shared, &call("pointed-to")).await.finish(Outcome::Accepted);
}

fn call(operation: &'static str) -> Call {
    Call::new("conformance", operation)
}

async fn acquire(throttle: &impl Throttle, call: &Call) -> Permit {
    let Ok(admitted) = timeout(PATIENCE, throttle.acquire(call)).await else {
        panic!("{call} was not admitted within a day");
    };
    admitted.unwrap_or_else(|refused| panic!("an idle throttle refused {call}: {refused}"))
}
