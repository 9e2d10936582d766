//! Finds what is behind a DNS name, in an account where everything refers to everything.

use std::error::Error;

use aws_sdk_s3::config::Region;
use tidegate_discovery::{Discovery, Scope, aws};
use tidegate_local_aws::{Latency, Limits, LocalAws, resources::Resources};
use tidegate_throttle::Adaptive;
use tokio::time::Instant;

use crate::embedded::http_client;

/// Digs up a web shop by its name in the DNS.
pub(crate) async fn show() -> Result<(), Box<dyn Error>> {
    let embedded = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await?;
    embedded.resources().add(Resources::story());
    let config = embedded.sdk_config().into_builder().http_client(http_client()).build();
    let of_scope = move |scope: &Scope| {
        let region = Region::new(scope.region().unwrap_or("us-east-1").to_owned());
        Some(config.to_builder().region(region).build())
    };
    let discovery = aws::mirrors(Discovery::builder(), of_scope).throttle(Adaptive::new()).build()?;
    let began = Instant::now();
    discovery.search("www.shop.example".into(), &Scope::new("000000000000", "us-east-1"));
    let report = discovery.settled().await;
    let took = began.elapsed();
    let graph = discovery.snapshot();
    let mut tree = Vec::new();
    graph.to_tree(&mut tree)?;
    for line in String::from_utf8_lossy(&tree).lines() {
        println!("  {line}");
    }
    let calls: u64 = report.calls.calls.values().sum();
    println!("\n  {} resources, {} references, {calls} calls, {took:.1?}", graph.len(), graph.edge_count());
    embedded.shutdown().await;
    if !report.is_complete() {
        return Err("not everything was seen".into());
    }
    Ok(())
}
