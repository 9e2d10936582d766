//! The AWS clients.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls;
use tidegate_local_aws::LocalAws;
use tidegate_throttle::aws::no_retries;

/// The AWS clients.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    /// Without the SDK's retries: the lanes make them.
    pub(crate) kinesis: aws_sdk_kinesis::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
}

impl Clients {
    /// Makes them from the AWS environment.
    ///
    /// # Errors
    ///
    /// What is missing from the environment, in one line.
    pub(crate) async fn connect() -> Result<Self, String> {
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err("no region: set AWS_REGION, or region in the profile".to_owned());
        }
        Ok(Self::new(&config))
    }

    /// Of an embedded AWS.
    pub(crate) fn embedded(aws: &LocalAws) -> Self {
        Self::new(&aws.sdk_config().into_builder().http_client(http_client()).build())
    }

    fn new(config: &SdkConfig) -> Self {
        let kinesis = aws_sdk_kinesis::config::Builder::from(config).retry_config(no_retries());
        // An endpoint by its address has no names below it for buckets.
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(config.endpoint_url().is_some());
        Self {
            kinesis: aws_sdk_kinesis::Client::from_conf(kinesis.build()),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
        }
    }
}

fn http_client() -> aws_sdk_s3::config::SharedHttpClient {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(ring).build_https()
}
