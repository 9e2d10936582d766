//! What the tests of services that describe resources share: an embedded AWS with resources in it, and short ways
//! to look at errors.

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig};
use aws_types::SdkConfig;
use tidegate_local_aws::{Limit, Limits, LocalAws, Rate, resources::Resources};

pub(crate) const ACCOUNT: &str = "000000000000";

/// An embedded AWS with these resources, and the configuration of clients of it that try once.
pub(crate) async fn world(resources: Resources) -> (LocalAws, SdkConfig) {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    aws.resources().add(resources);
    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    (aws, config)
}

/// The error code and the message, or `success`.
pub(crate) fn refused<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E, Response>>) -> (&str, &str) {
    match result {
        Ok(_) => ("success", ""),
        Err(error) => (error.code().unwrap_or("none"), error.message().unwrap_or("none")),
    }
}

/// One call of the action, and no more.
pub(crate) fn one_call(service: &str, action: &str) -> Limits {
    let row = Limit::new(service, [action], Rate::per_second(1), 1);
    Limits::none().with(row.error(400, "Throttling", "Rate exceeded"))
}

/// How often an action was asked.
pub(crate) fn calls(aws: &LocalAws, service: &str, action: &str) -> u64 {
    let asked = aws.counters().action(service, action);
    asked.accepted + asked.throttled
}

#[allow(dead_code, reason = "not every test looks at tags")]
pub(crate) fn names(prefix: &str, many: usize) -> Vec<String> {
    (0..many).map(|n| format!("{prefix}{n}")).collect()
}
