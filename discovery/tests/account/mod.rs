//! An account on the embedded AWS, and a discovery of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot begin fails")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::time::Duration;

use aws_types::region::Region;
use tidegate_discovery::{Builder, Discovery, Scope, aws};
use tidegate_local_aws::{Latency, LocalAws, resources::Resources};
use tidegate_throttle::Adaptive;

/// An AWS in process, 30 ms a call, with these resources in us-east-1.
pub(crate) async fn account(resources: Resources) -> LocalAws {
    let aws = LocalAws::builder().in_process().latency(Latency::fixed(Duration::from_millis(30)));
    let aws = aws.start().await.unwrap();
    aws.resources().add(resources);
    aws
}

pub(crate) fn scope() -> Scope {
    Scope::new("000000000000", "us-east-1")
}

/// All mirrors that are on, over that account.
pub(crate) fn builder(aws: &LocalAws) -> Builder {
    let config = aws.sdk_config();
    let config = move |scope: &Scope| {
        let region = Region::new(scope.region().unwrap_or("us-east-1").to_owned());
        (scope.account() == "000000000000").then(|| config.to_builder().region(region).build())
    };
    aws::mirrors(Discovery::builder(), config).throttle(Adaptive::new())
}

pub(crate) fn discover(aws: &LocalAws) -> Discovery {
    builder(aws).build().unwrap()
}
