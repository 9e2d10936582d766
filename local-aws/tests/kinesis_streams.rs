//! Streams: created, described, listed, tagged, deleted.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod kinesis;

use std::time::Duration;

use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails, StreamStatus};
use kinesis::{STREAM, code, id, world};
use tokio::time::advance;

const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

#[tokio::test(start_paused = true)]
async fn a_stream_from_its_creation_to_its_end() {
    let world = world(1).await;
    let create = || world.kinesis.create_stream().stream_name("payments").shard_count(3);
    create().tags("team", "blue").send().await.unwrap();
    assert_eq!(code(&create().send().await), "ResourceInUseException");

    let summary = world.kinesis.describe_stream_summary().stream_name("payments").send().await.unwrap();
    let summary = summary.stream_description_summary.unwrap();
    assert_eq!(summary.stream_arn, ARN.replace("orders", "payments"));
    assert_eq!((summary.open_shard_count, summary.consumer_count), (3, Some(0)));
    assert_eq!((summary.stream_status, summary.retention_period_hours), (StreamStatus::Active, 24));
    assert_eq!(summary.stream_mode_details.unwrap().stream_mode, StreamMode::Provisioned);

    let limits = world.kinesis.describe_limits().send().await.unwrap();
    assert_eq!((limits.open_shard_count, limits.on_demand_stream_count), (4, 0));

    world.kinesis.delete_stream().stream_arn(ARN.replace("orders", "payments")).send().await.unwrap();
    let gone = world.kinesis.describe_stream().stream_name("payments").send().await;
    assert_eq!(code(&gone), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn on_demand_streams_start_with_four_shards() {
    let world = world(1).await;
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    world.kinesis.create_stream().stream_name("any").stream_mode_details(mode).send().await.unwrap();
    let any = world.kinesis.list_shards().stream_name("any").send().await.unwrap();
    assert_eq!(any.shards().len(), 4);
    let split =
        world.kinesis.split_shard().stream_name("any").shard_to_split(id(0)).new_starting_hash_key("7");
    assert_eq!(code(&split.send().await), "ValidationException");
    assert_eq!(world.kinesis.describe_limits().send().await.unwrap().on_demand_stream_count, 1);
}

#[tokio::test(start_paused = true)]
async fn descriptions_and_lists_have_pages() {
    let world = world(5).await;
    let describe = |start: Option<String>| {
        let describe = world.kinesis.describe_stream().stream_arn(ARN).limit(2);
        async move {
            let page = describe.set_exclusive_start_shard_id(start).send().await.unwrap();
            let page = page.stream_description.unwrap();
            let ids = page.shards.into_iter().map(|shard| shard.shard_id).collect::<Vec<_>>();
            (ids, page.has_more_shards)
        }
    };
    assert_eq!(describe(None).await, (vec![id(0), id(1)], true));
    assert_eq!(describe(Some(id(1))).await, (vec![id(2), id(3)], true));
    assert_eq!(describe(Some(id(3))).await, (vec![id(4)], false));

    world.handle.create_stream("a", 1).unwrap();
    world.handle.create_stream("b", 1).unwrap();
    let first = world.kinesis.list_streams().limit(2).send().await.unwrap();
    assert_eq!((first.stream_names(), first.has_more_streams), (&["a".to_owned(), "b".to_owned()][..], true));
    let rest = world.kinesis.list_streams().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((rest.stream_names(), rest.has_more_streams), (&[STREAM.to_owned()][..], false));
    assert_eq!(rest.stream_summaries()[0].stream_arn, ARN);
}

#[tokio::test(start_paused = true)]
async fn a_page_holds_no_more_whatever_is_asked_for() {
    let world = world(1_001).await;
    let kinesis = &world.kinesis;
    let shards = kinesis.list_shards().stream_name(STREAM).max_results(10_000).send().await.unwrap();
    assert_eq!((shards.shards().len(), shards.next_token().is_some()), (1_000, true));
    let stream = kinesis.describe_stream().stream_name(STREAM).limit(10_000).send().await.unwrap();
    let stream = stream.stream_description.unwrap();
    assert_eq!((stream.shards().len(), stream.has_more_shards), (100, true));
    for n in 0..250 {
        world.handle.create_stream(&format!("s-{n:03}"), 1).unwrap();
    }
    let first = kinesis.list_streams().limit(10_000).send().await.unwrap();
    assert_eq!((first.stream_names().len(), first.stream_summaries().len()), (100, 100));
    world.aws.reset_counters();
    let pages = kinesis.list_streams().into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.stream_names().len()).collect::<Vec<_>>(), [100, 100, 51]);
    assert_eq!(world.aws.counters().action("kinesis", "ListStreams").accepted, 3);
    assert_eq!(code(&kinesis.list_streams().limit(10_001).send().await), "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused() {
    let world = world(1).await;
    let kinesis = &world.kinesis;
    let create = |name: &str, shards| kinesis.create_stream().stream_name(name).shard_count(shards);
    assert_eq!(code(&create("a b", 1).send().await), "ValidationException");
    assert_eq!(code(&create("a", 0).send().await), "ValidationException");
    assert_eq!(code(&create("a", 20_000).send().await), "LimitExceededException");
    assert_eq!(code(&kinesis.create_stream().stream_name("a").send().await), "ValidationException");
    let both = kinesis.describe_stream().stream_name("other").stream_arn(ARN).send().await;
    assert_eq!(code(&both), "InvalidArgumentException");
    assert_eq!(code(&kinesis.describe_stream().send().await), "InvalidArgumentException");
    let unknown = kinesis.start_stream_encryption().stream_name(STREAM).key_id("a");
    let unknown = unknown.encryption_type(aws_sdk_kinesis::types::EncryptionType::Kms).send().await;
    assert_eq!(code(&unknown), "UnknownOperationException");
}

#[tokio::test(start_paused = true)]
async fn tags_are_kept() {
    let world = world(1).await;
    let tag =
        |key: &str, value: &str| world.kinesis.add_tags_to_stream().stream_name(STREAM).tags(key, value);
    tag("b", "1").tags("a", "2").send().await.unwrap();
    tag("b", "3").send().await.unwrap();
    let list = || world.kinesis.list_tags_for_stream().stream_name(STREAM);
    let page = list().limit(1).send().await.unwrap();
    assert_eq!((page.tags()[0].key.as_str(), page.has_more_tags), ("a", true));
    let page = list().exclusive_start_tag_key("a").send().await.unwrap();
    assert_eq!((page.tags()[0].value.as_deref(), page.has_more_tags), (Some("3"), false));
    world.kinesis.remove_tags_from_stream().stream_name(STREAM).tag_keys("a").send().await.unwrap();
    assert_eq!(list().send().await.unwrap().tags().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn scopes_have_streams_of_their_own() {
    let world = world(1).await;
    let eu = world.handle.region("eu-west-1");
    assert_eq!(eu.shards(STREAM).unwrap_err().code(), "ResourceNotFoundException");
    eu.create_stream(STREAM, 2).unwrap();
    assert_eq!((world.handle.shards(STREAM).unwrap().len(), eu.shards(STREAM).unwrap().len()), (1, 2));
    world.handle.account("123456789012").create_stream(STREAM, 3).unwrap();
    let other = aws_sdk_kinesis::config::Credentials::new("123456789012", "test", None, None, "test");
    let config = aws_sdk_kinesis::config::Builder::from(&world.aws.sdk_config()).credentials_provider(other);
    let other = aws_sdk_kinesis::Client::from_conf(config.build());
    assert_eq!(other.list_shards().stream_name(STREAM).send().await.unwrap().shards().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn retention_is_changed_within_its_bounds() {
    let world = world(1).await;
    let kinesis = &world.kinesis;
    let longer =
        |hours| kinesis.increase_stream_retention_period().stream_name(STREAM).retention_period_hours(hours);
    let shorter =
        |hours| kinesis.decrease_stream_retention_period().stream_name(STREAM).retention_period_hours(hours);
    longer(48).send().await.unwrap();
    assert_eq!(code(&longer(24).send().await), "InvalidArgumentException");
    assert_eq!(code(&longer(8_761).send().await), "ValidationException");
    assert_eq!(code(&shorter(23).send().await), "ValidationException");
    world.put("key", "record").await;
    advance(Duration::from_hours(36)).await;
    let count = || world.handle.shards(STREAM).unwrap()[0].records;
    assert_eq!(count(), 1);
    shorter(24).send().await.unwrap();
    assert_eq!(count(), 0);
    longer(48).send().await.unwrap();
    assert_eq!(count(), 0);
}
