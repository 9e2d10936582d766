//! A client configuration for the embedded AWS.

use aws_smithy_http_client::{Builder, tls};
use tidegate_local_aws::LocalAws;

/// The SDK configuration of an embedded AWS, with an HTTP client.
pub(crate) fn sdk_config(aws: &LocalAws) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::from(&aws.sdk_config()).http_client(http_client()).force_path_style(true)
}

/// An HTTP client as a service has it.
pub(crate) fn http_client() -> aws_sdk_s3::config::SharedHttpClient {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().tls_provider(ring).build_https()
}
