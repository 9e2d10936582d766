//! Of the messages of a key that wait only the newest runs: what becomes of the others; on the embedded AWS, in process, under
//! a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::time::Duration;

use tidegate_sqs_consumer::Pipelining;
use tokio::time::sleep;

use self::world::{
    QUEUE, World,
    store::{Fault, STEPS, Step, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn of_those_that_wait_only_the_newest_runs() {
    let (world, store) = (World::new().await, Store::new());
    store.slow(Step::Process, 5 * SECOND);
    let sent = send(&world, QUEUE, (1..=50).map(|it| format!("k {it}")));
    let pipelining = Pipelining::new(store.clone()).conflate(true);
    let tally = pipelining.tally();
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    store.empties(&world, QUEUE, &sent).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k", 50)]);
    assert_eq!(store.versions("k", Step::Process), [1, 50], "the first did not wait");
    assert_eq!(tally.totals().conflated, 48);
}

/// Until then it is theirs to make up for it, should the process end.
#[tokio::test(start_paused = true)]
async fn those_that_are_covered_are_not_acknowledged_before_the_newest_is_published() {
    for ends in [false, true] {
        let (world, store) = (World::new().await, Store::new());
        let points = STEPS.into_iter().flat_map(|step| [When::Before, When::After].map(|when| (step, when)));
        let mut keys = Vec::new();
        for (step, when) in points {
            keys.push(format!("{step:?}-{when:?}"));
            // Of the second that runs, which is the newest.
            let fault = Fault { step, when, what: What::Hangs, skips: 1, times: 1 };
            store.fault(&keys[keys.len() - 1], fault);
        }
        let run = || {
            let pipelining = Pipelining::new(store.clone()).memory(0).conflate(true);
            let tally = pipelining.tally();
            (world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining), tally)
        };
        let (mut first, tally) = run();
        let sent = (1..=9).flat_map(|version| keys.iter().map(move |key| format!("{key} {version}")));
        let sent = send(&world, QUEUE, sent);
        store.hangs(keys.len()).await;
        sleep(100 * SECOND).await;
        assert_eq!((world.left(QUEUE), tally.totals().conflated), (80, 0), "the first of each is gone");
        assert_eq!(world.sqs.queue(QUEUE).unwrap().in_flight, 80, "the others are kept");
        if ends {
            drop(first);
            (first, _) = run();
        } else {
            store.resume();
        }
        store.empties(&world, QUEUE, &sent).await;
        let report = first.shutdown(DEADLINE).await.unwrap();
        store.check(keys.iter().map(|key| (key, 9)));
        assert_eq!(report.totals.deleted, if ends { 80 } else { 90 });
        assert_eq!(tally.totals().conflated, if ends { 0 } else { 70 });
    }
}

/// It is not deleted for what was stored meanwhile: it comes again, and then it is.
#[tokio::test(start_paused = true)]
async fn one_that_is_lost_while_it_waits_comes_again_and_is_covered() {
    let (world, store) = (World::new().await, Store::new());
    store.slow(Step::Process, 40 * SECOND);
    let consumer = world.consumer(QUEUE).max_extension(60 * SECOND).build().unwrap();
    let pipelining = Pipelining::new(store.clone()).conflate(true).concurrency(1);
    let tally = pipelining.tally();
    let mut running = consumer.run_pipeline(pipelining);
    // From 0 to 40 s the other one runs, and from then on the second version; the first is lost at 60 s.
    let mut sent = send(&world, QUEUE, ["other 1", "k 1"]);
    sleep(30 * SECOND).await;
    sent.extend(send(&world, QUEUE, ["k 2"]));
    sleep(35 * SECOND).await;
    assert_eq!((running.health().totals.lost, store.count(Step::Store)), (1, 1));
    store.empties(&world, QUEUE, &sent).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k", 2), ("other", 1)]);
    assert_eq!((report.totals.received, report.totals.deleted), (4, 3));
    assert_eq!(store.versions("k", Step::Process), [2], "the first never ran");
    assert_eq!(tally.totals().conflated, 2, "it was covered twice");
}

/// It was dropped where it was, and covers nothing: those that wait are as good as before.
#[tokio::test(start_paused = true)]
async fn the_newest_that_is_lost_leaves_the_others_to_run() {
    let (world, store) = (World::new().await, Store::new());
    store
        .fault("k", Fault { step: Step::Process, when: When::Before, what: What::Hangs, skips: 0, times: 1 });
    let consumer = world.consumer(QUEUE).max_extension(60 * SECOND).build().unwrap();
    let mut running = consumer.run_pipeline(Pipelining::new(store.clone()).conflate(true));
    let mut sent = send(&world, QUEUE, ["k 5"]);
    sleep(40 * SECOND).await;
    sent.extend(send(&world, QUEUE, ["k 3", "k 4"]));
    store.empties(&world, QUEUE, &sent).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k", 5)]);
    assert_eq!(
        store.versions("k", Step::Store),
        [4, 5],
        "the newest of those that were left, and then the lost one"
    );
    assert_eq!((report.totals.lost, report.totals.deleted), (1, 3));
}
