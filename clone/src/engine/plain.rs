//! What sends requests as a clone wants it: retries and timeouts are its own.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig},
};

use crate::{Cloner, Location, counters::Counters, request::Requester, stop::Stop};

/// What sends the requests of a clone.
pub(crate) fn requester(cloner: &Cloner, counters: Arc<Counters>, stop: Arc<Stop>) -> Requester {
    Requester { throttle: Arc::clone(&cloner.throttle), attempts: cloner.attempts, counters, stop }
}

/// The location with a client that leaves retries and timeouts to us, and is otherwise the given one.
///
/// S3 holds back the answer to a long copy, which stalled-stream protection takes for a dead connection.
pub(crate) fn plain(location: &Location) -> Location {
    Location { client: plain_client(&location.client), ..location.clone() }
}

pub(crate) fn plain_client(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .disable_read_timeout()
        .disable_operation_timeout()
        .disable_operation_attempt_timeout()
        .build();
    let config = client
        .config()
        .to_builder()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Client::from_conf(config)
}
