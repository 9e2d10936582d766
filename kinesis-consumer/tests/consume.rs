//! The consumer on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use tidegate_kinesis_consumer::{
    Attempt, Checkpoint, Concurrency, Consumer, Delivery, ErrorKind, Failure, Handling, InitialPosition,
    Policy, Record, ShardProcessor, lease::LeaseStore as _,
};
use tidegate_lanes::dead_letter::Memory;
use tokio::time::{Instant, sleep};

use self::world::{Log, STREAM, World};

const DEADLINE: Duration = Duration::from_secs(30);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn reads_all_and_goes_on_where_it_stopped() {
    let mut world = World::new(4).await;
    world.write(100, 10).await;
    let begun = Instant::now();
    let mut running = world.run("a");
    world.all_seen().await;
    assert!(begun.elapsed() <= seconds(2), "a new application took {:?}", begun.elapsed());
    running.shutdown(DEADLINE).await.unwrap();
    for lease in world.leases().await {
        assert_eq!(lease.owner, None, "{lease:?}");
        assert!(matches!(lease.checkpoint, Checkpoint::At(_)), "{lease:?}");
    }

    world.write(100, 10).await;
    let begun = Instant::now();
    let mut running = world.run("b");
    world.all_seen().await;
    assert!(begun.elapsed() <= seconds(2), "a restart took {:?}", begun.elapsed());
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn shards_are_shared_and_handed_over_without_repeats() {
    let mut world = World::new(8).await;
    let mut first = world.run("a");
    world.write(200, 2).await;
    world.all_seen().await;
    let mut second = world.run("b");
    sleep(seconds(10)).await;
    let totals = first.health().totals;
    assert_eq!((totals.records, totals.leases_lost), (400, 0), "over the runs that went to the other, too");
    let owners: Vec<_> = world.leases().await.into_iter().filter_map(|lease| lease.owner).collect();
    assert_eq!(owners.iter().filter(|owner| owner.as_str() == "b").count(), 4, "{owners:?}");
    world.write(200, 2).await;
    world.all_seen().await;

    first.shutdown(DEADLINE).await.unwrap();
    let stopped = Instant::now();
    world.write(200, 2).await;
    world.all_seen().await;
    assert!(stopped.elapsed() <= seconds(2), "its shards stood still for {:?}", stopped.elapsed());
    second.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_crashed_workers_shards_go_on_elsewhere() {
    let mut world = World::new(4).await;
    let first = world.run("a");
    let mut second = world.run("b");
    sleep(seconds(15)).await;
    world.write(100, 2).await;
    world.all_seen().await;
    sleep(seconds(5)).await;
    drop(first);
    let crashed = Instant::now();
    world.write(100, 2).await;
    world.all_seen().await;
    assert!(crashed.elapsed() <= Duration::from_millis(11_500), "took {:?}", crashed.elapsed());
    second.shutdown(DEADLINE).await.unwrap();
    world.log.assert_in_order();
}

#[tokio::test(start_paused = true)]
async fn children_come_after_their_parents() {
    let mut world = World::new(2).await;
    world.write(100, 5).await;
    let split = world.kinesis.split_shard().stream_name(STREAM).shard_to_split("shardId-000000000000");
    split.new_starting_hash_key("85070591730234615865843651857942052864").send().await.unwrap();
    world.write(100, 5).await;
    let mut running = world.run("a");
    world.all_seen().await;
    let merge = world.kinesis.merge_shards().stream_name(STREAM).shard_to_merge("shardId-000000000003");
    merge.adjacent_shard_to_merge("shardId-000000000001").send().await.unwrap();
    let merged = Instant::now();
    world.write(100, 5).await;
    world.all_seen().await;
    assert!(merged.elapsed() <= seconds(3), "took {:?}", merged.elapsed());
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    let shards: BTreeSet<_> = world.log.all().into_iter().map(|seen| seen.shard).collect();
    assert_eq!(shards.len(), 5, "{shards:?}");
    assert_eq!(world.lease("shardId-000000000001").await.checkpoint, Checkpoint::ShardEnd);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_goes_away_ends_no_lease_and_one_that_is_not_there_is_named() {
    let mut world = World::new(2).await;
    world.write(20, 2).await;
    let mut running = world.run("a");
    world.all_seen().await;
    sleep(seconds(5)).await;
    let checkpoints: Vec<_> = world.leases().await.into_iter().map(|lease| lease.checkpoint).collect();
    world.kinesis.delete_stream().stream_name(STREAM).send().await.unwrap();
    sleep(seconds(60)).await;
    assert!(running.health().shards.iter().all(|shard| shard.read_error.is_some()));
    running.shutdown(DEADLINE).await.unwrap();
    let after: Vec<_> = world.leases().await.into_iter().map(|lease| lease.checkpoint).collect();
    assert_eq!(after, checkpoints);

    let error = world.run("b").wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains(STREAM), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_a_name_or_an_arn() {
    let mut world = World::new(2).await;
    world.write(20, 2).await;
    let summary = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
    let arn = summary.stream_description_summary.unwrap().stream_arn;
    let consumer = Consumer::builder(world.kinesis.clone(), arn, world.leases.clone());
    let mut running = world.run_as("a", consumer);
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn latest_restarts_without_a_gap_though_nothing_came() {
    let mut world = World::new(1).await;
    let mut running = world.run_as("a", world.consumer().start_at(InitialPosition::Latest));
    sleep(seconds(5)).await;
    running.shutdown(DEADLINE).await.unwrap();
    world.write(10, 3).await;
    sleep(seconds(5)).await;
    let mut running = world.run_as("b", world.consumer().start_at(InitialPosition::Latest));
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_failing_key_waits_and_the_others_go_on() {
    let mut world = World::new(1).await;
    world.write(10, 5).await;
    let (log, failed) = (world.log.clone(), Arc::new(AtomicU32::new(0)));
    let handling = Handling::new(move |record: Record, _| {
        let (log, failed) = (log.clone(), Arc::clone(&failed));
        async move {
            if record.partition_key() == "key-3" && failed.fetch_add(1, SeqCst) < 4 {
                return Err(Failure::retry("not yet"));
            }
            log.push("a", &record);
            Ok(())
        }
    });
    let handling = handling.concurrency(Concurrency::per_key(4));
    let mut running = world.consumer().build().unwrap().run(handling);
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    let all = world.log.all();
    assert!(all[45..].iter().all(|seen| seen.key == "key-3"), "{all:?}");
}

/// Records go into the lanes as these can do with more; what waits behind a key's long backlog could be forgotten.
#[tokio::test(start_paused = true)]
async fn a_key_that_waits_for_its_retry_holds_up_nobody_however_many_records_it_has() {
    let mut world = World::new(1).await;
    world.write(1, 300).await;
    world.write(10, 1).await;
    let log = world.log.clone();
    let handling = Handling::new(move |record: Record, attempt: Attempt| {
        let log = log.clone();
        async move {
            if record.data().as_ref() == b"1" && record.partition_key() == "key-0" && attempt.number() == 1 {
                return Err(Failure::retry_after(seconds(60), "not yet"));
            }
            log.push("a", &record);
            Ok(())
        }
    });
    let handling = handling.concurrency(Concurrency::per_key(1));
    let mut running = world.consumer().build().unwrap().run(handling);
    sleep(seconds(10)).await;
    assert_eq!(world.log.len(), 9, "{:?}", world.missing());
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_stop_the_consumer_and_nothing_is_skipped() {
    let mut world = World::new(1).await;
    world.write(3, 2).await;
    let log = world.log.clone();
    let handling = Handling::new(move |record: Record, _| {
        let log = log.clone();
        async move {
            if record.partition_key() == "key-1" {
                return Err(Failure::retry("cannot be done"));
            }
            log.push("a", &record);
            Ok(())
        }
    });
    let handling = handling.on_failure(Policy::default().retries(|| [Duration::from_millis(10); 2]).stop());
    let mut running = world.consumer().build().unwrap().run(handling);
    let error = running.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Handler);
    assert_eq!(world.leases().await[0].owner, None, "the lease is free for others");

    let mut running = world.run("b");
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn a_diverted_key_stays_diverted_over_a_handover_until_an_operator_restores_it() {
    let mut world = World::new(1).await;
    world.write(4, 3).await;
    let letters = Arc::new(Memory::new());
    let run = |by: &'static str| {
        let log = world.log.clone();
        let handling = Handling::new(move |record: Record, _| {
            let log = log.clone();
            async move {
                if by == "a" && record.partition_key() == "key-2" {
                    return Err(Failure::retry("poison"));
                }
                log.push(by, &record);
                Ok(())
            }
        });
        let policy = Policy::default()
            .retries(|| [Duration::from_millis(10)])
            .divert_to(Arc::<Memory>::clone(&letters));
        world.consumer().worker_id(by).build().unwrap().run(handling.on_failure(policy))
    };
    let mut running = run("a");
    sleep(seconds(10)).await;
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(letters.letters().len(), 3, "the one that failed and the two behind it");
    assert!(world.leases().await[0].diverted.contains("key-2"));

    let mut running = run("b");
    world.write(4, 1).await;
    sleep(seconds(10)).await;
    assert_eq!(letters.letters().len(), 4);
    let mut restore = tidegate_kinesis_consumer::lease::Change::new(
        "shardId-000000000000".into(),
        tidegate_kinesis_consumer::lease::Expect::Exists,
    );
    restore.restore.insert("key-2".to_owned());
    world.leases.change(&restore).await.unwrap();
    sleep(seconds(5)).await;
    world.write(4, 1).await;
    sleep(seconds(5)).await;
    assert_eq!(letters.letters().len(), 4);
    running.shutdown(DEADLINE).await.unwrap();
    let seen = world.log.all().into_iter().filter(|seen| seen.key == "key-2");
    assert_eq!(seen.map(|seen| seen.number).collect::<Vec<_>>(), [5]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_delivery_comes_again() {
    let mut world = World::new(1).await;
    world.write(5, 4).await;
    let mut shards = world.consumer().build().unwrap().shards();
    let mut shard = shards.next().await.unwrap();
    let mut first = true;
    while world.log.len() < 20 {
        let delivery: Delivery = shard.next().await.unwrap();
        if first {
            first = false;
            drop(delivery);
            continue;
        }
        world.log.push("a", delivery.record());
        delivery.ack();
    }
    shards.shutdown(DEADLINE).await.unwrap();
    assert!(shard.next().await.is_none());
    assert!(world.missing().is_empty());
    assert_eq!(world.leases().await[0].owner, None);
}

/// Keeps what it gets until it is told to give the shard up.
struct Keeper {
    kept: Vec<Delivery>,
    log: Log,
}

impl ShardProcessor for Keeper {
    async fn process(&mut self, deliveries: Vec<Delivery>) -> Result<(), Failure> {
        self.kept.extend(deliveries);
        Ok(())
    }

    async fn shard_ended(&mut self) -> Result<(), Failure> {
        self.shutdown_requested().await
    }

    async fn shutdown_requested(&mut self) -> Result<(), Failure> {
        for delivery in self.kept.drain(..) {
            self.log.push("a", delivery.record());
            delivery.ack();
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_keeps_deliveries_and_acks_them_when_its_shard_ends_or_goes() {
    let mut world = World::new(1).await;
    world.write(20, 2).await;
    let log = world.log.clone();
    let keeper = move |_: &_| Keeper { kept: Vec::new(), log: log.clone() };
    let mut running = world.consumer().build().unwrap().run_processors(keeper.clone());
    sleep(seconds(10)).await;
    assert_eq!(world.log.len(), 0);
    assert_eq!(world.leases().await[0].checkpoint, Checkpoint::TrimHorizon);
    let split = world.kinesis.split_shard().stream_name(STREAM).shard_to_split("shardId-000000000000");
    split.new_starting_hash_key("85070591730234615865843651857942052864").send().await.unwrap();
    world.write(20, 1).await;
    sleep(seconds(10)).await;
    assert_eq!(world.log.len(), 40, "the parent's, for it ended");
    running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(world.log.len(), 60);
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn what_fails_keeps_nobody_from_handing_over() {
    // Whether the end finds attempts under way, or pauses between them.
    for millis in [0, 700, 1_300, 2_900] {
        let mut world = World::new(2).await;
        world.write(20, 1).await;
        let consumer = world.consumer().build().unwrap();
        let failing = Handling::new(|_: Record, _| async {
            sleep(Duration::from_millis(200)).await;
            Err(Failure::retry("the target is away"))
        });
        let mut running = consumer.run(failing.concurrency(Concurrency::per_key(50)));
        sleep(Duration::from_secs(10) + Duration::from_millis(millis)).await;
        let begun = Instant::now();
        running.shutdown(DEADLINE).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{millis}: {:?}", begun.elapsed());
    }
}
