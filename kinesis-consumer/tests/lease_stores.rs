//! Every store keeps the contract.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use tidegate_kinesis_consumer::lease::{DynamoDb, InMemory, conformance};
use tidegate_local_aws::{Fault, FaultMode, Faults, Limit, Limits, LocalAws, Per, Rate};

/// Makes stores, each on a table of its own.
fn stores(aws: &LocalAws) -> impl Fn() -> DynamoDb + Send + Sync {
    let (client, tables) = (Client::new(&aws.sdk_config()), AtomicU32::new(0));
    move || DynamoDb::new(client.clone(), format!("table-{}", tables.fetch_add(1, Relaxed)))
}

#[tokio::test(start_paused = true)]
async fn in_memory() {
    conformance::all(InMemory::default).await;
    conformance::with_losses(InMemory::default).await;
}

#[tokio::test(start_paused = true)]
async fn dynamodb() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    conformance::all(stores(&aws)).await;
}

/// A third of the calls have no answer, half of them though they were made.
#[tokio::test(start_paused = true)]
async fn dynamodb_that_loses_answers() {
    let fault = |mode| Fault::new(mode, 0.12).service("dynamodb");
    let faults = Faults::none()
        .with(fault(FaultMode::LostReply))
        .with(fault(FaultMode::Drop))
        .with(fault(FaultMode::Error500));
    for seed in 0..4 {
        let aws = LocalAws::builder().in_process().seed(seed).faults(faults.clone());
        let aws = aws.start().await.unwrap();
        conformance::with_losses(stores(&aws)).await;
    }
}

/// A table that is paid for ten writes a second.
#[tokio::test(start_paused = true)]
async fn dynamodb_that_throttles() {
    let row = Limit::new("dynamodb", ["PutItem", "UpdateItem", "DeleteItem"], Rate::per_second(10), 20)
        .per(Per::Resource)
        .error(400, "ProvisionedThroughputExceededException", "too much");
    let aws = LocalAws::builder().in_process().limits(Limits::none().with(row)).start().await.unwrap();
    let stores = stores(&aws);
    conformance::with_losses(|| stores().patience(Duration::from_mins(1))).await;
    assert!(aws.counters().action("dynamodb", "UpdateItem").throttled > 0);
}
