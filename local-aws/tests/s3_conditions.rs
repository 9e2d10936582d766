//! S3 under limits and faults: what had an effect, and what the client was told.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{SharedHttpClient, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use tidegate_local_aws::{Fault, FaultMode, Faults, Latency, Limit, Limits, LocalAws, Per, Rate};
use tokio::time::{Instant, sleep};

fn client(aws: &LocalAws, http: SharedHttpClient) -> Client {
    let config = aws.sdk_config().into_builder().http_client(http).retry_config(RetryConfig::disabled());
    Client::new(&config.build())
}

/// An AWS with one object `src/a` and an empty bucket `dst`, whose copies meet a fault.
async fn faulty(mode: FaultMode) -> LocalAws {
    let fault = Fault::new(mode, 1.0).service("s3").actions(["CopyObject"]);
    let aws = LocalAws::builder().faults(Faults::none().with(fault)).start().await.unwrap();
    aws.s3().create_bucket("src");
    aws.s3().create_bucket("dst");
    aws.s3().put("src", "a", "text").unwrap();
    aws
}

/// Copies in process and over the socket: whether the client was told of success, and whether the copy is
/// there.
async fn copies(mode: FaultMode) -> [(bool, bool); 2] {
    let aws = faulty(mode).await;
    let socket = aws_smithy_http_client::Builder::new().build_http();
    let mut seen = [(false, false); 2];
    for (seen, (key, http)) in seen.iter_mut().zip([("process", aws.http_client()), ("socket", socket)]) {
        let copy = client(&aws, http).copy_object().bucket("dst").key(key).copy_source("src/a");
        let told = copy.send().await.is_ok();
        *seen = (told, aws.s3().object("dst", key).unwrap().is_some());
    }
    assert_eq!(aws.counters().action("s3", "CopyObject").failed, 2);
    seen
}

#[tokio::test]
async fn what_each_fault_does() {
    assert_eq!(copies(FaultMode::Drop).await, [(false, false); 2]);
    assert_eq!(copies(FaultMode::Error500).await, [(false, false); 2]);
    assert_eq!(copies(FaultMode::Error503).await, [(false, false); 2]);
    assert_eq!(copies(FaultMode::ErrorIn200).await, [(false, false); 2]);
    assert_eq!(copies(FaultMode::LostReply).await, [(false, true); 2]);
}

#[tokio::test]
async fn an_error_in_200() {
    let aws = faulty(FaultMode::ErrorIn200).await;
    let copy = client(&aws, aws.http_client()).copy_object().bucket("dst").key("a").copy_source("src/a");
    let error = copy.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 200);
    assert_eq!(error.code(), Some("InternalError"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body() {
    let fault = Fault::new(FaultMode::SlowBody, 1.0).actions(["GetObject"]).over(Duration::from_secs(20));
    let aws = LocalAws::builder().in_process().faults(Faults::none().with(fault)).start().await.unwrap();
    aws.s3().create_bucket("src");
    aws.s3().put_synthetic("src", "a", 1_000_000).unwrap();
    let stalls = aws_sdk_s3::config::StalledStreamProtectionConfig::disabled();
    let config = aws.sdk_config().into_builder().stalled_stream_protection(stalls).build();
    let start = Instant::now();
    let object = Client::new(&config).get_object().bucket("src").key("a").send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(object.body.collect().await.unwrap().into_bytes().len(), 1_000_000);
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn slow_down_and_its_head() {
    let row = Limit::new("s3", ["CopyObject", "HeadObject"], Rate::per_second(1), 1)
        .per(Per::S3Partition)
        .error(503, "SlowDown", "Please reduce your request rate.");
    let aws = LocalAws::builder()
        .in_process()
        .limits(Limits::none().with(row))
        .latency(Latency::fixed(Duration::from_millis(60)))
        .start()
        .await
        .unwrap();
    aws.s3().create_bucket("src");
    aws.s3().put("src", "a", "text").unwrap();
    let s3 = client(&aws, aws.http_client());
    s3.head_object().bucket("src").key("a").send().await.unwrap();

    let copy = s3.copy_object().bucket("src").key("b").copy_source("src/a");
    let error = copy.clone().send().await.unwrap_err();
    assert_eq!(error.code(), Some("SlowDown"));
    assert_eq!(error.message(), Some("Please reduce your request rate."));
    assert!(aws.s3().object("src", "b").unwrap().is_none());

    // An answer to HEAD has no body, and so no code.
    let error = s3.head_object().bucket("src").key("a").send().await.unwrap_err();
    let SdkError::ServiceError(error) = &error else { panic!("{error:?}") };
    assert_eq!((error.raw().status().as_u16(), error.raw().body().bytes()), (503, Some(&b""[..])));

    sleep(Duration::from_secs(1)).await;
    copy.send().await.unwrap();
    assert!(aws.s3().object("src", "b").unwrap().is_some());
}
