//! [`Clients`]: the AWS clients.

use aws_config::BehaviorVersion;
use aws_smithy_http_client::tls;

/// The AWS clients.
pub(crate) struct Clients {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
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
        // A server of one's own seldom has a host name for each bucket.
        let own = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(own).build();
        Ok(Self { s3: aws_sdk_s3::Client::from_conf(s3), sqs: aws_sdk_sqs::Client::new(&config) })
    }
}
