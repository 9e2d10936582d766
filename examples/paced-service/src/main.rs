//! The least that a service needs to be paced: 10 calls at once, of which AWS allows one a second.

use aws_config::BehaviorVersion;
use aws_sdk_kinesis::{Client, config::Builder, error::DisplayErrorContext};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tidegate_throttle::{Adaptive, attach, aws};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), String> {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;

    let throttle = Adaptive::new(); // One for the whole process.
    let builder = Builder::from(&config).retry_config(aws::retry_config());
    let kinesis = Client::from_conf(attach!(builder, &throttle).build());

    let calls: JoinSet<_> = (0..10).map(|_| kinesis.describe_limits().send()).collect();
    for call in calls.join_all().await {
        call.map_err(|error| DisplayErrorContext(error).to_string())?;
    }
    for it in throttle.snapshot() {
        let rate = it.rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string());
        println!("{}: {rate}, {} accepted, {} throttled", it.limit, it.accepted, it.throttled);
    }
    Ok(())
}
