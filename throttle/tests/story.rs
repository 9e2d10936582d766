//! The story that the crate is for: a discovery asks EC2 2,000 questions at once, and all are answered in
//! hardly more than the least time that EC2's buckets allow.
#![cfg(feature = "aws")]

mod ec2;

use std::time::Duration;

use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_types::retry::RetryConfig;
use tidegate_throttle::{Adaptive, catalog::Catalog};

use self::ec2::{Pace, discover, least};

/// At most one in `calls` may be throttled.
async fn all_is_told_in_time(throttle: Adaptive, calls: u32) {
    let told = discover(&Pace::Throttle(throttle)).await;
    assert_eq!((told.failed, told.accepted), (0, 2_000), "{told:?}");
    assert!(told.took >= least(), "the service has let too much pass: {told:?}");
    assert!(told.took <= least() + Duration::from_secs(2), "{told:?}, at least {:?}", least());
    assert!(told.throttled <= told.accepted / calls, "{told:?}");
    // A bucket of one call a second that holds one is the hardest: it is full before each call.
    let (action, late) = told.latest;
    assert!(action == "DescribeInstanceTopology" || late < Duration::from_secs(2), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn with_what_aws_documents() {
    all_is_told_in_time(Adaptive::new(), 15).await;
}

#[tokio::test(start_paused = true)]
async fn with_nothing_known() {
    all_is_told_in_time(Adaptive::builder().catalog(Catalog::empty()).build(), 10).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_throttle_the_sdk_gives_most_of_it_up() {
    let told = discover(&Pace::Sdk(RetryConfig::standard(), TokenBucket::default())).await;
    assert!(told.failed > 1_000, "{told:?}");
}
