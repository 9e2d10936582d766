//! The AWS client.

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;
use aws_smithy_http_client::tls;

/// Makes it from the AWS environment.
///
/// # Errors
///
/// What is missing from the environment, in one line.
pub(crate) async fn connect() -> Result<Client, String> {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    if config.region().is_none_or(|region| region.as_ref().is_empty()) {
        return Err("no region: set AWS_REGION, or region in the profile".to_owned());
    }
    Ok(Client::new(&config))
}
