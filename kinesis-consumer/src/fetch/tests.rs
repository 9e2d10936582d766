//! Reading a shard by polling, under a paused clock.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{sync::Arc, time::Duration};

use crate::fetch::{ErrorKind, Fetched, Polling, Room, Start, Target};
use aws_sdk_kinesis::Client;
use tidegate_local_aws::{Fault, FaultMode, Faults, KinesisHandle, Limits, LocalAws};
use tidegate_throttle::{Adaptive, aws::no_retries};
use tokio::time::{Instant, advance};

const STREAM: &str = "orders";
const SHARD: &str = "shardId-000000000000";

/// Grants so much to each.
struct Grant(usize, usize);

impl Room for Grant {
    type Reservation = (usize, usize);

    async fn reserve_up_to(&self, count: usize, bytes: usize) -> ((usize, usize), usize, usize) {
        let granted = (count.min(self.0), bytes.min(self.1));
        (granted, granted.0, granted.1)
    }

    async fn reserve(&self, count: usize, bytes: usize) -> (usize, usize) {
        (count, bytes)
    }
}

struct World {
    aws: LocalAws,
    handle: KinesisHandle,
}

async fn world(limits: Limits) -> World {
    let aws = LocalAws::builder().in_process().limits(limits).start().await.unwrap();
    let handle = aws.kinesis();
    handle.create_stream(STREAM, 1).unwrap();
    World { aws, handle }
}

impl World {
    fn put(&self, records: usize, size: usize) {
        self.handle.put(STREAM, (0..records).map(|n| (format!("k{n}"), vec![b'x'; size]))).unwrap();
    }

    fn reader(&self, start: Start, room: Grant) -> Polling<Grant> {
        let config = self.aws.sdk_config().into_builder().retry_config(no_retries()).build();
        let target = Target::new(STREAM, SHARD.into());
        Polling::new(Client::new(&config), Arc::new(Adaptive::new()), target, start, room)
    }

    fn asked(&self) -> (u64, u64) {
        let asked = self.aws.counters().action("kinesis", "GetRecords");
        (asked.accepted, asked.throttled)
    }
}

const ALL: Grant = Grant(usize::MAX, usize::MAX);

/// Reads until so many have come.
async fn read(reader: &mut Polling<Grant>, count: usize) -> Vec<Fetched<(usize, usize)>> {
    let (mut answers, mut read) = (Vec::new(), 0);
    while read < count {
        let answer = reader.next().await.unwrap();
        read += answer.records.len();
        answers.push(answer);
    }
    assert_eq!(read, count);
    answers
}

fn keys(answers: &[Fetched<(usize, usize)>]) -> Vec<&str> {
    answers.iter().flat_map(|it| &it.records).map(|it| it.partition_key.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn reads_all_in_order_and_rests_at_the_tip() {
    let world = world(Limits::none()).await;
    world.put(2_500, 10);
    let start = Instant::now();
    let mut reader = world.reader(Start::TrimHorizon, ALL);
    let answers = read(&mut reader, 2_500).await;
    assert_eq!(keys(&answers), (0..2_500).map(|n| format!("k{n}")).collect::<Vec<_>>());
    assert!(start.elapsed() < Duration::from_secs(1));
    let tip = reader.next().await.unwrap();
    assert_eq!((tip.records.len(), tip.behind), (0, Duration::ZERO));
    // The first rests are short.
    for _ in 0..4 {
        reader.next().await.unwrap();
    }
    let before = Instant::now();
    reader.next().await.unwrap();
    assert_eq!(before.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_never_larger_than_what_was_reserved() {
    let world = world(Limits::none()).await;
    world.put(100, 5_000);
    let mut reader = world.reader(Start::TrimHorizon, Grant(7, 100_000));
    let answers = read(&mut reader, 100).await;
    assert!(answers.iter().all(|it| it.records.len() <= it.reservation.unwrap().0));
    let mut small = world.reader(Start::TrimHorizon, Grant(1_000, 20_000));
    let answers = read(&mut small, 100).await;
    // Once it has seen the size: 20,000 bytes are three records of 5,000, with room for the average to settle.
    assert!(answers.iter().skip(40).all(|it| it.records.len() <= 4));
}

#[tokio::test(start_paused = true)]
async fn starts_where_it_is_told() {
    let world = world(Limits::none()).await;
    world.put(10, 10);
    let all = read(&mut world.reader(Start::TrimHorizon, ALL), 10).await;
    let fourth = all[0].records[3].sequence;
    let at = read(&mut world.reader(Start::AtSequence(fourth), ALL), 7).await;
    assert_eq!(keys(&at)[0], "k3");
    let after = read(&mut world.reader(Start::AfterSequence(fourth), ALL), 6).await;
    assert_eq!(keys(&after)[0], "k4");
}

#[tokio::test(start_paused = true)]
async fn goes_on_where_it_was_when_the_iterator_has_expired() {
    let world = world(Limits::none()).await;
    world.put(5, 10);
    let mut reader = world.reader(Start::TrimHorizon, ALL);
    read(&mut reader, 5).await;
    world.put(3, 10);
    advance(Duration::from_secs(400)).await;
    assert_eq!(keys(&read(&mut reader, 3).await), ["k0", "k1", "k2"]);
    assert_eq!(world.aws.counters().action("kinesis", "GetShardIterator").accepted, 2);
}

#[tokio::test(start_paused = true)]
async fn a_shard_ends_with_its_children() {
    let world = world(Limits::none()).await;
    world.put(5, 10);
    let children = world.handle.split(STREAM, SHARD).unwrap();
    let mut reader = world.reader(Start::TrimHorizon, ALL);
    let mut read = 0;
    let ended = loop {
        let answer = reader.next().await.unwrap();
        read += answer.records.len();
        if let Some(ended) = answer.ended {
            break ended;
        }
    };
    assert_eq!((read, ended.len()), (5, 2));
    for (shard, id) in ended.iter().zip(&children) {
        assert_eq!(shard.id.as_str(), id);
        assert!(shard.parents.contains(&SHARD.into()));
    }
    assert_eq!((ended[0].hash_range.first, ended[1].hash_range.last), (0, u128::MAX));
    assert_eq!(reader.next().await.unwrap().ended, Some(ended));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_gone_ends_without_children() {
    let world = world(Limits::none()).await;
    let mut reader = world.reader(Start::TrimHorizon, ALL);
    reader.next().await.unwrap();
    let config = world.aws.sdk_config();
    Client::new(&config).delete_stream().stream_name(STREAM).send().await.unwrap();
    let ended = loop {
        if let Some(ended) = reader.next().await.unwrap().ended {
            break ended;
        }
    };
    assert!(ended.is_empty());
}

#[tokio::test(start_paused = true)]
async fn faults_lose_nothing() {
    let world = world(Limits::none()).await;
    world.put(2_000, 10);
    for mode in [FaultMode::Error500, FaultMode::LostReply, FaultMode::Drop] {
        world.aws.set_faults(Faults::none().with(Fault::new(mode, 0.3).service("kinesis")));
        let mut reader = world.reader(Start::TrimHorizon, Grant(100, 1 << 20));
        let mut keys = Vec::new();
        while keys.len() < 2_000 {
            // Five failures in a row are reported, and it goes on.
            if let Ok(answer) = reader.next().await {
                keys.extend(answer.records.into_iter().map(|it| it.partition_key));
            }
        }
        assert_eq!(keys, (0..2_000).map(|n| format!("k{n}")).collect::<Vec<_>>(), "{mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_once_in_five_failures() {
    let world = world(Limits::none()).await;
    world.aws.set_faults(Faults::none().with(Fault::new(FaultMode::Error500, 1.0).service("kinesis")));
    let mut reader = world.reader(Start::TrimHorizon, ALL);
    let error = reader.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "kinesis:GetShardIterator on shard shardId-000000000000 of stream orders failed several times"
    );
    assert_eq!(world.aws.counters().action("kinesis", "GetShardIterator").failed, 5);
}

/// Twenty megabytes at two a second.
#[tokio::test(start_paused = true)]
async fn a_backlog_is_read_as_fast_as_the_shard_gives_it() {
    let world = world(Limits::aws()).await;
    world.put(200, 100_000);
    let start = Instant::now();
    read(&mut world.reader(Start::TrimHorizon, ALL), 200).await;
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    let (accepted, throttled) = world.asked();
    assert!(throttled * 20 <= accepted.max(20), "{throttled} of {accepted}");
}
