//! [`sdk_config`]: puts a throttle under every client of an `SdkConfig`.

use std::sync::Arc;

use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;

use super::{handoff::Handoff, http::Judging, identity::Admitting, timeout::Unqueued};
use crate::Throttle;

/// Puts a throttle under every client that is made from the config this gives back.
///
/// An `SdkConfig` carries no interceptors, so the verdict is read at its HTTP client: it must have one, and
/// `aws_config::load` sets none unless told to. With the feature `http-client` it gets one, `hyper` with
/// `rustls` and `ring`; without it calls are admitted, but the throttle learns nothing of how they ended,
/// which is worth a warning in the log: [`attach!`](crate::attach) each client then. A client that is attached as well is admitted once, by the throttle that is attached.
///
/// Apply it to a config that is loaded, rather than to the loader, so that fetching credentials does not
/// wait for the limit that the credentials are for.
///
/// Its limits are those of operations, and of buckets: what else a request [says](crate::aws) is not seen here.
/// Nor does an `SdkConfig` carry a retry quota: a client that must not fail because of throttling alone takes
/// `.retry_partition(aws::retry_partition())` when it is made. The [deadline](crate::Call::deadline) of a retry is
/// that of an operation that began with it.
///
/// An error in an HTTP 200, as S3 sends it for long copies, counts as accepted here.
///
/// ```
/// use tidegate_throttle::{Adaptive, aws};
///
/// # fn clients(loaded: &aws_types::SdkConfig) {
/// let paced = aws::sdk_config(loaded, &Adaptive::new());
/// let streams = aws_sdk_kinesis::Client::new(&paced);
/// let buckets = aws_sdk_s3::Client::new(&paced);
/// # }
/// ```
#[must_use]
pub fn sdk_config<T: Throttle + Clone + 'static>(config: &SdkConfig, throttle: &T) -> SdkConfig {
    let inner = config.http_client().or_else(default_http_client);
    let handoff = inner.map(|inner| (inner, Handoff::default()));
    if handoff.is_none() {
        tracing::warn!(
            "an SdkConfig without an HTTP client is under a throttle, which will learn nothing of its calls: \
             attach! each client"
        );
    }
    let cache = Admitting::new(
        config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build()),
        Arc::new(throttle.clone()),
        handoff.as_ref().map(|(_, handoff)| handoff.clone()),
    );
    let paced = config.to_builder().identity_cache(cache).sleep_impl(Unqueued::new(config.sleep_impl()));
    match handoff {
        Some((inner, handoff)) => paced.http_client(Judging::new(inner, handoff)).build(),
        None => paced.build(),
    }
}

/// The HTTP client of a config that has none.
fn default_http_client() -> Option<SharedHttpClient> {
    #[cfg(feature = "http-client")]
    let client = {
        use aws_smithy_http_client::{
            Builder,
            tls::{Provider, rustls_provider::CryptoMode},
        };
        Some(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
    };
    #[cfg(not(feature = "http-client"))]
    let client = None;
    client
}

#[cfg(all(test, feature = "http-client"))]
mod tests {
    use aws_types::SdkConfig;

    use super::sdk_config;
    use crate::Unlimited;

    #[test]
    fn a_config_without_an_http_client_gets_one() {
        let config = SdkConfig::builder().build();
        assert!(config.http_client().is_none());
        assert!(sdk_config(&config, &Unlimited).http_client().is_some());
    }
}
