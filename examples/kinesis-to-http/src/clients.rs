//! The AWS clients.

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls;

/// The AWS clients.
pub(crate) struct Clients {
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
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err("no region: set AWS_REGION, or region in the profile".to_owned());
        }
        // An endpoint by its address has no names below it for buckets.
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(config.endpoint_url().is_some());
        Ok(Self {
            kinesis: aws_sdk_kinesis::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
        })
    }
}
