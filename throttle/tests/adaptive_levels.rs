//! Calls that draw from several limits.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use tidegate_throttle::{Adaptive, Blame, Call, LimitState, Outcome, Permit, QuotaCode, Throttle};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use self::bucket::Bucket;

const SECOND: Duration = Duration::from_secs(1);
const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

/// Route 53 counts each action, and all of them together.
fn route53(operation: &'static str) -> Call {
    Call::new("route53", operation).account("123456789012")
}

async fn permit(throttle: &Adaptive, call: &Call) -> Permit {
    throttle.acquire(call).await.unwrap()
}

fn state(throttle: &Adaptive, name: &str) -> LimitState {
    let of_name = |it: &LimitState| it.limit.name() == name;
    throttle.snapshot().into_iter().find(of_name).unwrap_or_else(|| panic!("{name} in {throttle:?}"))
}

/// The limit that all operations of Route 53 share.
fn shared(throttle: &Adaptive) -> LimitState {
    throttle.snapshot().into_iter().find(|it| it.limit.name().starts_with(char::is_lowercase)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_draws_from_its_own_limit_and_from_the_shared_one() {
    let throttle = Adaptive::new();
    for operation in ["ListHostedZones", "GetHostedZone"] {
        permit(&throttle, &route53(operation)).await.finish(Outcome::Accepted);
    }
    let accepted = |name: &str| state(&throttle, name).accepted;
    assert_eq!((accepted("ListHostedZones"), accepted("GetHostedZone")), (1, 1));
    assert_eq!(shared(&throttle).accepted, 2);
    assert_eq!(throttle.snapshot().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_dropped_gives_back_to_all_of_them() {
    let throttle = Adaptive::new();
    for _ in 0..1_000 {
        drop(permit(&throttle, &route53("ListHostedZones")).await);
    }
    assert!(throttle.snapshot().iter().all(|it| (it.in_flight, it.accepted, it.unknown) == (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_in_the_second_line_gives_back_to_the_first() {
    let throttle = Adaptive::new();
    let mut stopped = permit(&throttle, &route53("GetHostedZone")).await;
    stopped.blame(Blame::Widest);
    stopped.finish(Outcome::Throttled { retry_after: Some(SECOND * 60) });
    let call = route53("ListHostedZones");
    assert!(timeout_at(Instant::now() + SECOND, throttle.acquire(&call)).await.is_err());
    assert_eq!(state(&throttle, "ListHostedZones").in_flight, 0);
    // The pause of the shared limit is everybody's.
    let began = Instant::now();
    drop(permit(&throttle, &call).await);
    assert!(began.elapsed() >= SECOND * 59);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_blamed_on_the_limit_that_the_service_names() {
    let throttle = Adaptive::new();
    let call = route53("ListHostedZones");
    let throttled = || (state(&throttle, "ListHostedZones").throttled, shared(&throttle).throttled);
    for (blame, expected) in [
        (Some(Blame::Narrowest), (1, 0)),
        (Some(Blame::Widest), (1, 1)),
        (Some(Blame::Quota(QuotaCode::new("L-00000000").unwrap())), (2, 1)),
        (None, (3, 1)),
    ] {
        let mut permit = permit(&throttle, &call).await;
        if let Some(blame) = blame {
            permit.blame(blame);
        }
        permit.finish(THROTTLED);
        assert_eq!(throttled(), expected, "{blame:?}");
        sleep(SECOND * 5).await;
    }
}

#[tokio::test(start_paused = true)]
async fn operations_that_are_throttled_together_blame_what_they_share() {
    let throttle = Adaptive::new();
    permit(&throttle, &route53("ListHostedZones")).await.finish(THROTTLED);
    permit(&throttle, &route53("GetHostedZone")).await.finish(THROTTLED);
    assert_eq!(shared(&throttle).throttled, 1);
    assert_eq!(state(&throttle, "ListHostedZones").throttled, 1);
    assert_eq!(state(&throttle, "GetHostedZone").throttled, 0);
}

/// Twelve actions, each with a bucket of its own and one for all: whatever is tight, it is used.
async fn twelve(own: f64, all: f64) -> (u32, u32) {
    let throttle = Adaptive::new();
    let shared = Arc::new(Bucket::new(all, all));
    let end = Instant::now() + SECOND * 120;
    let mut tasks = JoinSet::new();
    for action in 0..12 {
        let bucket = Arc::new(Bucket::new(own, own));
        for _ in 0..8 {
            let (throttle, bucket, shared) = (throttle.clone(), Arc::clone(&bucket), Arc::clone(&shared));
            tasks.spawn(async move {
                let call = Call::new("route53", format!("Action{action}")).account("123456789012");
                let mut counts = (0, 0);
                while let Ok(permit) = timeout_at(end, throttle.acquire(&call)).await {
                    let mut permit = permit.unwrap();
                    permit.sent();
                    let accepted = bucket.take() && shared.take();
                    sleep(Duration::from_millis(20)).await;
                    permit.finish(if accepted { Outcome::Accepted } else { THROTTLED });
                    counts.0 += u32::from(accepted);
                    counts.1 += u32::from(!accepted);
                }
                counts
            });
        }
    }
    tasks.join_all().await.into_iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

#[tokio::test(start_paused = true)]
async fn the_tight_one_of_two_levels_is_used() {
    // The account's bucket is the tight one: 10 a second for all.
    let (accepted, throttled) = twelve(50.0, 10.0).await;
    assert!(accepted >= 1_140, "{accepted} of 1,210 let through");
    assert!(throttled * 100 <= accepted * 6, "{throttled} throttled of {accepted}");
    // The actions' own are: 5 a second each. All are stopped at once at first, which looks like one limit for all:
    // it takes a minute to find out.
    let (accepted, throttled) = twelve(5.0, 200.0).await;
    assert!(accepted >= 5_000, "{accepted} of 7,260 let through");
    assert!(throttled * 100 <= accepted * 6, "{throttled} throttled of {accepted}");
}

#[tokio::test(start_paused = true)]
async fn requests_and_instances_are_counted_apart() {
    let throttle = Adaptive::new();
    let run = Call::new("ec2", "RunInstances").region("eu-west-1").cost(NonZeroU32::new(40).unwrap());
    permit(&throttle, &run).await.finish(Outcome::Accepted);
    let limits = throttle.snapshot();
    assert_eq!(limits.len(), 2, "{limits:?}");
    let documented = limits.iter().filter_map(|it| Some(it.documented?.burst)).max();
    assert_eq!(documented, Some(1_000), "{limits:?}");
}
