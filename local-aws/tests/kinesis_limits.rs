//! The limits of Kinesis, as a client meets them: by shard, in calls, records and bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kinesis;

use std::time::Duration;

use aws_sdk_kinesis::{
    error::ProvideErrorMetadata,
    operation::{get_records::GetRecordsOutput, put_records::PutRecordsOutput},
    primitives::Blob,
    types::{PutRecordsRequestEntry, ShardIteratorType as Type, StartingPosition},
};
use kinesis::{STREAM, World, code, id, limited, world};
use tidegate_local_aws::{Count, Limit, Limits, Per, Rate};
use tokio::time::{Instant, advance};

const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// Puts records of one key.
async fn put(world: &World, records: usize, size: usize) -> PutRecordsOutput {
    let data = Blob::new(vec![b'x'; size]);
    let entry = PutRecordsRequestEntry::builder().partition_key("k").data(data).build().unwrap();
    let put = world.kinesis.put_records().stream_name(STREAM);
    put.set_records(Some(vec![entry; records])).send().await.unwrap()
}

async fn read(world: &World, iterator: &str) -> Result<GetRecordsOutput, String> {
    let get = world.kinesis.get_records().shard_iterator(iterator).send().await;
    get.map_err(|error| format!("{}: {}", error.code().unwrap(), error.message().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_shard_takes_a_thousand_records_a_second() {
    let world = limited(1, Limits::aws()).await;
    for _ in 0..2 {
        assert_eq!(put(&world, 500, 10).await.failed_record_count, Some(0));
    }
    let refused = put(&world, 5, 10).await;
    assert_eq!(refused.failed_record_count, Some(5));
    let record = &refused.records()[4];
    assert_eq!((record.error_code(), record.sequence_number()), (Some(THROTTLED), None));
    let message = "Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.";
    assert_eq!(record.error_message(), Some(message));
    let one = world.kinesis.put_record().stream_name(STREAM).partition_key("k").data(Blob::new("x"));
    assert_eq!(code(&one.clone().send().await), THROTTLED);
    assert_eq!(world.handle.shards(STREAM).unwrap()[0].records, 1_000);
    // A refused record takes nothing: after 2 ms two are let through, and they are the first two.
    advance(Duration::from_millis(2)).await;
    let outcomes = put(&world, 5, 10).await;
    let failed = outcomes.records().iter().map(|record| record.error_code().is_some()).collect::<Vec<_>>();
    assert_eq!(failed, [false, false, true, true, true]);

    let counters = world.aws.counters();
    let asked = counters.action("kinesis", "PutRecord");
    assert_eq!((asked.accepted, asked.throttled), (0, 1));
    assert_eq!(
        asked.seconds.iter().map(|second| (second.accepted, second.throttled)).collect::<Vec<_>>(),
        [(0, 1)]
    );
    // A request that was answered record by record is no throttled one.
    assert_eq!(counters.action("kinesis", "PutRecords").throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_shard_takes_a_mebibyte_a_second() {
    let world = limited(2, Limits::aws()).await;
    let outcomes = put(&world, 5, 300_000).await;
    assert_eq!(outcomes.failed_record_count, Some(2));
    // Another shard has a limit of its own.
    let key = if outcomes.records()[0].shard_id() == Some(&id(0)) { u128::MAX } else { 0 };
    let other =
        world.kinesis.put_record().stream_name(STREAM).partition_key("k").explicit_hash_key(key.to_string());
    assert_eq!(code(&other.data(Blob::new(vec![0; 300_000])).send().await), "success");
    advance(Duration::from_secs(1)).await;
    assert_eq!(put(&world, 1, (1 << 20) - 1).await.failed_record_count, Some(0));
    assert_eq!(put(&world, 1, 10).await.failed_record_count, Some(1));
}

/// A record of 4 MiB needs a full bucket, and the shard is shut until it is paid off.
#[tokio::test(start_paused = true)]
async fn a_record_may_be_larger_than_the_bucket() {
    let world = limited(1, Limits::aws()).await;
    let create =
        world.kinesis.create_stream().stream_name("large").shard_count(1).max_record_size_in_kib(4_096);
    create.send().await.unwrap();
    let put = |size: usize| {
        let put =
            world.kinesis.put_record().stream_name("large").partition_key("k").data(Blob::new(vec![0; size]));
        async move { code(&put.send().await).to_owned() }
    };
    assert_eq!(put((4 << 20) - 1).await, "success");
    assert_eq!(put(1).await, THROTTLED);
    advance(Duration::from_millis(3_500)).await;
    assert_eq!(put(1).await, "success");
    assert_eq!(put(4 << 20).await, "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_read_five_times_a_second() {
    let world = limited(2, Limits::aws()).await;
    let iterator = world.iterator(0, Type::Latest).await;
    for _ in 0..5 {
        read(&world, &iterator).await.unwrap();
    }
    let message = format!(
        "{THROTTLED}: Rate exceeded for shard {} in stream {STREAM} under account 000000000000.",
        id(0)
    );
    assert_eq!(read(&world, &iterator).await.unwrap_err(), message);
    let other = world.iterator(1, Type::Latest).await;
    assert!(read(&world, &other).await.is_ok());
    advance(Duration::from_millis(200)).await;
    assert!(read(&world, &iterator).await.is_ok());
    let counters = world.aws.counters().action("kinesis", "GetRecords");
    assert_eq!((counters.accepted, counters.throttled), (7, 1));
    // Iterators have a limit of their own, of each shard as well.
    for _ in 0..5 {
        world.iterator(0, Type::Latest).await;
    }
    let get = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(id(0));
    assert_eq!(code(&get.shard_iterator_type(Type::Latest).send().await), THROTTLED);
    world.iterator(1, Type::Latest).await;
}

/// One answer of 10 MiB, and then nothing for seconds.
#[tokio::test(start_paused = true)]
async fn a_shard_is_read_at_two_mebibytes_a_second() {
    let world = limited(1, Limits::aws()).await;
    let large = vec![b'x'; 1 << 19];
    world.handle.put(STREAM, (0..30).map(|_| ("k", &large))).unwrap();
    let iterator = world.iterator(0, Type::TrimHorizon).await;
    let first = read(&world, &iterator).await.unwrap();
    let iterator = first.next_shard_iterator.as_ref().unwrap();
    assert_eq!(first.records().len(), 19);
    // 9.5 MiB of which two were there.
    let start = Instant::now();
    let mut refused = 0;
    while let Err(error) = read(&world, iterator).await {
        assert!(error.starts_with(THROTTLED), "{error}");
        refused += 1;
        advance(Duration::from_millis(250)).await;
    }
    assert_eq!(start.elapsed(), Duration::from_secs(4));
    // The calls that the bytes refused count as throttled.
    assert_eq!(world.aws.counters().action("kinesis", "GetRecords").throttled, refused);
    // Without limits there is none of it, and they can be taken away while it runs.
    world.aws.set_limits(Limits::none());
    let few = || world.kinesis.get_records().shard_iterator(iterator).limit(1).send();
    for _ in 0..10 {
        few().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_ones_own_count_records() {
    let row =
        Limit::new("kinesis", ["PutRecords"], Rate::per_second(1), 3).count(Count::Records).per(Per::Stream);
    let world = limited(1, Limits::none().with(row.error(400, "InternalFailure", "of {stream}"))).await;
    let outcomes = put(&world, 4, 1).await;
    assert_eq!(outcomes.failed_record_count, Some(1));
    assert_eq!(outcomes.records()[3].error_code(), Some("InternalFailure"));
    assert_eq!(outcomes.records()[3].error_message(), Some("of orders"));
}

#[tokio::test(start_paused = true)]
async fn streams_and_consumers_have_limits_of_their_own() {
    let world = world(1).await;
    world.handle.create_stream("other", 1).unwrap();
    let arn = |name: &str| format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}");
    let register = world.kinesis.register_stream_consumer().stream_arn(arn(STREAM)).consumer_name("one");
    let consumer = register.send().await.unwrap().consumer.unwrap().consumer_arn;
    world.aws.set_limits(Limits::aws());
    let describe = || world.kinesis.describe_stream_consumer().consumer_arn(&consumer).send();
    for _ in 0..20 {
        describe().await.unwrap();
    }
    assert_eq!(code(&describe().await), "LimitExceededException");
    let subscribe = || {
        let start = StartingPosition::builder().r#type(Type::Latest).build().unwrap();
        world
            .kinesis
            .subscribe_to_shard()
            .consumer_arn(&consumer)
            .shard_id(id(0))
            .starting_position(start)
            .send()
    };
    subscribe().await.unwrap();
    assert_eq!(code(&subscribe().await), "LimitExceededException");
    advance(Duration::from_secs(1)).await;
    assert_eq!(code(&subscribe().await), "ResourceInUseException");
    let tags = |name: &str| world.kinesis.list_tags_for_stream().stream_arn(arn(name)).send();
    for _ in 0..5 {
        tags(STREAM).await.unwrap();
    }
    assert_eq!(code(&tags(STREAM).await), "LimitExceededException");
    assert_eq!(code(&tags("other").await), "success");
}
