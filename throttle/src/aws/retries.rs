//! What the SDK's own retries should be on a paced client.

use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;

/// The retry configuration for a client under [`attach!`](crate::attach) or [`sdk_config`](super::sdk_config):
/// no operation fails because of throttling alone.
///
/// Standard mode, 100 attempts, a backoff that starts at 1 ms and stays below 1 s: the throttle paces every
/// attempt, so a backoff of the SDK's on top of it only wastes the limit. Other failures are retried as
/// often as [`retry_partition`] has quota for them.
///
/// ```
/// # fn paced(config: &aws_types::SdkConfig, throttle: &tidegate_throttle::Adaptive) {
/// use tidegate_throttle::{attach, aws};
///
/// let builder = aws_sdk_kinesis::config::Builder::from(config)
///     .retry_config(aws::retry_config());
/// let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, throttle).build());
/// # }
/// ```
#[must_use]
pub fn retry_config() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(100)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_secs(1))
}

/// The retry configuration for a client whose calls go through [`send`](super::send): one attempt.
#[must_use]
pub fn no_retries() -> RetryConfig {
    RetryConfig::disabled()
}

/// A retry quota that throttles do not draw from, and other failures do.
///
/// The SDK's own lets 500 tokens' worth of retries through, 5 or 14 a piece, and then fails operations at
/// their first throttle. [`attach!`](crate::attach) sets this one on a client that has none of its own.
/// Clients share a quota by sharing a clone.
#[must_use]
pub fn retry_partition() -> RetryPartition {
    let quota = TokenBucket::builder().throttling_retry_cost(0).build();
    RetryPartition::custom("tidegate-throttle").token_bucket(quota).build()
}
