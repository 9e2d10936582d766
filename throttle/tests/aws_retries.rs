//! No operation fails because of throttling alone, with the retries that the crate offers.

#![cfg(feature = "aws")]

mod aws_support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_types::retry::{RetryConfig, RetryMode, RetrySpec};
use aws_support::{Answer, Recorder, Script, config, kinesis};
use tidegate_throttle::aws;

/// More throttles than the quota of the SDK lets through, over a few operations.
#[tokio::test(start_paused = true)]
async fn no_operation_fails_because_of_throttling_alone() {
    for spec in [RetrySpec::v2_0(), RetrySpec::v2_1()] {
        let throttle = Recorder::default();
        for _ in 0..4 {
            let answers = std::iter::repeat_n(Answer::throttle(), 90).chain([Answer::ok()]);
            let script = Script::new(&throttle.log, answers);
            let retries = aws::retry_config().with_retry_spec(spec.clone());
            let config = config(&script).to_builder().retry_config(retries).build();
            kinesis(&config, &throttle).describe_limits().send().await.unwrap();
        }
        assert_eq!(throttle.log.count("finish Throttled"), 4 * 90);
    }
}

/// What the retry partition is for: the SDK's own gives up, be there ever so many attempts.
#[tokio::test(start_paused = true)]
async fn the_quota_of_the_sdk_ends_retries() {
    let throttle = Recorder::default();
    let answers = std::iter::repeat_n(Answer::throttle(), 600).chain([Answer::ok()]);
    let script = Script::new(&throttle.log, answers);
    let retries = RetryConfig::standard().with_max_attempts(1000).with_max_backoff(Duration::from_millis(1));
    let config = config(&script).to_builder().retry_config(retries).build();
    aws_sdk_kinesis::Client::new(&config).describe_limits().send().await.unwrap_err();
    let tried = throttle.log.count("http");
    assert!(tried < 200, "{tried} attempts");
}

#[tokio::test(start_paused = true)]
async fn other_failures_still_draw_from_the_quota() {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::code(500, "")]);
    let retries = aws::retry_config().with_max_attempts(1000);
    let config = config(&script).to_builder().retry_config(retries).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
    let tried = throttle.log.count("http");
    assert!((10..200).contains(&tried), "{tried} attempts");
}

#[tokio::test(start_paused = true)]
async fn a_retry_partition_of_the_users_is_kept() {
    let builder = aws_sdk_kinesis::Config::builder()
        .retry_partition(aws_smithy_runtime::client::retries::RetryPartition::new("mine"));
    let config = tidegate_throttle::attach!(builder, &Recorder::default()).build();
    assert_eq!(config.retry_partition().unwrap().to_string(), "mine");
}

#[tokio::test(start_paused = true)]
async fn with_the_retries_off_a_throttle_ends_the_operation_and_is_seen() {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::throttle(), Answer::ok()]);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
    assert_eq!(throttle.log.count("finish Throttled"), 1);
    assert_eq!(throttle.log.count("acquire"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_adaptive_mode_of_the_sdk_works_and_is_warned_of_once() {
    let warnings = Warnings::default();
    let counting = tracing::subscriber::set_default(warnings.clone());
    for spec in [RetrySpec::v2_0(), RetrySpec::v2_1()] {
        let throttle = Recorder::default();
        let script = Script::new(&throttle.log, [Answer::throttle(), Answer::ok()]);
        let retries = RetryConfig::adaptive().with_retry_spec(spec.clone());
        assert_eq!(retries.mode(), RetryMode::Adaptive);
        let config = config(&script).to_builder().retry_config(retries).build();
        kinesis(&config, &throttle).describe_limits().send().await.unwrap();
        assert_eq!(throttle.log.count("acquire"), 2);
    }
    drop(counting);
    assert_eq!(warnings.0.load(Ordering::SeqCst), 1);
}

/// Counts the warnings of this crate.
#[derive(Clone, Debug, Default)]
struct Warnings(Arc<AtomicUsize>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("tidegate_throttle")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        if *event.metadata().level() == tracing::Level::WARN {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
