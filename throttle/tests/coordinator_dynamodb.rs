//! The coordinator on DynamoDB, against the embedded one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_smithy_async::time::TimeSource;
use tidegate_local_aws::LocalAws;
use tidegate_throttle::{
    Limit,
    coordinator::{Coordinator, DynamoDb, Share, conformance},
};
use tokio::time::Instant;

const LEASE: Duration = Duration::from_secs(10);

/// The clock of the processes, driven by tokio's.
#[derive(Debug)]
struct Clock(Instant);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000_000) + self.0.elapsed()
    }
}

async fn client() -> Client {
    let config = LocalAws::builder().in_process().start().await.unwrap().sdk_config();
    Client::new(&config.to_builder().time_source(Clock(Instant::now())).build())
}

fn limit() -> Limit {
    Limit::new("ec2", "DescribeInstances").with_account("123456789012").with_region("eu-west-1")
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract() {
    let client = client().await;
    DynamoDb::new(client.clone(), "throttle").create_table().await.unwrap();
    conformance::all(|| DynamoDb::new(client.clone(), "throttle").lease(LEASE), LEASE).await;
}

#[tokio::test(start_paused = true)]
async fn the_table_is_made_once_and_its_items_are_small() {
    let client = client().await;
    let coordinator = DynamoDb::new(client.clone(), "throttle");
    coordinator.create_table().await.unwrap();
    coordinator.create_table().await.unwrap();
    for _ in 0..10 {
        let member = DynamoDb::new(client.clone(), "throttle");
        member.exchange(&limit(), Share::new(25_000_000)).await.unwrap();
    }
    let item = item(&client).await;
    let key = item["limit"].as_s().unwrap();
    assert_eq!(key, "123456789012/eu-west-1/ec2/DescribeInstances/");
    // A write unit is a kibibyte.
    let size: usize = item.iter().map(|(name, value)| name.len() + format!("{value:?}").len() / 2).sum();
    assert!(size < 1_024, "{size} bytes");
}

#[tokio::test(start_paused = true)]
async fn members_that_are_gone_for_long_are_struck() {
    let client = client().await;
    let stays = DynamoDb::new(client.clone(), "throttle").lease(LEASE);
    stays.create_table().await.unwrap();
    for _ in 0..5 {
        let goes = DynamoDb::new(client.clone(), "throttle").lease(LEASE);
        goes.exchange(&limit(), Share::new(1)).await.unwrap();
    }
    assert_eq!(stays.exchange(&limit(), Share::new(1)).await.unwrap().len(), 5);
    tokio::time::sleep(LEASE * 8).await;
    for _ in 0..2 {
        assert_eq!(stays.exchange(&limit(), Share::new(1)).await.unwrap(), []);
    }
    let members = item(&client).await.into_keys().filter(|name| name.starts_with("member ")).count();
    assert_eq!(members, 1);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_not_there_is_an_error() {
    let error = DynamoDb::new(client().await, "nowhere").exchange(&limit(), Share::new(1)).await.unwrap_err();
    assert!(format!("{error:?}").contains("ResourceNotFound"), "{error:?}");
}

async fn item(client: &Client) -> std::collections::HashMap<String, AttributeValue> {
    let items = client.scan().table_name("throttle").send().await.unwrap().items.unwrap();
    assert_eq!(items.len(), 1);
    items.into_iter().next().unwrap()
}
