//! The limits, as a client meets them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use aws_sdk_kinesis::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
};
use tidegate_local_aws::{Latency, Limit, Limits, LocalAws, Rate};
use tokio::time::{Instant, sleep};

fn client(aws: &LocalAws) -> Client {
    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    Client::new(&config)
}

/// Calls without pause; how many were served and how many throttled.
async fn press(client: &Client, calls: u32) -> (u32, u32) {
    let (mut served, mut throttled) = (0, 0);
    for _ in 0..calls {
        match client.describe_limits().send().await {
            Ok(_) => served += 1,
            Err(error) => {
                assert_eq!(error.code(), Some("ThrottlingException"), "{error:?}");
                assert_eq!(error.message(), Some("Rate exceeded"));
                assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
                throttled += 1;
            }
        }
    }
    (served, throttled)
}

#[tokio::test(start_paused = true)]
async fn one_token_bucket() {
    let limits = Limits::single("kinesis", "DescribeLimits", 20, 100);
    let aws = LocalAws::builder().in_process().limits(limits).start().await.unwrap();
    let client = client(&aws);

    assert_eq!(press(&client, 110).await, (100, 10));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(press(&client, 30).await, (20, 10));

    let counters = aws.counters().action("kinesis", "DescribeLimits");
    assert_eq!((counters.accepted, counters.throttled, counters.failed), (120, 20, 0));
    assert_eq!((counters.in_flight, counters.max_in_flight), (0, 1));
    let series = counters.seconds.iter().map(|s| (s.second, s.accepted, s.throttled)).collect::<Vec<_>>();
    assert_eq!(series, [(0, 100, 10), (1, 20, 10)]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_changes_half_way() {
    let aws = LocalAws::builder()
        .in_process()
        .limits(Limits::single("kinesis", "DescribeLimits", 2, 5))
        .start()
        .await
        .unwrap();
    let client = client(&aws);
    assert_eq!(press(&client, 8).await, (5, 3));
    // The bucket keeps what is in it: nothing.
    aws.set_limits(Limits::single("kinesis", "DescribeLimits", 4, 5));
    assert_eq!(press(&client, 1).await, (0, 1));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(press(&client, 8).await, (4, 4));
    aws.set_limits(Limits::none());
    assert_eq!(press(&client, 50).await, (50, 0));
    aws.reset_counters();
    assert_eq!(aws.counters().action("kinesis", "DescribeLimits").accepted, 0);
}

#[tokio::test(start_paused = true)]
async fn regions_and_accounts_have_limits_of_their_own() {
    let limits = Limits::single("kinesis", "*", 1, 1);
    let aws = LocalAws::builder().in_process().limits(limits).start().await.unwrap();
    assert_eq!(press(&client(&aws), 2).await, (1, 1));

    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled());
    let elsewhere = config.region(aws_sdk_kinesis::config::Region::new("eu-west-1")).build();
    assert_eq!(press(&Client::new(&elsewhere), 2).await, (1, 1));

    let other = aws_sdk_kinesis::config::Credentials::new("123456789012", "test", None, None, "test");
    let config = aws_sdk_kinesis::config::Builder::from(&aws.sdk_config())
        .credentials_provider(other)
        .retry_config(RetryConfig::disabled());
    assert_eq!(press(&Client::from_conf(config.build()), 2).await, (1, 1));
}

/// An hour of calls at 20 ms each, in no time.
#[tokio::test(start_paused = true)]
async fn a_simulated_hour() {
    let row = Limit::new("kinesis", ["DescribeLimits"], Rate::from_millionths(100_000), 10);
    let aws = LocalAws::builder()
        .in_process()
        .limits(Limits::none().with(row))
        .latency(Latency::fixed(Duration::from_millis(20)))
        .start()
        .await
        .unwrap();
    let client = client(&aws);
    let start = Instant::now();
    while start.elapsed() < Duration::from_hours(1) {
        let _ = client.describe_limits().send().await;
        sleep(Duration::from_millis(4_980)).await;
    }
    let counters = aws.counters().action("kinesis", "DescribeLimits");
    assert_eq!(counters.accepted + counters.throttled, 720);
    // The burst of 10, and a tenth of a call a second for an hour, the last of them not yet called for.
    assert_eq!(counters.accepted, 369);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_on_the_paused_clock() {
    let latency = Latency::fixed(Duration::from_secs(3)).throttled(Duration::from_millis(4).into());
    let limits = Limits::single("kinesis", "DescribeLimits", 1, 1);
    let aws = LocalAws::builder().in_process().latency(latency).limits(limits).start().await.unwrap();
    let client = client(&aws);
    let start = Instant::now();
    let (served, throttled) = tokio::join!(press(&client, 1), async {
        sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        let result = press(&client, 1).await;
        assert_eq!(start.elapsed(), Duration::from_millis(4));
        result
    });
    assert_eq!((served, throttled), ((1, 0), (0, 1)));
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(aws.counters().action("kinesis", "DescribeLimits").max_in_flight, 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_timeout_holds_in_process() {
    let latency = Latency::fixed(Duration::from_mins(1));
    let aws = LocalAws::builder().in_process().latency(latency).start().await.unwrap();
    let timeouts = aws_sdk_kinesis::config::timeout::TimeoutConfig::builder()
        .read_timeout(Duration::from_secs(5))
        .build();
    let config = aws.sdk_config().into_builder();
    let config = config.timeout_config(timeouts).retry_config(RetryConfig::disabled()).build();
    let start = Instant::now();
    let error = Client::new(&config).describe_limits().send().await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout()), "{error:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(aws.counters().action("kinesis", "DescribeLimits").in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_here() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let error = client(&aws).list_channels().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownOperationException"));
    assert!(error.message().unwrap().contains("\"ListChannels\""));
}
