//! Records in batches, on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    iter::empty,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_kinesis_consumer::{
    BatchFailure, Batching, Checkpoint, ErrorKind, Failure, Policy, Record, Running, lease::LeaseStore as _,
};
use tidegate_lanes::dead_letter::Memory;
use tokio::time::{Instant, sleep};

use self::world::World;

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// The sizes of the batches that were done.
type Sizes = Arc<Mutex<Vec<usize>>>;

/// Writes down what is in each batch that has none of these numbers of `key-0`.
fn batching(
    world: &World,
    by: &'static str,
    poison: &'static [&'static str],
) -> (Batching<impl Fn(Vec<Record>) -> Answer + use<>>, Sizes) {
    let (log, sizes) = (world.log.clone(), Sizes::default());
    let done = Arc::clone(&sizes);
    let batching = Batching::new(move |records: Vec<Record>| {
        let is_poison = |record: &Record| {
            record.partition_key() == "key-0" && poison.iter().any(|it| it.as_bytes() == record.data())
        };
        if records.iter().any(is_poison) {
            return std::future::ready(Err(BatchFailure::retry("poison")));
        }
        for record in &records {
            log.push(by, record);
        }
        done.lock().unwrap().push(records.len());
        std::future::ready(Ok(()))
    });
    (batching, sizes)
}

type Answer = std::future::Ready<Result<(), BatchFailure>>;

fn run<F>(world: &World, by: &'static str, batching: Batching<F>) -> Running
where
    F: Fn(Vec<Record>) -> Answer + Send + Sync + 'static,
{
    world.consumer().worker_id(by).build().unwrap().run_batches(batching)
}

#[tokio::test(start_paused = true)]
async fn batches_are_as_large_as_they_may_be_and_in_order() {
    let mut world = World::new(2).await;
    world.write(100, 10).await;
    let (batching, sizes) = batching(&world, "a", &[]);
    let mut running = run(&world, "a", batching.up_to(64, 1 << 20));
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    let sizes = sizes.lock().unwrap().clone();
    assert!(sizes.iter().all(|size| *size <= 64) && sizes.len() <= 1000 / 64 + 8, "{sizes:?}");
    for lease in world.leases().await {
        assert!(lease.owner.is_none() && matches!(lease.checkpoint, Checkpoint::At(_)), "{lease:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_bounded_by_bytes_and_has_at_least_one_record() {
    let mut world = World::new(1).await;
    world.write(9, 3).await;
    // A record is one byte here.
    let (small, sizes) = batching(&world, "a", &[]);
    let mut running = run(&world, "a", small.up_to(1_000, 4));
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    assert!(sizes.lock().unwrap().iter().all(|size| *size <= 4));

    world.write(9, 3).await;
    let (none, sizes) = batching(&world, "b", &[]);
    let mut running = run(&world, "b", none.up_to(0, 0));
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(*sizes.lock().unwrap(), vec![1; 27]);
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_full_lingers() {
    let mut world = World::new(1).await;
    let (batching, sizes) = batching(&world, "a", &[]);
    let mut running = run(&world, "a", batching.up_to(50, 1 << 20).linger(5 * SECOND));
    sleep(3 * SECOND).await;
    for _ in 0..4 {
        world.write(5, 1).await;
        sleep(SECOND).await;
    }
    world.all_seen().await;
    assert_eq!(*sizes.lock().unwrap(), [20]);
    let begun = Instant::now();
    world.write(50, 1).await;
    world.all_seen().await;
    assert!(begun.elapsed() < 3 * SECOND, "a full one waited for {:?}", begun.elapsed());
    running.shutdown(DEADLINE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn poison_is_found_and_the_others_go_on() {
    let mut world = World::new(1).await;
    world.write(20, 5).await;
    let letters = Arc::new(Memory::new());
    let (batching, _) = batching(&world, "a", &["2"]);
    let policy = Policy::default().retries(empty).dead_letter_to(Arc::<Memory>::clone(&letters));
    let mut running = run(&world, "a", batching.on_failure(policy));
    while world.log.len() < 99 {
        sleep(SECOND).await;
    }
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(letters.letters().iter().map(|it| it.key.clone()).collect::<Vec<_>>(), ["key-0"]);
    assert_eq!(world.missing(), [("key-0".to_owned(), 2)]);
    // Nothing of it comes again.
    let mut again = world.run("b");
    sleep(5 * SECOND).await;
    again.shutdown(DEADLINE).await.unwrap();
    assert_eq!(world.log.len(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_diverted_until_it_is_restored() {
    let mut world = World::new(1).await;
    world.write(3, 4).await;
    let letters = Arc::new(Memory::new());
    let (batching, _) = batching(&world, "a", &["2"]);
    let policy = Policy::default().retries(empty).divert_to(Arc::<Memory>::clone(&letters));
    let mut running = run(&world, "a", batching.on_failure(policy));
    while world.log.len() < 9 {
        sleep(SECOND).await;
    }
    sleep(5 * SECOND).await;
    let lease = world.lease("shardId-000000000000").await;
    assert_eq!(lease.diverted.iter().collect::<Vec<_>>(), ["key-0"]);
    assert_eq!(world.missing().len(), 3, "the second record of the key, and the later ones");
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(letters.letters().len(), 3);
}

/// A record that is retried for ever holds its shard up, and not its shutdown.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_poison() {
    let mut world = World::new(1).await;
    world.write(10, 4).await;
    let (batching, _) = batching(&world, "a", &["3"]);
    let mut running = run(&world, "a", batching.up_to(8, 1 << 20));
    sleep(60 * SECOND).await;
    assert!(running.health().stalled() > 30 * SECOND, "{:?}", running.health());
    let stopped = Instant::now();
    running.shutdown(DEADLINE).await.unwrap();
    assert!(stopped.elapsed() <= 2 * SECOND, "{:?}", stopped.elapsed());
    let mut second = world.run("b");
    world.all_seen().await;
    second.shutdown(DEADLINE).await.unwrap();
    world.log.assert_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_has_begun_is_finished_at_a_shutdown() {
    let mut world = World::new(1).await;
    world.write(10, 1).await;
    let log = world.log.clone();
    let slow = Batching::new(move |records: Vec<Record>| {
        let log = log.clone();
        async move {
            sleep(10 * SECOND).await;
            for record in &records {
                log.push("a", record);
            }
            Ok::<_, BatchFailure>(())
        }
    });
    let mut running = world.consumer().worker_id("a").build().unwrap().run_batches(slow.up_to(5, 1 << 20));
    sleep(5 * SECOND).await;
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(world.log.len(), 5);
    let mut second = world.run("b");
    world.all_seen().await;
    second.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_handler_names_who_failed_and_stops_the_consumer() {
    let mut world = World::new(1).await;
    world.write(5, 1).await;
    let named = Batching::new(|records: Vec<Record>| {
        let place = records.iter().position(|it| it.partition_key() == "key-3");
        let failed = place.map(|place| (place, Failure::retry("the third is not welcome")));
        std::future::ready(failed.map_or(Ok(()), |failed| Err(BatchFailure::only(vec![failed]))))
    });
    let named = named.on_failure(Policy::default().retries(empty).stop());
    let mut running = world.consumer().build().unwrap().run_batches(named);
    let error = running.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Handler);
    assert!(error.to_string().ends_with("failed 1 times, and the policy is to stop"), "{error}");
    // What came before it is finished; it and the later ones are the next owner's.
    let mut second = world.run("b");
    sleep(5 * SECOND).await;
    second.shutdown(DEADLINE).await.unwrap();
    let keys: Vec<_> = world.log.all().into_iter().map(|seen| seen.key).collect();
    assert_eq!(keys.first().map(String::as_str), Some("key-3"), "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn children_come_after_the_last_batch_of_their_parent() {
    let mut world = World::new(1).await;
    world.write(50, 3).await;
    let shard = "shardId-000000000000";
    let split = world.kinesis.split_shard().stream_name(world::STREAM).shard_to_split(shard);
    split.new_starting_hash_key("85070591730234615865843651857942052864").send().await.unwrap();
    world.write(50, 3).await;
    let (batching, _) = batching(&world, "a", &[]);
    let mut running = run(&world, "a", batching.up_to(40, 1 << 20).linger(20 * SECOND));
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    let parent = world.leases.get(&shard.into()).await.unwrap();
    assert!(parent.is_none_or(|lease| lease.checkpoint == Checkpoint::ShardEnd));
}
