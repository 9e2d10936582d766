//! The AWS clients.

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls;
use tidegate_throttle::{Adaptive, attach, aws};

/// The AWS clients, and what paces them.
pub(crate) struct Clients {
    /// Plain: who consumes or publishes paces his own calls.
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    /// One for the whole process.
    pub(crate) throttle: Adaptive,
}

impl Clients {
    /// Makes them from the AWS environment.
    ///
    /// # Errors
    ///
    /// What is missing from the environment, in one line.
    pub(crate) async fn connect() -> Result<Self, String> {
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err("no region: set AWS_REGION, or region in the profile".to_owned());
        }
        let throttle = Adaptive::new();
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config).retry_config(aws::retry_config());
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(attach!(dynamodb, &throttle).build());
        Ok(Self { sqs: aws_sdk_sqs::Client::new(&config), dynamodb, throttle })
    }
}
