//! Rows as the KCL in Java wrote them are read, and rewritten without losing what is not ours.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(feature = "dynamodb")]

use std::{collections::HashMap, fs};

use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use serde_json::Value;
use tidegate_kinesis_consumer::{
    Checkpoint,
    lease::{Answer, Change, DynamoDb, Edit, Expect, Incarnation, Lease, LeaseStore as _, Mark, Switches},
};
use tidegate_local_aws::LocalAws;

type Row = HashMap<String, AttributeValue>;

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let text = || value.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        // The only bytes that there are: "state".
        "B" => {
            assert_eq!(value, "c3RhdGU=");
            AttributeValue::B(Blob::new("state"))
        }
        "SS" => {
            let texts = value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
            AttributeValue::Ss(texts.collect())
        }
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        "M" => AttributeValue::M(row(value)),
        other => panic!("{other}"),
    }
}

fn row(value: &Value) -> Row {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// Each file, with all of its rows.
fn files() -> Vec<(String, Vec<Row>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    let files: Vec<_> = files
        .map(|path| {
            let tables: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let rows = tables.as_object().unwrap().values().flat_map(|rows| rows.as_array().unwrap());
            (path.display().to_string(), rows.map(row).collect())
        })
        .collect();
    assert_eq!(files.len(), 20);
    files
}

async fn read(client: &Client, table: &str, key: &str) -> Row {
    let get = client.get_item().table_name(table).consistent_read(true);
    get.key("leaseKey", AttributeValue::S(key.to_owned())).send().await.unwrap().item.unwrap()
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name).map(|value| value.as_s().unwrap().clone())
}

/// What a lease says is what its row says.
fn assert_same(lease: &Lease, row: &Row) {
    assert_eq!(Some(lease.key.to_string()), text(row, "leaseKey"));
    assert_eq!(lease.owner.as_ref().map(ToString::to_string), text(row, "leaseOwner"));
    assert_eq!(lease.checkpoint_owner.as_ref().map(ToString::to_string), text(row, "checkpointOwner"));
    assert_eq!(lease.counter.to_string(), *row["leaseCounter"].as_n().unwrap());
    let checkpoint = match lease.checkpoint {
        Checkpoint::At(position) => position.sequence.to_string(),
        Checkpoint::ShardEnd => "SHARD_END".to_owned(),
        Checkpoint::TrimHorizon => "TRIM_HORIZON".to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(Some(checkpoint), text(row, "checkpoint"));
    let range = lease.hash_range.unwrap();
    assert_eq!(Some(range.first.to_string()), text(row, "startingHashKey"));
    assert_eq!(Some(range.last.to_string()), text(row, "endingHashKey"));
    let ids = |name: &str| row.get(name).map_or(0, |ids| ids.as_ss().unwrap().len());
    assert_eq!((lease.parents.len(), lease.children.len()), (ids("parentShardId"), ids("childShardIds")));
    let pending = lease.pending.as_ref();
    assert_eq!(pending.is_some(), row.contains_key("pendingCheckpoint"));
    assert_eq!(pending.is_some_and(|it| it.state.as_deref() == Some(b"state")), pending.is_some());
}

#[tokio::test(start_paused = true)]
async fn rows_of_the_kcl_are_read_and_rewritten_without_a_loss() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let client = Client::new(&aws.sdk_config());
    let mut leases_seen = 0;
    for (number, (file, rows)) in files().into_iter().enumerate() {
        let table = format!("golden-{number}");
        let store = DynamoDb::new(client.clone(), table.as_str());
        store.prepare().await.unwrap();
        for row in &rows {
            client.put_item().table_name(&table).set_item(Some(row.clone())).send().await.unwrap();
        }
        let leases = store.scan().await.unwrap();
        let are_leases = rows.iter().filter(|row| row.contains_key("leaseCounter")).count();
        assert_eq!(leases.len(), are_leases, "{file}");
        for lease in leases {
            leases_seen += 1;
            let before = read(&client, &table, lease.key.as_str()).await;
            assert_same(&lease, &before);
            let mut change = Change::new(lease.key.clone(), Expect::Counter(lease.counter));
            change.count = true;
            change.owner = Edit::Set("ours".into());
            change.switches = Switches::Count;
            change.mark = Some(Mark { worker: "ours".into(), incarnation: Incarnation(7), weight: 1 });
            let Answer::Done(taken) = store.change(&change).await.unwrap() else { panic!("{file}") };
            let mut expected = lease.clone();
            change.apply(&mut expected);
            assert_eq!(taken, expected, "{file}");
            let after = read(&client, &table, lease.key.as_str()).await;
            let ours = ["leaseOwner", "leaseCounter", "ownerSwitchesSinceCheckpoint", "tidegateMark"];
            let rest = |row: &Row| {
                let mut row = row.clone();
                row.retain(|name, _| !ours.contains(&name.as_str()));
                row
            };
            assert_eq!(rest(&after), rest(&before), "{file}");
            assert_eq!(after["leaseCounter"], AttributeValue::N((lease.counter + 1).to_string()));
        }
    }
    assert!(leases_seen > 80, "{leases_seen}");
}

/// As the KCL 1.x wrote it: without hash keys and children.
#[tokio::test(start_paused = true)]
async fn a_row_of_the_kcl_1_is_a_lease() {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let client = Client::new(&aws.sdk_config());
    let store = DynamoDb::new(client.clone(), "orders");
    store.prepare().await.unwrap();
    let put = client.put_item().table_name("orders");
    let put = put.item("leaseKey", AttributeValue::S("shardId-000000000000".to_owned()));
    let put = put.item("leaseOwner", AttributeValue::S("w1".to_owned()));
    let put = put.item("leaseCounter", AttributeValue::N("12".to_owned()));
    let put = put.item("ownerSwitchesSinceCheckpoint", AttributeValue::N("0".to_owned()));
    let put = put.item("checkpoint", AttributeValue::S("LATEST".to_owned()));
    put.item("checkpointSubSequenceNumber", AttributeValue::N("0".to_owned())).send().await.unwrap();
    let mut expected = Lease::unowned("shardId-000000000000".into(), Checkpoint::Latest);
    expected.owner = Some("w1".into());
    expected.counter = 12;
    assert_eq!(store.scan().await.unwrap(), [expected]);
}
