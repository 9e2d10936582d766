//! A pipeline that is shut down, on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::time::Duration;

use tidegate_sqs_consumer::{Pipelining, Policy};
use tokio::time::{Instant, sleep};

use self::world::{
    FIFO, QUEUE, World,
    store::{Fault, Step, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// At any instant of a full load.
#[tokio::test(start_paused = true)]
async fn a_shutdown_under_full_load_leaves_nothing_in_flight_and_nothing_unpublished() {
    for (number, conflate) in (0..12).map(|it| (it, it % 2 == 0)) {
        let queue = [QUEUE, FIFO][number % 4 / 2];
        let (world, store) = (World::new().await, Store::new());
        store.slow([Step::Store, Step::Publish, Step::Mark][number % 3], SECOND / 4);
        let sent = send(&world, queue, (0..200).map(|it| format!("k{} {}", it % 40, it / 40 + 1)));
        let run = || {
            let pipelining = Pipelining::new(store.clone()).conflate(conflate);
            world.consumer(queue).max_unprocessed(60).build().unwrap().run_pipeline(pipelining)
        };
        let mut first = run();
        sleep(SECOND / 1_000 * u32::try_from(200 + number * 37).unwrap()).await;
        assert!(first.health().held >= 50, "{:?}", first.health());
        let report = first.shutdown(DEADLINE).await.unwrap();
        assert!(report.is_whole(), "{report:?}");
        let view = world.sqs.queue(queue).unwrap();
        let left = 200 - usize::try_from(report.totals.deleted).unwrap();
        assert_eq!((view.in_flight, view.visible), (0, left));
        assert!(store.look().rows.values().all(|it| it.published), "what was stored was finished");
        store.check_gone(&world, queue, &sent);
        let mut second = run();
        store.empties(&world, queue, &sent).await;
        let _ = second.shutdown(DEADLINE).await.unwrap();
        store.check((0..40).map(|key| (format!("k{key}"), 5)));
    }
}

/// What waits to be conflated does not wait for what runs.
#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_back_at_once_what_waits_to_be_conflated() {
    let (world, store) = (World::new().await, Store::new());
    store.slow(Step::Process, 20 * SECOND);
    send(&world, QUEUE, ["k 1", "k 2", "k 3"]);
    let consumer = world.consumer(QUEUE).wait(SECOND).build().unwrap();
    let mut running = consumer.run_pipeline(Pipelining::new(store.clone()).conflate(true));
    sleep(SECOND).await;
    let (report, ()) = tokio::join!(running.shutdown(DEADLINE), async {
        sleep(2 * SECOND).await;
        assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 2);
    });
    let totals = report.unwrap().totals;
    assert_eq!((totals.deleted, totals.given_back), (1, 2));
    store.check([("k", 1)]);
}

/// What is stored and was not published by the end of the deadline is given back, or reported.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_cuts_off_says_so() {
    for (conflate, deadline) in [(false, 2), (true, 2), (false, 0), (true, 0)] {
        let (world, store) = (World::new().await, Store::new());
        store.slow(Step::Publish, 3_600 * SECOND);
        let sent = send(&world, QUEUE, (0..100).map(|it| format!("k{it} 1")));
        let consumer = world.consumer(QUEUE).wait(SECOND).build().unwrap();
        let mut first = consumer.run_pipeline(Pipelining::new(store.clone()).conflate(conflate));
        sleep(SECOND).await;
        let unpublished = store.look().rows.len();
        assert_eq!((unpublished, store.count(Step::Publish)), (64, 0));
        let report = first.shutdown(deadline * SECOND).await.unwrap();
        assert_eq!(report.totals.deleted, 0);
        assert_eq!(report.is_whole(), deadline > 0, "{report:?}");
        assert_eq!(report.abandoned + usize::try_from(report.totals.given_back).unwrap(), 100, "{report:?}");
        store.slow(Step::Publish, Duration::ZERO);
        let mut second = world.consumer(QUEUE).build().unwrap().run_pipeline(Pipelining::new(store.clone()));
        store.empties(&world, QUEUE, &sent).await;
        let _ = second.shutdown(DEADLINE).await.unwrap();
        store.check((0..100).map(|key| (format!("k{key}"), 1)));
        assert_eq!(store.count(Step::Store), 100, "nothing is stored twice");
    }
}

/// A retry that runs when the consumer is shut down has the deadline, as everything else that has begun.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_cut_off_a_retry_between_store_and_publish() {
    let (world, store) = (World::new().await, Store::new());
    store.fault("k", Fault { step: Step::Load, when: When::Before, what: What::Fails, skips: 0, times: 1 });
    store.slow(Step::Publish, 5 * SECOND);
    send(&world, QUEUE, ["k 1"]);
    let pipelining = Pipelining::new(store.clone()).on_failure(Policy::default().retries(|| [SECOND / 2]));
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    sleep(SECOND / 4).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!((report.totals.deleted, report.totals.given_back), (1, 0));
    store.check([("k", 1)]);
}

/// What fails again and again is another's to try, and a shutdown does not wait for it until its deadline.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_what_only_fails() {
    for pause in [10, 100, 500] {
        let (world, store) = (World::new().await, Store::new());
        store.fault(
            "k",
            Fault { step: Step::Store, when: When::Before, what: What::Fails, skips: 0, times: 9_999 },
        );
        send(&world, QUEUE, ["k 1"]);
        let retries = move || std::iter::repeat(Duration::from_millis(pause));
        let pipelining = Pipelining::new(store.clone()).on_failure(Policy::default().retries(retries));
        let mut running = world.consumer(QUEUE).wait(SECOND).build().unwrap().run_pipeline(pipelining);
        sleep(SECOND * 5).await;
        let begun = Instant::now();
        let report = running.shutdown(DEADLINE).await.unwrap();
        assert_eq!((report.totals.given_back, report.is_whole()), (1, true));
        assert!(begun.elapsed() < 5 * SECOND, "{:?} with retries after {pause} ms", begun.elapsed());
    }
}
