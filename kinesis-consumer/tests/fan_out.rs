//! Enhanced fan-out on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::time::Duration;

use tidegate_kinesis_consumer::{
    Checkpoint, Concurrency, ErrorKind, Fetch, Handling, Reading, Record, Running, consumer::Builder,
};
use tidegate_local_aws::{Fault, FaultMode, Faults};
use tokio::time::{Instant, sleep};

use self::world::{STREAM, World};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn consumer(world: &World) -> Builder {
    world.consumer().fetch(Fetch::fan_out("orders"))
}

fn run(world: &World, by: &'static str) -> Running {
    world.run_as(by, consumer(world))
}

fn calls(world: &World, action: &str) -> u64 {
    world.aws.counters().action("kinesis", action).accepted
}

#[tokio::test(start_paused = true)]
async fn records_come_as_they_are_written() {
    let mut world = World::new(2).await;
    world.write(50, 4).await;
    let begun = Instant::now();
    let mut running = run(&world, "a");
    world.all_seen().await;
    assert!(begun.elapsed() <= 10 * SECOND, "a new application took {:?}", begun.elapsed());
    for _ in 0..20 {
        let written = Instant::now();
        world.write(50, 1).await;
        world.all_seen().await;
        assert!(written.elapsed() <= SECOND / 2, "a record took {:?}", written.elapsed());
        sleep(SECOND / 3).await;
    }
    assert_eq!(calls(&world, "GetRecords"), 0);
    assert!(running.health().shards.iter().all(|shard| shard.reading == Some(Reading::Subscribed)));
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    for lease in world.leases().await {
        assert!(lease.owner.is_none() && matches!(lease.checkpoint, Checkpoint::At(_)), "{lease:?}");
    }
}

/// A subscription lasts five minutes.
#[tokio::test(start_paused = true)]
async fn subscriptions_are_renewed_without_a_gap_or_a_repeat() {
    let mut world = World::new(2).await;
    let mut running = run(&world, "a");
    for _ in 0..80 {
        world.write(20, 1).await;
        sleep(10 * SECOND).await;
    }
    world.all_seen().await;
    let subscribed = calls(&world, "SubscribeToShard");
    assert!((6..=12).contains(&subscribed), "two shards in 800 s: {subscribed}");
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

/// A shard can be subscribed to again five seconds after it was.
#[tokio::test(start_paused = true)]
async fn shards_go_from_one_worker_to_another() {
    let mut world = World::new(8).await;
    let mut first = run(&world, "a");
    world.write(200, 2).await;
    world.all_seen().await;
    let mut second = run(&world, "b");
    sleep(15 * SECOND).await;
    let owners: Vec<_> = world.leases().await.into_iter().filter_map(|lease| lease.owner).collect();
    assert_eq!(owners.iter().filter(|owner| owner.as_str() == "b").count(), 4, "{owners:?}");
    world.write(200, 2).await;
    world.all_seen().await;
    first.shutdown(DEADLINE).await.unwrap();
    let stopped = Instant::now();
    world.write(200, 2).await;
    world.all_seen().await;
    assert!(stopped.elapsed() <= 7 * SECOND, "its shards stood still for {:?}", stopped.elapsed());
    second.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
    assert_eq!(calls(&world, "RegisterStreamConsumer"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crashed_workers_shards_go_on_elsewhere() {
    let mut world = World::new(4).await;
    let first = run(&world, "a");
    let mut second = run(&world, "b");
    sleep(20 * SECOND).await;
    world.write(100, 2).await;
    world.all_seen().await;
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
    let mut running = run(&world, "a");
    sleep(10 * SECOND).await;
    let children = world.aws.kinesis().split(STREAM, "shardId-000000000000").unwrap();
    world.write(100, 5).await;
    world.all_seen().await;
    world.aws.kinesis().merge(STREAM, &children[0], &children[1]).unwrap();
    world.write(100, 5).await;
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn faults_lose_nothing() {
    for mode in [FaultMode::Error500, FaultMode::LostReply, FaultMode::Drop] {
        let mut world = World::new(4).await;
        let fault = Fault::new(mode, 0.3).service("kinesis");
        let faults = ["SubscribeToShard", "DescribeStreamConsumer", "RegisterStreamConsumer"];
        world.aws.set_faults(Faults::none().with(fault.actions(faults)));
        world.write(100, 5).await;
        let mut running = run(&world, "a");
        world.all_seen().await;
        sleep(400 * SECOND).await;
        world.write(100, 5).await;
        world.all_seen().await;
        running.shutdown(DEADLINE).await.unwrap();
        world.log.assert_once_and_in_order();
    }
}

/// A handler that is slower than the stream costs neither the subscription's records nor memory.
#[tokio::test(start_paused = true)]
async fn a_slow_handler_loses_nothing_and_holds_little() {
    let mut world = World::new(1).await;
    let log = world.log.clone();
    let handling = Handling::new(move |record: Record, _| {
        let log = log.clone();
        async move {
            sleep(SECOND / 2).await;
            log.push("a", &record);
            Ok(())
        }
    });
    let slow = consumer(&world).memory(10, 1 << 20).build().unwrap();
    let mut running = slow.run(handling.concurrency(Concurrency::Serial));
    for _ in 0..10 {
        world.write(100, 1).await;
        sleep(45 * SECOND).await;
        let held = running.health().shards.iter().map(|shard| shard.in_flight).sum::<usize>();
        // The budget, and one event that was larger than it.
        assert!(held <= 110, "{held} are held");
    }
    world.all_seen().await;
    running.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

#[tokio::test(start_paused = true)]
async fn both_ways_of_reading_go_on_where_the_other_was() {
    let mut world = World::new(2).await;
    world.write(30, 3).await;
    for by in ["a", "b", "c"] {
        let mut running = if by == "b" { world.run(by) } else { run(&world, by) };
        world.all_seen().await;
        running.shutdown(DEADLINE).await.unwrap();
        world.write(30, 3).await;
        sleep(5 * SECOND).await;
    }
    let mut last = world.run("d");
    world.all_seen().await;
    last.shutdown(DEADLINE).await.unwrap();
    world.log.assert_once_and_in_order();
}

/// Many processes start together, and one consumer is registered.
#[tokio::test(start_paused = true)]
async fn one_consumer_is_registered_by_all() {
    let mut world = World::new(4).await;
    world.write(40, 2).await;
    let mut all = ["a", "b", "c", "d"].map(|by| run(&world, by));
    world.all_seen().await;
    assert_eq!(calls(&world, "RegisterStreamConsumer"), 1);
    for running in &mut all {
        running.shutdown(DEADLINE).await.unwrap();
    }
    world.log.assert_in_order();
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_told_in_one_line() {
    let world = World::new(1).await;
    let named = world.consumer().fetch(Fetch::fan_out("not a name")).build().unwrap_err();
    assert_eq!(named.kind(), ErrorKind::InvalidInput);
    let text = "the consumer's name is \"not a name\"; it must be 1 to 128 letters, digits, _, . or -";
    assert_eq!(named.to_string(), text);

    let summary = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
    let arn = summary.stream_description_summary.unwrap().stream_arn;
    for number in 0..20 {
        let name = format!("other-{number}");
        world.kinesis.register_stream_consumer().stream_arn(&arn).consumer_name(name).send().await.unwrap();
        sleep(SECOND).await;
    }
    let error = run(&world, "a").wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stream);
    let text = "consumer orders cannot be registered on stream orders-v1: it has as many as it may, 20";
    assert!(error.to_string().starts_with(text), "{error}");
}
