//! DynamoDB under limits and faults, in several regions and accounts, and over the socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod dynamodb;

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, Config,
    config::{Credentials, Region, retry::RetryConfig},
    error::ProvideErrorMetadata,
};
use tidegate_local_aws::{Fault, FaultMode, Faults, Latency, Limit, Limits, LocalAws, Per, Rate};
use tokio::time::Instant;

use crate::dynamodb::{TABLE, client, create_table, lease, s};

/// A write a second to each table, and no more.
fn a_write_a_second() -> Limits {
    let row = Limit::new("dynamodb", ["PutItem"], Rate::per_second(1), 1).per(Per::Resource);
    Limits::none().with(row.error(400, "ProvisionedThroughputExceededException", "too much"))
}

#[tokio::test(start_paused = true)]
async fn a_table_throttles_by_itself() {
    let aws = LocalAws::builder().in_process().limits(a_write_a_second()).start().await.unwrap();
    let client = client(&aws);
    create_table(&client).await;
    let put = |table| client.put_item().table_name(table).set_item(Some(lease("k", "a"))).send();
    put(TABLE).await.unwrap();
    let error = put(TABLE).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(error.message(), Some("too much"));
    assert!(error.into_service_error().is_provisioned_throughput_exceeded_exception());
    // Another table has a bucket of its own.
    assert!(put("other").await.unwrap_err().into_service_error().is_resource_not_found_exception());

    let counted = aws.counters().action("dynamodb", "PutItem");
    assert_eq!((counted.accepted, counted.throttled, counted.failed), (2, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_sdk_takes_it_for_a_throttle() {
    let aws = LocalAws::builder().in_process().limits(a_write_a_second()).start().await.unwrap();
    create_table(&client(&aws)).await;
    let patient = RetryConfig::standard().with_max_attempts(20);
    let client = Client::new(&aws.sdk_config().into_builder().retry_config(patient).build());
    let start = Instant::now();
    for _ in 0..2 {
        client.put_item().table_name(TABLE).set_item(Some(lease("k", "a"))).send().await.unwrap();
    }
    // No other 400 is tried again.
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(aws.counters().action("dynamodb", "PutItem").throttled > 0);
}

#[tokio::test(start_paused = true)]
async fn the_documented_limit_of_the_control_plane() {
    let aws = LocalAws::builder().in_process().limits(Limits::aws()).start().await.unwrap();
    let client = client(&aws);
    for _ in 0..2_500 {
        client.list_tables().send().await.unwrap();
    }
    let error = client.describe_table().table_name(TABLE).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    // Items are not of the control plane.
    let error = client.get_item().table_name(TABLE).key("leaseKey", s("k")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}

#[tokio::test(start_paused = true)]
async fn regions_and_accounts_are_apart() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    create_table(&client(&aws)).await;
    let config = || Config::from(&aws.sdk_config()).to_builder();
    let other = Credentials::new("123456789012", "test", None, None, "test");
    for (config, arn) in [
        (config().region(Region::new("eu-west-1")), "arn:aws:dynamodb:eu-west-1:000000000000:table/leases"),
        (config().credentials_provider(other), "arn:aws:dynamodb:us-east-1:123456789012:table/leases"),
    ] {
        let elsewhere = Client::from_conf(config.build());
        assert!(elsewhere.list_tables().send().await.unwrap().table_names().is_empty());
        create_table(&elsewhere).await;
        let table = elsewhere.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
        assert_eq!(table.table_arn(), Some(arn));
    }
}

#[tokio::test(start_paused = true)]
async fn faults_and_latency() {
    let latency = Latency::fixed(Duration::from_secs(3));
    let aws = LocalAws::builder().in_process().latency(latency).start().await.unwrap();
    let client = client(&aws);
    let start = Instant::now();
    create_table(&client).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3));

    let put = |key| client.put_item().table_name(TABLE).set_item(Some(lease(key, "a"))).send();
    let get = |key| client.get_item().table_name(TABLE).key("leaseKey", s(key)).send();
    let always = |mode| Faults::none().with(Fault::new(mode, 1.0).actions(["PutItem"]));
    aws.set_faults(always(FaultMode::Error500));
    assert!(put("a").await.unwrap_err().into_service_error().is_internal_server_error());
    assert_eq!(get("a").await.unwrap().item, None);
    aws.set_faults(always(FaultMode::LostReply));
    put("b").await.unwrap_err();
    assert_eq!(get("b").await.unwrap().item, Some(lease("b", "a")));
}

/// The engine's work is done at one instant of a paused clock, however long it takes.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_meanwhile() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let client = client(&aws);
    let start = Instant::now();
    create_table(&client).await;
    let put = |n| client.put_item().table_name(TABLE).set_item(Some(lease(&format!("k{n}"), "a"))).send();
    let alarm = tokio::spawn(tokio::time::sleep(Duration::from_millis(1)));
    for number in 0..100 {
        put(number).await.unwrap();
    }
    assert!(!alarm.is_finished());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_socket_one_of_many_takes_a_lease() {
    let aws = LocalAws::builder().start().await.unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = Config::from(&aws.sdk_config()).to_builder();
    let client = Client::from_conf(config.http_client(http).retry_config(RetryConfig::disabled()).build());
    create_table(&client).await;
    let takers = (0..20).map(|taker| {
        let put = client.put_item().table_name(TABLE).set_item(Some(lease("k", &format!("taker-{taker}"))));
        tokio::spawn(put.condition_expression("attribute_not_exists(leaseKey)").send())
    });
    let (mut taken, mut refused) = (0, 0);
    for taker in takers.collect::<Vec<_>>() {
        match taker.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => {
                assert!(error.into_service_error().is_conditional_check_failed_exception());
                refused += 1;
            }
        }
    }
    assert_eq!((taken, refused), (1, 19));
    assert_eq!(aws.counters().action("dynamodb", "PutItem").accepted, 20);
    aws.shutdown().await;
}
