//! Entities with versions through the pipeline, on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{sync::Arc, time::Duration};

use tidegate_lanes::dead_letter;
use tidegate_sqs_consumer::{Pipelining, Policy, version::Committed};
use tokio::time::sleep;

use self::world::{
    FIFO, QUEUE, World,
    store::{Fault, Step, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_greatest_version_is_stored_and_published_and_the_rest_is_acknowledged() {
    for queue in [QUEUE, FIFO] {
        for conflate in [false, true] {
            let (world, store) = (World::new().await, Store::new());
            // Stale ones and duplicates.
            let versions = [3, 5, 1, 4, 5, 2].into_iter();
            let sent =
                send(&world, queue, versions.flat_map(|it| (0..20).map(move |key| format!("k{key} {it}"))));
            let pipelining = Pipelining::new(store.clone()).conflate(conflate).loads(4);
            let tally = pipelining.tally();
            let mut running = world.consumer(queue).build().unwrap().run_pipeline(pipelining);
            store.empties(&world, queue, &sent).await;
            let report = running.shutdown(DEADLINE).await.unwrap();
            assert_eq!(report.totals.deleted, 120);
            store.check((0..20).map(|key| (format!("k{key}"), 5)));
            let totals = tally.totals();
            assert_eq!(
                totals.stored + totals.stale + totals.duplicates + totals.conflated,
                120,
                "each message has one end: {totals:?}"
            );
            assert_eq!(totals.published_again, 0, "nothing went wrong");
            assert_eq!(totals.loads, 20, "a warm key is not loaded again");
            assert_eq!(store.look().most_loading, 4, "loads at once");
            assert_eq!(conflate, totals.conflated > 0, "{totals:?}");
            // What is stale or a duplicate causes nothing but its acknowledgement.
            for step in [Step::Process, Step::Store, Step::Publish, Step::Mark] {
                assert_eq!(store.count(step) as u64, totals.stored, "{step:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_race_on_a_key_and_the_condition_decides() {
    let (world, store) = (World::new().await, Store::new());
    let sent = send(&world, QUEUE, (1..=200).map(|it| format!("k{} {it}", it % 3)));
    let run = || {
        let pipelining = Pipelining::new(store.clone());
        let tally = pipelining.tally();
        (world.consumer(QUEUE).max_unprocessed(10).build().unwrap().run_pipeline(pipelining), tally)
    };
    let ((mut one, tally), (mut other, others)) = (run(), run());
    store.empties(&world, QUEUE, &sent).await;
    let _ = one.shutdown(DEADLINE).await.unwrap();
    let _ = other.shutdown(DEADLINE).await.unwrap();
    let overtaken = tally.totals().overtaken + others.totals().overtaken;
    assert!(overtaken > 0, "they met");
    store.check([("k0", 198), ("k1", 199), ("k2", 200)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_stores_nothing() {
    let (world, store) = (World::new().await, Store::new());
    store.slow(Step::Process, 80 * SECOND);
    send(&world, QUEUE, ["k 1"]);
    let consumer = world.consumer(QUEUE).max_extension(60 * SECOND).build().unwrap();
    let running = consumer.run_pipeline(Pipelining::new(store.clone()));
    sleep(150 * SECOND).await;
    assert_eq!((running.health().totals.lost, world.left(QUEUE)), (2, 1));
    assert_eq!((store.count(Step::Process), store.count(Step::Store)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_goes_to_the_dead_letters() {
    let (world, store) = (World::new().await, Store::new());
    send(&world, QUEUE, ["k 1", "k one"]);
    let letters = Arc::new(dead_letter::Memory::new());
    let pipelining =
        Pipelining::new(store.clone())
            .on_failure(Policy::default().letters(Arc::<dead_letter::Memory>::clone(&letters)));
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    store.check([("k", 1)]);
    let errors: Vec<_> = letters.letters().iter().map(|it| it.error.clone()).collect();
    assert_eq!(errors, ["invalid digit found in string"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_keys_are_remembered_than_there_is_room_for() {
    // Two messages of each of ten keys, one key after the other, three times: what is used least recently is what is needed next.
    for (memory, loads) in [(0, 60), (1, 30), (9, 30), (10, 10), (11, 10)] {
        let (world, store) = (World::new().await, Store::new());
        let pipelining = Pipelining::new(store.clone()).memory(memory);
        let tally = pipelining.tally();
        let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
        for round in 0..3 {
            for key in 0..10 {
                let sent = send(&world, QUEUE, [1, 2].map(|it| format!("k{key} {}", round * 2 + it)));
                store.empties(&world, QUEUE, &sent).await;
            }
        }
        let _ = running.shutdown(DEADLINE).await.unwrap();
        assert_eq!(tally.totals().loads, loads, "with room for {memory}");
        store.check((0..10).map(|key| (format!("k{key}"), 6)));
    }
}

/// After the condition of a write did not hold, the retry of a failed load would store by what is remembered.
#[tokio::test(start_paused = true)]
async fn what_is_overtaken_is_forgotten() {
    let (world, store) = (World::new().await, Store::new());
    let pipelining = Pipelining::new(store.clone());
    let tally = pipelining.tally();
    let mut running = world.consumer(QUEUE).build().unwrap().run_pipeline(pipelining);
    let sent = send(&world, QUEUE, ["k 1"]);
    store.empties(&world, QUEUE, &sent).await;
    // By another process.
    store.look().rows.insert("k".to_owned(), Committed { version: 5, published: true });
    store.fault("k", Fault { step: Step::Load, when: When::Before, what: What::Fails, skips: 0, times: 2 });
    let sent = send(&world, QUEUE, ["k 6"]);
    store.empties(&world, QUEUE, &sent).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!((tally.totals().overtaken, tally.totals().loads), (1, 2), "it is loaded until that works");
    store.check([("k", 6)]);
}
