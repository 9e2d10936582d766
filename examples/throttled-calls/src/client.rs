//! The Kinesis client in each mode, with a count of the attempts that were throttled.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_config::BehaviorVersion;
use aws_sdk_kinesis::{
    Client,
    config::{
        Builder, ConfigBag, Intercept, RuntimeComponents, interceptors::FinalizerInterceptorContextRef,
        retry::RetryConfig,
    },
    error::{BoxError, ProvideErrorMetadata},
    operation::describe_limits::DescribeLimitsError,
};
use aws_smithy_http_client::tls;
use tidegate_throttle::{Adaptive, attach, aws};

use crate::args::{Args, Mode};

/// A client, and what it counts.
pub(crate) struct Paced {
    pub(crate) kinesis: Client,
    throttled: Arc<AtomicU64>,
}

impl Paced {
    /// How many attempts were throttled.
    pub(crate) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}

/// Makes the client from the AWS environment.
///
/// # Errors
///
/// What is missing from the environment, in one line.
pub(crate) async fn connect(args: &Args) -> Result<Paced, String> {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    if config.region().is_none_or(|region| region.as_ref().is_empty()) {
        return Err("no region: set AWS_REGION, or region in the profile".to_owned());
    }
    let throttled = Arc::new(AtomicU64::new(0));
    let builder = Builder::from(&config).interceptor(CountThrottles(Arc::clone(&throttled)));
    let builder = match args.mode {
        Mode::Throttle => attach!(builder.retry_config(aws::retry_config()), &Adaptive::new()),
        Mode::Standard => builder.retry_config(RetryConfig::standard()),
        Mode::Adaptive => builder.retry_config(RetryConfig::adaptive()),
        Mode::None => builder.retry_config(RetryConfig::disabled()),
    };
    Ok(Paced { kinesis: Client::from_conf(builder.build()), throttled })
}

/// Counts attempts that a limit stopped, in every mode alike.
#[derive(Debug)]
struct CountThrottles(Arc<AtomicU64>);

impl Intercept for CountThrottles {
    fn name(&self) -> &'static str {
        "CountThrottles"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let error = context.output_or_error().and_then(Result::err).and_then(|it| it.as_operation_error());
        let error = error.and_then(|it| it.downcast_ref::<DescribeLimitsError>());
        let reply = aws::Reply {
            service: "kinesis",
            status: context.response().map_or(0, |response| response.status().as_u16()),
            code: error.and_then(ProvideErrorMetadata::code),
            ..aws::Reply::default()
        };
        if matches!(aws::classify(&reply), aws::Verdict::Rate { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
