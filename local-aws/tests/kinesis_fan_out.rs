//! Consumers with enhanced fan-out, and their subscriptions.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kinesis;

use std::time::Duration;

use aws_sdk_kinesis::{
    Client,
    operation::subscribe_to_shard::SubscribeToShardOutput,
    types::{
        ShardIteratorType as Type, StartingPosition, SubscribeToShardEvent,
        SubscribeToShardEventStream as Pushed,
    },
};
use kinesis::{STREAM, World, code, id, world};
use tidegate_local_aws::{Fault, FaultMode, Faults, Limits, LocalAws};
use tokio::time::{Instant, advance, sleep};

const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

async fn register(world: &World, name: &str) -> String {
    let register = world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name(name);
    register.send().await.unwrap().consumer.unwrap().consumer_arn
}

fn from(r#type: Type) -> StartingPosition {
    StartingPosition::builder().r#type(r#type).build().unwrap()
}

type Subscribed = Result<
    SubscribeToShardOutput,
    aws_sdk_kinesis::error::SdkError<aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardError>,
>;

async fn subscribe(world: &World, consumer: &str, shard: u32, start: StartingPosition) -> Subscribed {
    let subscribe = world.kinesis.subscribe_to_shard().consumer_arn(consumer).shard_id(id(shard));
    subscribe.starting_position(start).send().await
}

/// The next event; `None` at the end.
async fn event(subscription: &mut SubscribeToShardOutput) -> Option<SubscribeToShardEvent> {
    match subscription.event_stream.recv().await.unwrap()? {
        Pushed::SubscribeToShardEvent(event) => Some(event),
        other => panic!("{other:?}"),
    }
}

fn texts(event: &SubscribeToShardEvent) -> Vec<String> {
    event.records.iter().map(|record| String::from_utf8(record.data.clone().into_inner()).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn consumers_are_registered_and_listed() {
    let world = world(1).await;
    let arn = register(&world, "one").await;
    assert!(arn.starts_with(&format!("{ARN}/consumer/one:")), "{arn}");
    let again = world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("one").send().await;
    assert_eq!(code(&again), "ResourceInUseException");
    let by_arn = world.kinesis.describe_stream_consumer().consumer_arn(&arn).send().await.unwrap();
    let by_name = world.kinesis.describe_stream_consumer().stream_arn(ARN).consumer_name("one");
    let found = by_arn.consumer_description.unwrap();
    assert_eq!(Some(&found), by_name.send().await.unwrap().consumer_description.as_ref());
    assert_eq!((found.stream_arn.as_str(), found.consumer_status.as_str()), (ARN, "ACTIVE"));

    for n in 1..20 {
        register(&world, &format!("more-{n}")).await;
    }
    let full = world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("21st").send().await;
    assert_eq!(code(&full), "LimitExceededException");
    let list = || world.kinesis.list_stream_consumers().stream_arn(ARN);
    let page = list().max_results(15).send().await.unwrap();
    let rest = list().set_next_token(page.next_token.clone()).send().await.unwrap();
    assert_eq!((page.consumers().len(), rest.consumers().len(), rest.next_token), (15, 5, None));

    assert_eq!(
        code(&world.kinesis.delete_stream().stream_name(STREAM).send().await),
        "ResourceInUseException"
    );
    world.kinesis.deregister_stream_consumer().consumer_arn(&arn).send().await.unwrap();
    let gone = world.kinesis.describe_stream_consumer().consumer_arn(&arn).send().await;
    assert_eq!(code(&gone), "ResourceNotFoundException");
    let delete = world.kinesis.delete_stream().stream_name(STREAM).enforce_consumer_deletion(true);
    delete.send().await.unwrap();
}

/// Writes wake a subscription at once: the clock stands still meanwhile.
#[tokio::test(start_paused = true)]
async fn records_are_pushed_as_they_come() {
    let world = world(1).await;
    let consumer = register(&world, "one").await;
    world.put("k", "0").await;
    let mut subscription = subscribe(&world, &consumer, 0, from(Type::TrimHorizon)).await.unwrap();
    let start = Instant::now();
    let first = event(&mut subscription).await.unwrap();
    assert_eq!((texts(&first), first.millis_behind_latest), (vec!["0".to_owned()], 0));
    for n in 1..4 {
        let (pushed, ()) = tokio::join!(event(&mut subscription), async {
            world.handle.put(STREAM, [("k", n.to_string())]).unwrap();
        });
        assert_eq!(texts(&pushed.unwrap()), [n.to_string()]);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    // Idle, it tells every five seconds how far it is, and the number rises.
    let mut last = first.continuation_sequence_number;
    for beat in 1..4 {
        let idle = event(&mut subscription).await.unwrap();
        assert!(idle.records.is_empty() && idle.continuation_sequence_number > last);
        assert_eq!(start.elapsed().as_secs(), beat * 5);
        last = idle.continuation_sequence_number;
    }
    // What is told when idle is a place to go on from.
    world.put("k", "4").await;
    let after = world.at(0, Type::AfterSequenceNumber, &last).await;
    assert_eq!(kinesis::texts(&world.get(after).await), ["4"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ends_after_five_minutes() {
    let world = world(1).await;
    let consumer = register(&world, "one").await;
    let mut subscription = subscribe(&world, &consumer, 0, from(Type::Latest)).await.unwrap();
    let start = Instant::now();
    let mut last = String::new();
    while let Some(event) = event(&mut subscription).await {
        last = event.continuation_sequence_number;
    }
    let elapsed = start.elapsed();
    assert!((Duration::from_mins(5)..Duration::from_millis(300_010)).contains(&elapsed), "{elapsed:?}");
    world.put("k", "after").await;
    let start = StartingPosition::builder().r#type(Type::AfterSequenceNumber).sequence_number(last);
    let mut subscription = subscribe(&world, &consumer, 0, start.build().unwrap()).await.unwrap();
    assert_eq!(texts(&event(&mut subscription).await.unwrap()), ["after"]);
}

/// Emulators that put `ChildShards` on every event, or keep `ContinuationSequenceNumber` on the last, make
/// consumers end a shard too early, or never.
#[tokio::test(start_paused = true)]
async fn the_last_event_of_a_shard_names_its_children() {
    let world = world(2).await;
    let consumer = register(&world, "one").await;
    let kept = world.handle.put(STREAM, (0..50).map(|n| (format!("k{n}"), "x"))).unwrap();
    assert_eq!(kept, 50);
    for (shard, is_closed_before) in [(0, true), (1, false)] {
        if is_closed_before {
            world.handle.split(STREAM, &id(shard)).unwrap();
        }
        let mut subscription = subscribe(&world, &consumer, shard, from(Type::TrimHorizon)).await.unwrap();
        let first = event(&mut subscription).await.unwrap();
        assert_eq!(first.records.len(), world.handle.shards(STREAM).unwrap()[shard as usize].records);
        assert!(first.child_shards.is_none() && !first.continuation_sequence_number.is_empty());
        let children = if is_closed_before {
            vec![id(2), id(3)]
        } else {
            // The end wakes it, as a record does.
            vec![world.handle.merge(STREAM, &id(1), &id(3)).unwrap()]
        };
        let last = event(&mut subscription).await.unwrap();
        assert!(last.records.is_empty());
        // The SDK reads what is absent as an empty string.
        assert_eq!((last.continuation_sequence_number.as_str(), last.millis_behind_latest), ("", 0));
        let told = last.child_shards().iter().map(|child| child.shard_id.clone()).collect::<Vec<_>>();
        assert_eq!(told, children);
        assert!(last.child_shards().iter().all(|child| child.parent_shards().contains(&id(shard))));
        assert!(event(&mut subscription).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_subscription_takes_over() {
    let world = world(1).await;
    let (one, two) = (register(&world, "one").await, register(&world, "two").await);
    let mut first = subscribe(&world, &one, 0, from(Type::Latest)).await.unwrap();
    let mut other = subscribe(&world, &two, 0, from(Type::Latest)).await.unwrap();
    advance(Duration::from_millis(4_900)).await;
    let early = subscribe(&world, &one, 0, from(Type::Latest)).await;
    assert_eq!(code(&early), "ResourceInUseException");
    sleep(Duration::from_millis(200)).await;
    let mut second = subscribe(&world, &one, 0, from(Type::Latest)).await.unwrap();
    // A heartbeat that was due may come first.
    let error = loop {
        match first.event_stream.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ends without a word"),
            Err(error) => break error,
        }
    };
    assert!(error.into_service_error().is_resource_in_use_exception());
    world.put("k", "x").await;
    assert_eq!(texts(&event(&mut second).await.unwrap()), ["x"]);
    let mut seen = event(&mut other).await.unwrap();
    if seen.records.is_empty() {
        seen = event(&mut other).await.unwrap();
    }
    assert_eq!(texts(&seen), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_ends_its_subscriptions() {
    let world = world(1).await;
    let (one, two) = (register(&world, "one").await, register(&world, "two").await);
    let mut first = subscribe(&world, &one, 0, from(Type::Latest)).await.unwrap();
    let mut second = subscribe(&world, &two, 0, from(Type::Latest)).await.unwrap();
    let ended = async |subscription: &mut SubscribeToShardOutput| {
        subscription.event_stream.recv().await.unwrap_err().into_service_error()
    };
    let start = Instant::now();
    world.kinesis.deregister_stream_consumer().consumer_arn(&one).send().await.unwrap();
    assert!(ended(&mut first).await.is_resource_not_found_exception());
    world.kinesis.delete_stream().stream_name(STREAM).enforce_consumer_deletion(true).send().await.unwrap();
    assert!(ended(&mut second).await.is_resource_not_found_exception());
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(code(&subscribe(&world, &two, 0, from(Type::Latest)).await), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn starts_are_checked_before_the_stream_begins() {
    let world = world(1).await;
    let consumer = register(&world, "one").await;
    let wrong = StartingPosition::builder().r#type(Type::AtSequenceNumber).sequence_number("1");
    let wrong = subscribe(&world, &consumer, 0, wrong.build().unwrap()).await;
    assert_eq!(code(&wrong), "InvalidArgumentException");
    assert_eq!(code(&subscribe(&world, &consumer, 7, from(Type::Latest)).await), "ResourceNotFoundException");
    // Neither took the shard.
    assert_eq!(code(&subscribe(&world, &consumer, 0, from(Type::Latest)).await), "success");
}

/// Two megabytes a second for each consumer and shard, counted in bytes.
#[tokio::test(start_paused = true)]
async fn a_subscription_is_paced_by_its_limit() {
    let world = kinesis::limited(1, Limits::aws()).await;
    let consumer = register(&world, "one").await;
    let large = vec![b'x'; 1_000_000];
    world.handle.put(STREAM, (0..20).map(|_| ("k", &large))).unwrap();
    let start = Instant::now();
    let mut subscription = subscribe(&world, &consumer, 0, from(Type::TrimHorizon)).await.unwrap();
    let mut records = 0;
    while records < 20 {
        records += event(&mut subscription).await.unwrap().records.len();
    }
    // 20 MB: a bucket of 2 MiB, and then 2 MiB a second.
    let elapsed = start.elapsed();
    assert!((Duration::from_secs(8)..Duration::from_secs(9)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_leaves_the_shard_taken() {
    let world = world(1).await;
    let consumer = register(&world, "one").await;
    let lost = Fault::new(FaultMode::LostReply, 1.0).service("kinesis").actions(["SubscribeToShard"]);
    world.aws.set_faults(Faults::none().with(lost));
    assert!(subscribe(&world, &consumer, 0, from(Type::Latest)).await.is_err());
    let slow = Fault::new(FaultMode::SlowBody, 1.0).over(Duration::from_secs(20));
    world.aws.set_faults(Faults::none().with(slow));
    assert_eq!(code(&subscribe(&world, &consumer, 0, from(Type::Latest)).await), "ResourceInUseException");
    sleep(Duration::from_secs(5)).await;
    let mut subscription = subscribe(&world, &consumer, 0, from(Type::Latest)).await.unwrap();
    // A slow body is late, and complete.
    world.put("k", "x").await;
    loop {
        let event = event(&mut subscription).await.unwrap();
        if !event.records.is_empty() {
            assert_eq!(texts(&event), ["x"]);
            break;
        }
    }
}

#[tokio::test]
async fn over_a_socket() {
    let aws = LocalAws::builder().start().await.unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let kinesis = Client::new(&aws.sdk_config().into_builder().http_client(http).build());
    let handle = aws.kinesis();
    handle.create_stream(STREAM, 1).unwrap();
    let world = World { kinesis, handle, aws };
    let consumer = register(&world, "one").await;
    let mut subscription = subscribe(&world, &consumer, 0, from(Type::Latest)).await.unwrap();
    for text in ["a", "b"] {
        world.put("k", text).await;
        assert_eq!(texts(&event(&mut subscription).await.unwrap()), [text]);
    }
}
