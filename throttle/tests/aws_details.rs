//! What a call's request says of its limit, through real clients: the canary for how the SDK writes requests, and
//! for where it leaves the bucket.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::time::Duration;

use aws_sdk_kinesis::{primitives::Blob, types::PutRecordsRequestEntry};
use aws_support::{Answer, Recorder, Script, config, kinesis, s3};
use tidegate_throttle::aws::{self, CallHint};

fn fixture() -> (Recorder, aws_types::SdkConfig) {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::code(400, "ResourceNotFoundException")]);
    (throttle, config(&script))
}

fn acquired(throttle: &Recorder) -> String {
    throttle.log.events()[0].replace("acquire 123456789012 eu-west-1 ", "")
}

#[tokio::test(start_paused = true)]
async fn a_stream_and_a_shard_are_read_from_the_request() {
    let (throttle, config) = fixture();
    let client = kinesis(&config, &throttle);
    let record = || {
        let entry = PutRecordsRequestEntry::builder().partition_key("\"StreamName\":\"no");
        entry.data(Blob::new(vec![0; 100_000])).build().unwrap()
    };
    let put = client.put_records().stream_name("orders").records(record()).records(record());
    put.send().await.unwrap_err();
    let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    client.put_records().stream_arn(arn).records(record()).send().await.unwrap_err();
    let put = client.put_record().stream_name("orders").partition_key("a").data(Blob::new("x"));
    put.send().await.unwrap_err();
    let from = client.get_shard_iterator().stream_arn(arn).shard_id("shard-7");
    from.shard_iterator_type("LATEST".into()).send().await.unwrap_err();
    client.get_records().shard_iterator("AAAA").send().await.unwrap_err();
    client.describe_stream_summary().stream_name("orders").send().await.unwrap_err();
    let acquired: Vec<_> = throttle.log.events().into_iter().filter(|it| it.starts_with("acquire")).collect();
    let acquired: Vec<_> =
        acquired.iter().map(|it| it.split(' ').skip(4).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        acquired,
        [
            "PutRecords orders",
            "PutRecords orders",
            "PutRecord orders",
            "GetShardIterator orders/shard-7",
            "GetRecords",
            "DescribeStreamSummary"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_retry_has_the_resource_of_its_call() {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::throttle(), Answer::new(200, r#"{"Shards":[]}"#)]);
    kinesis(&config(&script), &throttle).list_shards().stream_name("orders").send().await.unwrap();
    assert_eq!(throttle.log.count("acquire 123456789012 eu-west-1 kinesis ListShards orders"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hint_wins_over_the_request() {
    let (throttle, config) = fixture();
    let list = kinesis(&config, &throttle).list_shards().stream_name("orders").customize();
    list.interceptor(CallHint::default().resource("mine")).send().await.unwrap_err();
    assert_eq!(acquired(&throttle), "kinesis ListShards mine");

    let (throttle, config) = fixture();
    let list = kinesis(&config, &throttle).list_shards().stream_name("orders").customize();
    list.interceptor(CallHint::default().cost(2.try_into().unwrap())).send().await.unwrap_err();
    assert_eq!(acquired(&throttle), "kinesis ListShards orders");

    let (throttle, config) = fixture();
    let head = s3(&config, &throttle).head_object().bucket("b").key("p/k").customize();
    head.interceptor(CallHint::default().resource("b/p")).send().await.unwrap_err();
    assert_eq!(acquired(&throttle), "s3 HeadObject b/p");
}

/// The bucket is the first of the parameters of the endpoint, which are in the bag before the identity is
/// resolved.
#[tokio::test(start_paused = true)]
async fn a_bucket_is_read_from_the_parameters_of_its_endpoint() {
    let (throttle, plain) = fixture();
    s3(&plain, &throttle).list_objects_v2().bucket("my-bucket.1").send().await.unwrap_err();
    assert_eq!(acquired(&throttle), "s3 ListObjectsV2 my-bucket.1");

    let (throttle, plain) = fixture();
    s3(&plain, &throttle).list_buckets().send().await.unwrap_err();
    assert_eq!(acquired(&throttle), "s3 ListBuckets");

    let (throttle, plain) = fixture();
    let longest = "b".repeat(63);
    let paced = aws_sdk_s3::Client::new(&aws::sdk_config(&plain, &throttle));
    paced.head_object().bucket(&longest).key("k").send().await.unwrap_err();
    assert_eq!(acquired(&throttle), format!("s3 HeadObject {longest}"));

    // Without an endpoint of its own, as an ARN needs.
    let (throttle, plain) = fixture();
    let mut own = plain.to_builder();
    own.set_endpoint_url(None);
    let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine";
    let builder = aws_sdk_s3::config::Builder::from(&own.build());
    let client = aws_sdk_s3::Client::from_conf(tidegate_throttle::attach!(builder, &throttle).build());
    client.head_object().bucket(arn).key("k").send().await.unwrap_err();
    assert_eq!(acquired(&throttle), format!("s3 HeadObject {arn}"));
}

/// What `retry_config` leaves of the SDK's backoff is little beside the pace.
#[tokio::test(start_paused = true)]
async fn a_paced_client_is_not_paced_a_second_time() {
    let throttle = Recorder { wait: Duration::from_secs(10), ..Recorder::default() };
    let answers = std::iter::repeat_n(Answer::throttle(), 9).chain([Answer::ok()]);
    let script = Script::new(&throttle.log, answers);
    let config = config(&script).to_builder().retry_config(aws::retry_config()).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap();
    let (end, _) = throttle.log.timed().pop().unwrap();
    assert!((100_000..103_000).contains(&end), "{end}");
}
