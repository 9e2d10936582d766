//! Reading a shard by fan-out, under a paused clock.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod tamper;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use aws_sdk_kinesis::{config::Builder, operation::subscribe_to_shard::SubscribeToShardOutput};
use proptest::prelude::*;
use tidegate_local_aws::{Limits, LocalAws};
use tidegate_throttle::{Adaptive, aws::no_retries};
use tokio::time::sleep;

use super::*;
use tamper::{Fate, Tamper};

const STREAM: &str = "orders";
const SHARD: &str = "shardId-000000000000";
const SECOND: Duration = Duration::from_secs(1);

/// Room after so long.
struct After(Duration, Arc<AtomicUsize>);

impl Room for After {
    type Reservation = usize;

    async fn reserve_up_to(&self, count: usize, bytes: usize) -> (usize, usize, usize) {
        (count, count, bytes)
    }

    async fn reserve(&self, count: usize, _: usize) -> usize {
        sleep(self.0).await;
        self.1.fetch_add(count, SeqCst);
        count
    }
}

struct World {
    aws: LocalAws,
    client: Client,
    tamper: Tamper,
    reserved: Arc<AtomicUsize>,
    put: AtomicUsize,
}

async fn world() -> World {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    aws.kinesis().create_stream(STREAM, 1).unwrap();
    let tamper = Tamper::default();
    let config = aws.sdk_config().into_builder().retry_config(no_retries()).build();
    let config = Builder::from(&config).interceptor(tamper.clone()).build();
    World {
        client: Client::from_conf(config),
        aws,
        tamper,
        reserved: Arc::default(),
        put: AtomicUsize::new(0),
    }
}

impl World {
    fn put(&self, records: usize) {
        let first = self.put.fetch_add(records, SeqCst);
        let records = (first..first + records).map(|n| (format!("k{n}"), "x"));
        self.aws.kinesis().put(STREAM, records).unwrap();
    }

    fn registration(&self) -> Arc<Registration> {
        Arc::new(Registration::new(self.client.clone(), Arc::new(Adaptive::new()), STREAM, "app".into()))
    }

    fn reader(&self, start: Start, room: Duration) -> FanOut<After> {
        let target = Target::new(STREAM, SHARD.into());
        let room = After(room, Arc::clone(&self.reserved));
        let throttle = Arc::new(Adaptive::new());
        FanOut::new(self.client.clone(), throttle, self.registration(), target, start, room, Box::new(|_| {}))
    }

    fn subscribed(&self) -> u64 {
        self.aws.counters().action("kinesis", "SubscribeToShard").accepted
    }

    /// Somebody else subscribes as the same consumer.
    async fn usurp(&self) -> SubscribeToShardOutput {
        let arn = self.registration().arn().await.unwrap();
        let start = StartingPosition::builder().r#type(Type::Latest).build().unwrap();
        let subscribe = self.client.subscribe_to_shard().consumer_arn(&*arn).shard_id(SHARD);
        subscribe.starting_position(start).send().await.unwrap()
    }
}

/// Reads until so many have come, whatever is reported meanwhile.
async fn read(reader: &mut FanOut<After>, count: usize) -> Vec<crate::fetch::RawRecord> {
    let mut records = Vec::new();
    while records.len() < count {
        if let Ok(answer) = reader.next().await {
            records.extend(answer.records);
        }
    }
    records
}

fn keys(records: &[crate::fetch::RawRecord]) -> Vec<&str> {
    records.iter().map(|record| &*record.partition_key).collect()
}

/// The keys of the records with these numbers.
fn numbered(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("k{n}")).collect()
}

#[tokio::test(start_paused = true)]
async fn starts_where_it_is_told() {
    let world = world().await;
    world.put(10);
    sleep(SECOND).await;
    let start = |start| world.reader(start, Duration::ZERO);
    let all = read(&mut start(Start::TrimHorizon), 10).await;
    assert_eq!(keys(&all), numbered(0..10));
    sleep(HOLD).await;
    let fourth = all[3].sequence;
    assert_eq!(keys(&read(&mut start(Start::AtSequence(fourth)), 7).await), numbered(3..10));
    sleep(HOLD).await;
    assert_eq!(keys(&read(&mut start(Start::AfterSequence(fourth)), 6).await), numbered(4..10));
    sleep(HOLD).await;
    let later = Timestamp(all[9].arrived_at.0 + 1);
    let mut reader = start(Start::At(later));
    assert!(reader.next().await.unwrap().records.is_empty());
    world.put(2);
    assert_eq!(keys(&read(&mut reader, 2).await), numbered(10..12));
}

/// The story: a process that lost its lease subscribes once more; and two applications with the name of one consumer.
#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_taken_over_is_not_fought_for_and_then_taken_back() {
    let world = world().await;
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    world.put(3);
    read(&mut reader, 3).await;
    sleep(HOLD).await;
    let other = world.usurp().await;
    let taken = Instant::now();
    let error = loop {
        if let Err(error) = reader.next().await {
            break error;
        }
        assert!(taken.elapsed() < HOLD, "it was not told");
    };
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.to_string().contains("another process reads the shard as the same consumer"), "{error}");
    world.put(3);
    assert_eq!(keys(&read(&mut reader, 3).await), numbered(3..6));
    let elapsed = taken.elapsed();
    assert!((HOLD..=2 * HOLD + SECOND).contains(&elapsed), "{elapsed:?}");
    assert_eq!(world.subscribed(), 3);
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_another_has_just_made_is_waited_for() {
    let world = world().await;
    let other = world.usurp().await;
    drop(other);
    world.put(3);
    let begun = Instant::now();
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    assert_eq!(keys(&read(&mut reader, 3).await), numbered(0..3));
    assert!((HOLD..=HOLD + SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    // Not more than two or so a second, the first ones sooner.
    assert!(world.subscribed() <= 14, "{}", world.subscribed());
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_dead_connection() {
    let world = world().await;
    world.tamper.fates.lock().unwrap().push(Fate::Silence(2));
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    world.put(1);
    read(&mut reader, 1).await;
    sleep(10 * SECOND).await;
    reader.next().await.unwrap();
    let silent = Instant::now();
    world.put(1);
    assert_eq!(keys(&read(&mut reader, 1).await), ["k1"]);
    assert!((20 * SECOND..=21 * SECOND).contains(&silent.elapsed()), "{:?}", silent.elapsed());
}

/// Every subscription ends at once, and no call is made more often than the service lets.
#[tokio::test(start_paused = true)]
async fn subscriptions_that_end_at_once_are_told_of_and_do_not_spin() {
    let world = world().await;
    *world.tamper.fates.lock().unwrap() = vec![Fate::End(0); 1000];
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    let begun = Instant::now();
    let error = reader.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(begun.elapsed() >= 4 * HOLD, "{:?}", begun.elapsed());
    assert_eq!(world.subscribed(), u64::from(ATTEMPTS));
}

#[tokio::test(start_paused = true)]
async fn a_shard_ends_with_its_children() {
    let world = world().await;
    world.put(5);
    let children = world.aws.kinesis().split(STREAM, SHARD).unwrap();
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    let mut read = 0;
    let ended = loop {
        let answer = reader.next().await.unwrap();
        read += answer.records.len();
        if let Some(ended) = answer.ended {
            break ended;
        }
    };
    assert_eq!(read, 5);
    assert_eq!(ended.iter().map(|shard| shard.id.as_str()).collect::<Vec<_>>(), children);
    assert!(ended.iter().all(|shard| shard.parents.contains(&SHARD.into())));
    assert_eq!(reader.next().await.unwrap().ended, Some(ended));
    assert_eq!(world.subscribed(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_deregistered_is_registered_again() {
    let world = world().await;
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    world.put(3);
    read(&mut reader, 3).await;
    sleep(10 * SECOND).await;
    let arn = world.registration().arn().await.unwrap();
    world.client.deregister_stream_consumer().consumer_arn(&*arn).send().await.unwrap();
    world.put(3);
    assert_eq!(keys(&read(&mut reader, 3).await), numbered(3..6));
    assert_eq!(world.aws.counters().action("kinesis", "RegisterStreamConsumer").accepted, 2);
}

#[tokio::test(start_paused = true)]
async fn a_shard_whose_stream_is_gone_ends_without_children() {
    let world = world().await;
    let mut reader = world.reader(Start::TrimHorizon, Duration::ZERO);
    reader.next().await.unwrap();
    let delete = world.client.delete_stream().stream_name(STREAM).enforce_consumer_deletion(true);
    delete.send().await.unwrap();
    let ended = loop {
        if let Some(ended) = reader.next().await.unwrap().ended {
            break ended;
        }
    };
    assert!(ended.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_named() {
    for (action, named) in [
        ("DescribeStreamSummary", "kinesis:DescribeStreamSummary on stream orders is not allowed"),
        ("DescribeStreamConsumer", "kinesis:DescribeStreamConsumer on stream orders is not allowed"),
        ("RegisterStreamConsumer", "kinesis:RegisterStreamConsumer on stream orders is not allowed"),
    ] {
        let world = world().await;
        *world.tamper.denied.lock().unwrap() = action;
        let obstacle = world.registration().arn().await.unwrap_err();
        assert_eq!((obstacle.kind(), &*obstacle.to_string()), (ObstacleKind::Denied, named));
    }
    let world = world().await;
    *world.tamper.denied.lock().unwrap() = "SubscribeToShard";
    let error = world.reader(Start::TrimHorizon, Duration::ZERO).next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let named = "kinesis:SubscribeToShard on shard shardId-000000000000 of stream orders is not allowed";
    assert_eq!(error.to_string(), named);
}

/// The limit of one consumer and shard: 2 MB a second, a call a second.
#[tokio::test(start_paused = true)]
async fn a_backlog_is_read_as_fast_as_the_shard_gives_it() {
    let world = world().await;
    world.aws.set_limits(Limits::aws());
    let large = vec![b'x'; 100_000];
    world.aws.kinesis().put(STREAM, (0..200).map(|_| ("k", &large))).unwrap();
    let begun = Instant::now();
    read(&mut world.reader(Start::TrimHorizon, Duration::ZERO), 200).await;
    assert!(begun.elapsed() <= 11 * SECOND, "{:?}", begun.elapsed());
}

/// Room comes ever so late: nothing is taken off the connection meanwhile, and subscriptions are not made in vain.
#[tokio::test(start_paused = true)]
async fn what_waits_for_room_keeps_no_subscription() {
    let world = world().await;
    let mut reader = world.reader(Start::TrimHorizon, 60 * SECOND);
    let mut seen = Vec::new();
    for _ in 0..10 {
        world.put(2);
        seen.extend(read(&mut reader, 2).await);
        assert_eq!(world.reserved.load(SeqCst), seen.len());
    }
    assert_eq!(keys(&seen), numbered(0..20));
    assert_eq!(world.subscribed(), 10);
}

/// Two wait for a registration, and it is made once; one that is dropped half-way stands in nobody's way.
#[tokio::test(start_paused = true)]
async fn a_registration_is_made_once_and_shared() {
    let world = world().await;
    let registration = world.registration();
    drop(timeout(Duration::ZERO, registration.arn()).await);
    let (one, two) = tokio::join!(registration.arn(), registration.arn());
    assert_eq!(one.unwrap(), two.unwrap());
    assert!(world.aws.counters().action("kinesis", "RegisterStreamConsumer").accepted <= 1);
    let others = futures_util::future::join_all(
        (0..5).map(|_| world.registration()).map(|other| async move { other.arn().await.unwrap() }),
    );
    let arn = registration.arn().await.unwrap();
    assert!(others.await.iter().all(|other| *other == arn));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever becomes of subscriptions, every record comes once and in order.
    #[test]
    fn no_end_of_a_subscription_loses_or_repeats(
        fates in proptest::collection::vec((0..3_u8, 0..6_usize), 0..12),
        puts in proptest::collection::vec((0..5_usize, 0..90_u64), 1..20),
        room in 0..9_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = world().await;
            *world.tamper.fates.lock().unwrap() = fates
                .into_iter()
                .map(|(kind, events)| [Fate::End(events), Fate::Break(events), Fate::Silence(events)][usize::from(kind)])
                .collect();
            let mut reader = world.reader(Start::TrimHorizon, Duration::from_secs(room));
            let total = puts.iter().map(|(count, _)| count).sum();
            let write = async {
                for (count, wait) in puts {
                    world.put(count);
                    sleep(Duration::from_secs(wait)).await;
                }
            };
            let (seen, ()) = tokio::join!(read(&mut reader, total), write);
            assert_eq!(keys(&seen), numbered(0..total));
        });
    }
}
