//! Rows of a lease table: what a new one has, and which are passed over.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(feature = "dynamodb")]

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use tidegate_kinesis_consumer::{
    Checkpoint, HashRange,
    lease::{Answer, Change, DynamoDb, Expect, Lease, LeaseStore as _},
};
use tidegate_local_aws::LocalAws;

const TABLE: &str = "orders";

struct Table {
    _aws: LocalAws,
    client: Client,
    leases: DynamoDb,
}

impl Table {
    async fn new() -> Self {
        let aws = LocalAws::builder().in_process().start().await.unwrap();
        let client = Client::new(&aws.sdk_config());
        let leases = DynamoDb::new(client.clone(), TABLE);
        leases.prepare().await.unwrap();
        Self { _aws: aws, client, leases }
    }

    async fn row(&self, key: &str) -> HashMap<String, AttributeValue> {
        let get = self.client.get_item().table_name(TABLE).consistent_read(true);
        let answer = get.key("leaseKey", AttributeValue::S(key.to_owned())).send().await;
        answer.unwrap().item.unwrap()
    }
}

fn lease() -> Lease {
    let mut lease = Lease::unowned("shardId-000000000000".into(), Checkpoint::TrimHorizon);
    lease.hash_range = Some(HashRange::ALL);
    lease.parents = BTreeSet::from(["shardId-parent".into()]);
    lease
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_no_lease_is_passed_over_and_a_missing_one_is_not_made() {
    let table = Table::new().await;
    for (key, entity) in [("Leader", "LEADER"), ("w1", "WORKER_METRIC_STATS")] {
        let put = table.client.put_item().table_name(TABLE);
        let put = put.item("leaseKey", AttributeValue::S(key.to_owned()));
        put.item("entityType", AttributeValue::S(entity.to_owned())).send().await.unwrap();
    }
    assert_eq!(table.leases.scan().await.unwrap(), []);
    let mut change = Change::new("shardId-9".into(), Expect::Exists);
    change.count = true;
    assert_eq!(table.leases.change(&change).await.unwrap(), Answer::Refused(None));
    assert_eq!(table.leases.delete(&"shardId-9".into(), 0).await.unwrap(), Answer::Refused(None));
    assert_eq!(table.leases.get(&"shardId-9".into()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_new_row_has_what_the_kcl_requires() {
    let table = Table::new().await;
    table.leases.create(&lease()).await.unwrap();
    let row = table.row("shardId-000000000000").await;
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let expected = HashMap::from([
        ("leaseKey".to_owned(), text("shardId-000000000000")),
        ("leaseCounter".to_owned(), number("0")),
        ("ownerSwitchesSinceCheckpoint".to_owned(), number("0")),
        ("checkpoint".to_owned(), text("TRIM_HORIZON")),
        ("checkpointSubSequenceNumber".to_owned(), number("0")),
        ("parentShardId".to_owned(), AttributeValue::Ss(vec!["shardId-parent".to_owned()])),
        ("startingHashKey".to_owned(), text("0")),
        ("endingHashKey".to_owned(), text("340282366920938463463374607431768211455")),
    ]);
    assert_eq!(row, expected);
}
