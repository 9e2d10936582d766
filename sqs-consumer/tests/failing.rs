//! A step of a pipeline that fails for as long as the policy tries: what becomes of the message, and of those that follow it;
//! on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{sync::Arc, time::Duration};

use tidegate_lanes::dead_letter::Memory;
use tidegate_sqs_consumer::{ErrorKind, Pipelining, Policy, version::Committed};
use tokio::time::sleep;

use self::world::{
    FIFO, QUEUE, World,
    store::{Fault, STEPS, Step, Store, What, When, send},
};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// Whether they conflate, and the queue: of a group, a FIFO queue hands out what is in one batch, and no more until that is deleted.
const KINDS: [(bool, &str); 2] = [(false, FIFO), (true, QUEUE)];

/// Three attempts.
fn policy() -> Policy {
    Policy::default().retries(|| [SECOND; 2])
}

/// Of each key the second message that runs fails so often, in the step that the key is named after.
fn scene(store: &Store, times: usize) -> Vec<String> {
    let fault = |step| Fault { step, when: When::Before, what: What::Fails, skips: 1, times };
    let keys = STEPS.map(|step| (format!("{step:?}"), fault(step)));
    keys.map(|(key, fault)| {
        store.fault(&key, fault);
        key
    })
    .into()
}

/// The first begins as it comes; when they conflate, the newest is next.
fn failing(conflate: bool) -> u64 {
    if conflate { 3 } else { 2 }
}

fn bodies(keys: &[String], versions: &[u64]) -> Vec<String> {
    versions.iter().flat_map(|version| keys.iter().map(move |key| format!("{key} {version}"))).collect()
}

/// What went to the dead letters, sorted.
fn written(letters: &Memory) -> Vec<String> {
    let body = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
    let mut all: Vec<_> = letters.letters().iter().map(|letter| body(&letter.body)).collect();
    all.sort();
    all
}

fn sorted(mut bodies: Vec<String>) -> Vec<String> {
    bodies.sort();
    bodies
}

/// Whether a message that is given up in this step is stored already.
fn is_stored(key: &str) -> bool {
    ["Publish", "Mark"].contains(&key)
}

#[tokio::test(start_paused = true)]
async fn halted_it_is_tried_until_it_is_done_and_nothing_overtakes_it() {
    for (conflate, queue) in KINDS {
        let (world, store) = (World::new().await, Store::new());
        let keys = scene(&store, 10);
        let pipelining =
            Pipelining::new(store.clone()).memory(0).conflate(conflate).on_failure(policy().halt());
        let mut running = world.consumer(queue).build().unwrap().run_pipeline(pipelining);
        let sent = send(&world, queue, bodies(&keys, &[1, 2, 3]));
        store.empties(&world, queue, &sent).await;
        let _ = running.shutdown(DEADLINE).await.unwrap();
        store.check(keys.iter().map(|key| (key, 3)));
        for key in &keys {
            let stored = if conflate { vec![1, 3] } else { vec![1, 2, 3] };
            assert_eq!(store.versions(key, Step::Store), stored, "{key}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dead_lettered_it_is_written_and_the_others_go_on() {
    for (conflate, queue) in KINDS {
        let (world, store, letters) = (World::new().await, Store::new(), Arc::new(Memory::new()));
        let keys = scene(&store, 3);
        let policy = policy().dead_letter_to(Arc::<Memory>::clone(&letters));
        let pipelining = Pipelining::new(store.clone()).memory(0).conflate(conflate).on_failure(policy);
        let mut running = world.consumer(queue).build().unwrap().run_pipeline(pipelining);
        send(&world, queue, bodies(&keys, &[1, 2, 3]));
        world.empties(queue).await;
        assert_eq!(written(&letters), sorted(bodies(&keys, &[failing(conflate)])));
        for key in &keys {
            let stored = match (is_stored(key), conflate) {
                (true, false) => vec![1, 2, 3],
                // What waited is older, and as good as before.
                (false, true) => vec![1, 2],
                (true, true) | (false, false) => vec![1, 3],
            };
            assert_eq!(store.versions(key, Step::Store), stored, "{key}");
            let row = store.look().rows[key];
            // What was given up after its store is published by the next message, before anything is stored over it.
            let published = !(is_stored(key) && conflate);
            assert_eq!(row, Committed { version: stored[stored.len() - 1], published }, "{key}");
        }
        send(&world, queue, bodies(&keys, &[4]));
        world.empties(queue).await;
        let _ = running.shutdown(DEADLINE).await.unwrap();
        store.check(keys.iter().map(|key| (key, 4)));
    }
}

#[tokio::test(start_paused = true)]
async fn diverted_it_is_written_and_so_are_the_others() {
    for (conflate, queue) in KINDS {
        let (world, store, letters) = (World::new().await, Store::new(), Arc::new(Memory::new()));
        let keys = scene(&store, 3);
        let policy = policy().divert_to(Arc::<Memory>::clone(&letters));
        let pipelining = Pipelining::new(store.clone()).memory(0).conflate(conflate).on_failure(policy);
        let mut running = world.consumer(queue).build().unwrap().run_pipeline(pipelining);
        send(&world, queue, bodies(&keys, &[1, 2, 3]));
        world.empties(queue).await;
        send(&world, queue, bodies(&keys, &[4]));
        world.empties(queue).await;
        let _ = running.shutdown(DEADLINE).await.unwrap();
        assert_eq!(written(&letters), sorted(bodies(&keys, &[2, 3, 4])), "conflate: {conflate}");
        for key in &keys {
            let row = store.look().rows[key];
            let given_up = Committed { version: failing(conflate), published: false };
            let done = Committed { version: 1, published: true };
            assert_eq!(row, if is_stored(key) { given_up } else { done }, "{key}");
        }
        assert!(store.look().broken.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_it_is_given_back_with_the_others_and_the_next_run_completes_them() {
    for (conflate, queue) in KINDS {
        for step in STEPS {
            let (world, store) = (World::new().await, Store::new());
            store.fault("k", Fault { step, when: When::Before, what: What::Fails, skips: 1, times: 3 });
            let run = || {
                let pipelining = Pipelining::new(store.clone()).memory(0).conflate(conflate);
                world.consumer(queue).build().unwrap().run_pipeline(pipelining.on_failure(policy().stop()))
            };
            let mut first = run();
            let sent = send(&world, queue, ["k 1", "k 2", "k 3"]);
            let error = first.wait().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Handler);
            let view = world.sqs.queue(queue).unwrap();
            assert_eq!((view.visible, view.in_flight), (2, 0), "at once, {step:?}");
            store.check_gone(&world, queue, &sent);
            let mut second = run();
            store.empties(&world, queue, &sent).await;
            let _ = second.shutdown(DEADLINE).await.unwrap();
            store.check([("k", 3)]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_fails_takes_along_another_key() {
    let (world, store) = (World::new().await, Store::new());
    let keys = scene(&store, usize::MAX);
    let pipelining = Pipelining::new(store.clone()).memory(0).on_failure(policy().halt());
    let mut running = world.consumer(FIFO).build().unwrap().run_pipeline(pipelining);
    send(&world, FIFO, bodies(&keys, &[1, 2, 3]));
    let others: Vec<_> = (0..200).map(|it| format!("other{it}")).collect();
    send(&world, FIFO, bodies(&others, &[1, 2, 3]));
    sleep(60 * SECOND).await;
    assert!(others.iter().all(|key| store.look().rows[key] == Committed { version: 3, published: true }));
    assert_eq!(world.left(FIFO), 2 * keys.len());
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert!(report.is_whole() && report.totals.given_back >= 10, "{report:?}");
}
