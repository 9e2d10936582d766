//! Leases in DynamoDB: as the model changes them, and as the KCL writes them.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(feature = "dynamodb")]

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use tidegate_kinesis_consumer::{
    Checkpoint, HashRange, Position,
    lease::{
        Answer, Change, DynamoDb, Edit, Expect, InMemory, Incarnation, Lease, LeaseStore, Mark, Switches,
        Timestamp,
    },
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

/// A change drawn at random, mostly of the counter that the lease has.
fn change(random: &mut fastrand::Rng, lease: &Lease) -> Change {
    let counter = lease.counter + u64::from(random.u8(..8) == 0);
    let expect = match random.u8(..5) {
        0 => Expect::Exists,
        1 => Expect::Owners {
            owner: lease.owner.clone().filter(|_| random.u8(..8) > 0),
            checkpoint_owner: lease.checkpoint_owner.clone(),
        },
        2 => Expect::CounterAndNoHandover(counter),
        _ => Expect::Counter(counter),
    };
    let mut change = Change::new(lease.key.clone(), expect);
    let worker = |random: &mut fastrand::Rng| match random.u8(..3) {
        0 => Edit::Keep,
        1 => Edit::Set(["a", "b", "the third"][random.usize(..3)].into()),
        _ => Edit::Remove,
    };
    change.count = random.bool();
    change.owner = worker(random);
    change.checkpoint_owner = worker(random);
    change.switches = [Switches::Keep, Switches::Count, Switches::Reset][random.usize(..3)];
    change.checkpoint = match random.u8(..6) {
        0 => Some(Checkpoint::ShardEnd),
        1 => Some(Checkpoint::Latest),
        2 => Some(Checkpoint::At(Position {
            sequence: "49680473489332379742829045934916015623768002798184038418".parse().unwrap(),
            sub_sequence: random.u64(..9),
        })),
        _ => None,
    };
    change.children =
        random.bool().then(|| (0..random.u8(..3)).map(|id| format!("shardId-{id}").into()).collect());
    change.throughput = random.bool().then(|| random.u64(..4) * 512);
    change.mark = random.bool().then(|| Mark {
        worker: "the third".into(),
        incarnation: Incarnation(random.u64(..)),
        weight: random.u32(1..9),
    });
    change.started_at = match random.u8(..3) {
        0 => Edit::Keep,
        1 => Edit::Set(Timestamp(random.u64(..1 << 40))),
        _ => Edit::Remove,
    };
    let keys = BTreeSet::from([["x", "y", "a key"][random.usize(..3)].to_owned()]);
    match random.u8(..3) {
        0 => change.divert = keys,
        1 => change.restore = keys,
        _ => {}
    }
    // An update of nothing is no update.
    change.count |= change == Change::new(lease.key.clone(), change.expect.clone());
    change
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_row_are_those_of_the_model_and_foreign_attributes_stay() {
    let table = Table::new().await;
    let model = InMemory::default();
    assert_eq!(table.leases.create(&lease()).await.unwrap(), model.create(&lease()).await.unwrap());
    assert_eq!(table.leases.create(&lease()).await.unwrap(), Answer::Refused(Some(lease())));
    let foreign = table.client.update_item().table_name(TABLE);
    let foreign = foreign.key("leaseKey", AttributeValue::S("shardId-000000000000".to_owned()));
    let foreign = foreign.update_expression("SET foreign_attribute = :it, pendingCheckpoint = :pending");
    let foreign = foreign.expression_attribute_values(":it", AttributeValue::S("kept".to_owned()));
    let pending = AttributeValue::S("TRIM_HORIZON".to_owned());
    foreign.expression_attribute_values(":pending", pending).send().await.unwrap();

    let mut random = fastrand::Rng::with_seed(7);
    let mut done = 0;
    for _ in 0..400 {
        let before = model.get(&lease().key).await.unwrap().unwrap();
        let change = change(&mut random, &before);
        let (mut told, expected) =
            (table.leases.change(&change).await.unwrap(), model.change(&change).await.unwrap());
        let (Answer::Done(one) | Answer::Refused(Some(one))) = &mut told else { panic!("{told:?}") };
        // The model never had the one that was prepared.
        one.pending = None;
        done += u32::from(matches!(told, Answer::Done(_)));
        assert_eq!(told, expected, "{change:?}");
        let row = table.row("shardId-000000000000").await;
        assert_eq!(row["foreign_attribute"], AttributeValue::S("kept".to_owned()));
    }
    assert!(done > 100, "{done} of 400 were made");
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
