//! The faults, as a client meets them: in process and over the socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use aws_sdk_kinesis::{
    Client,
    config::{SharedHttpClient, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::describe_limits::{DescribeLimitsError, DescribeLimitsOutput},
};
use tidegate_local_aws::{Fault, FaultMode, Faults, LocalAws};
use tokio::time::Instant;

type Answer = Result<DescribeLimitsOutput, SdkError<DescribeLimitsError>>;

fn always(mode: FaultMode) -> Faults {
    Faults::none().with(Fault::new(mode, 1.0).service("kinesis").over(Duration::from_secs(10)))
}

async fn call(aws: &LocalAws, http: SharedHttpClient) -> Answer {
    let config = aws.sdk_config().into_builder().http_client(http).retry_config(RetryConfig::disabled());
    Client::new(&config.build()).describe_limits().send().await
}

/// Both ways to the same AWS.
async fn both_ways(mode: FaultMode, judge: impl Fn(Answer) + Send + Sync) {
    let aws = LocalAws::builder().faults(always(mode)).start().await.unwrap();
    judge(call(&aws, aws.http_client()).await);
    judge(call(&aws, aws_smithy_http_client::Builder::new().build_http()).await);
    let counters = aws.counters().action("kinesis", "DescribeLimits");
    assert_eq!((counters.accepted, counters.failed, counters.in_flight), (2, 2, 0));
}

/// In process it is an I/O error; hyper's client says that the message was incomplete.
fn is_closed(answer: Answer) {
    let error = answer.unwrap_err();
    let text = format!("{error:?}");
    let SdkError::DispatchFailure(failure) = &error else { panic!("{text}") };
    assert!(failure.is_io() || text.contains("IncompleteMessage"), "{text}");
}

#[tokio::test]
async fn a_drop_closes_the_connection() {
    both_ways(FaultMode::Drop, is_closed).await;
}

#[tokio::test]
async fn a_lost_reply_closes_the_connection() {
    both_ways(FaultMode::LostReply, is_closed).await;
}

#[tokio::test]
async fn errors_are_the_services_own() {
    for (mode, status, code) in
        [(FaultMode::Error500, 500, "InternalFailure"), (FaultMode::Error503, 503, "ServiceUnavailable")]
    {
        both_ways(mode, |answer| {
            let error = answer.unwrap_err();
            assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
            assert_eq!(error.code(), Some(code));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_trickles() {
    let aws = LocalAws::builder().in_process().faults(always(FaultMode::SlowBody)).start().await.unwrap();
    let start = Instant::now();
    let config = aws.sdk_config().into_builder();
    let stalls = aws_sdk_kinesis::config::StalledStreamProtectionConfig::disabled();
    let client = Client::new(&config.stalled_stream_protection(stalls).build());
    assert_eq!(client.describe_limits().send().await.unwrap().shard_limit(), 20_000);
    let took = start.elapsed();
    assert!((Duration::from_secs(9)..=Duration::from_secs(11)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn an_error_in_200_spares_other_services() {
    let aws = LocalAws::builder().in_process().faults(always(FaultMode::ErrorIn200)).start().await.unwrap();
    call(&aws, aws.http_client()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_repeated() {
    async fn run(seed: u64) -> Vec<bool> {
        let faults = Faults::none().with(Fault::new(FaultMode::Drop, 0.3));
        let aws = LocalAws::builder().in_process().faults(faults).seed(seed).start().await.unwrap();
        let mut answers = Vec::new();
        for _ in 0..50 {
            answers.push(call(&aws, aws.http_client()).await.is_ok());
        }
        answers
    }
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
}

#[tokio::test]
async fn faults_change_half_way() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    call(&aws, aws.http_client()).await.unwrap();
    aws.set_faults(always(FaultMode::Drop));
    is_closed(call(&aws, aws.http_client()).await);
    aws.set_faults(Faults::none());
    call(&aws, aws.http_client()).await.unwrap();
}
