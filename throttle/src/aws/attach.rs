//! [`attach!`](crate::attach): puts a throttle under one client.

use std::sync::Arc;

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_runtime::client::{identity::IdentityCache, retries::RetryPartition};
use aws_smithy_runtime_api::client::{
    identity::{ResolveCachedIdentity, SharedIdentityCache},
    interceptors::SharedInterceptor,
};

use super::{identity::Admitting, interceptor::Attempts, retry_partition, timeout::Unqueued};
use crate::Throttle;

/// Puts a throttle under one SDK client: `attach!(builder, throttle)` gives back the client's config
/// builder, with which every attempt of every operation is admitted by `throttle`.
///
/// The builder is that of any SDK crate, by value; the throttle is a reference to anything that implements
/// [`Throttle`] and is cheap to clone: an [`Adaptive`](crate::Adaptive), an `Arc<dyn Throttle>`. What the
/// builder has been given stays: its identity cache is wrapped, its retry partition kept; without one, the
/// client gets [`retry_partition`](crate::aws::retry_partition). See [`aws`](crate::aws) for how it works.
///
/// ```
/// use tidegate_throttle::{Adaptive, attach, aws};
///
/// # let sdk_config = aws_types::SdkConfig::builder().behavior_version(aws_sdk_kinesis::config::BehaviorVersion::latest()).build();
/// let throttle = Adaptive::new();
/// let builder = aws_sdk_kinesis::config::Builder::from(&sdk_config).retry_config(aws::retry_config());
/// let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &throttle).build());
/// ```
#[macro_export]
macro_rules! attach {
    ($builder:expr, $throttle:expr $(,)?) => {{
        let mut builder = $builder;
        // A builder has no getters, but what it builds has.
        let config = builder.clone().build();
        let attachment = $crate::aws::Attachment::new($throttle);
        builder.push_interceptor(attachment.interceptor());
        builder
            .identity_cache(attachment.identity_cache(config.identity_cache()))
            .sleep_impl(attachment.sleep_impl(config.sleep_impl()))
            .retry_partition(attachment.retry_partition(config.retry_partition()))
    }};
}

/// What [`attach!`](crate::attach) puts into a client's config, for builders that the macro does not fit.
#[derive(Debug)]
pub struct Attachment {
    throttle: Arc<dyn Throttle>,
}

impl Attachment {
    /// Attaches `throttle`.
    pub fn new<T: Throttle + Clone + 'static>(throttle: &T) -> Self {
        Self { throttle: Arc::new(throttle.clone()) }
    }

    /// The identity cache that admits, around the one that the client has, or a lazy one.
    #[must_use]
    pub fn identity_cache(&self, inner: Option<SharedIdentityCache>) -> impl ResolveCachedIdentity + use<> {
        let inner = inner.unwrap_or_else(|| IdentityCache::lazy().build());
        Admitting::new(inner, Arc::clone(&self.throttle), None)
    }

    /// The sleep whose timers do not count the queue, around the one that the client has, or tokio's.
    #[must_use]
    pub fn sleep_impl(&self, inner: Option<SharedAsyncSleep>) -> impl AsyncSleep + use<> {
        Unqueued::new(inner)
    }

    /// The interceptor that says how each attempt ended.
    #[must_use]
    pub fn interceptor(&self) -> SharedInterceptor {
        // Before each hook of another the SDK looks whether it has been disabled: as much work as all else.
        SharedInterceptor::permanent(Attempts)
    }

    /// The retry partition that the client has, or [`retry_partition`].
    #[must_use]
    pub fn retry_partition(&self, own: Option<&RetryPartition>) -> RetryPartition {
        own.cloned().unwrap_or_else(retry_partition)
    }
}
