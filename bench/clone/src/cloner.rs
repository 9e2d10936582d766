//! The cloner in a process of its own.

use std::sync::Arc;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use aws_smithy_http_client::tls;
use serde_json::json;
use tidegate_clone::{Cloner, Compare, Journal, Key, Location, Outcome};
use tidegate_throttle::{Adaptive, aws};

use crate::{
    Result,
    data::{DESTINATION, JOBS, SOURCE},
};

/// Clones as `clone-bucket` does, and prints the report as one JSON object.
pub(crate) async fn clone(endpoint_url: &str, has_journal: bool) -> Result<()> {
    let client = client(endpoint_url);
    let cloner =
        Cloner::new(Location::new(client.clone(), SOURCE), Location::new(client.clone(), DESTINATION))
            .throttle(Arc::new(Adaptive::new()));
    let cloner = if has_journal { cloner.journal(Journal::new(client, JOBS)) } else { cloner };
    let report = cloner.run().await?;
    println!(
        "{}",
        json!({
            "listed": report.listed(),
            "copied": report.copied() + report.unchanged(),
            "not_copied": report.listed() - report.copied() - report.unchanged(),
        })
    );
    Ok(())
}

/// Lists the source, and nothing else, with so many listings in flight, and prints what it took as one JSON object.
pub(crate) async fn list(endpoint_url: &str, in_flight: usize, hints: Vec<Key>) -> Result<()> {
    let client = client(endpoint_url);
    let cloner = Cloner::new(Location::new(client.clone(), SOURCE), Location::new(client, DESTINATION))
        .compare(Compare::Always)
        .filter(|_| false)
        .dry_run(true)
        .listings_in_flight(in_flight)
        .hints(hints);
    let report = cloner.run().await?;
    let hints: Vec<&str> = report.hints().iter().map(Key::as_str).collect();
    println!(
        "{}",
        json!({
            "listed": report.left_out(),
            "complete": report.outcome() == Outcome::Complete,
            "requests": report.requests().list,
            "seconds": report.elapsed().as_secs_f64(),
            "hints": hints,
        })
    );
    Ok(())
}

pub(crate) fn client(endpoint_url: &str) -> Client {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(ring).build_https())
        .endpoint_url(endpoint_url)
        .force_path_style(true)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "bench-clone"))
        // The cloner retries by itself.
        .retry_config(aws::no_retries());
    Client::from_conf(config.build())
}
