//! A lease table that is given a part of the write units it asks for: on the embedded AWS, in process, under a paused
//! clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(feature = "dynamodb")]

mod world;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::Client;
use tidegate_kinesis_consumer::{
    Consumer, Running,
    lease::{DynamoDb, Lease, LeaseStore as _},
};
use tidegate_local_aws::{Limit, Limits, Per, Rate};
use tokio::time::{Instant, sleep};

use self::world::{STREAM, World};

const SHARDS: i32 = 40;
const KEYS: usize = 160;
const SECOND: Duration = Duration::from_secs(1);

/// So often are checkpoints written that are not held up: by default.
const CHECKPOINT: Duration = Duration::from_secs(3);

struct Starved {
    world: World,
    workers: Vec<Running>,
}

impl Starved {
    async fn new(workers: &[&'static str]) -> Self {
        let world = World::new(SHARDS).await;
        let mut starved = Self { world, workers: Vec::new() };
        for name in workers {
            let consumer = Consumer::builder(starved.world.kinesis.clone(), STREAM, starved.leases());
            let worker = starved.world.run_as(name, consumer);
            starved.workers.push(worker);
        }
        starved.work(20).await;
        starved
    }

    /// As another process sees them.
    fn leases(&self) -> DynamoDb {
        DynamoDb::new(Client::new(&self.world.aws.sdk_config()), "orders")
    }

    /// Writes to each shard more often than there is a checkpoint.
    async fn work(&mut self, seconds: u32) {
        for _ in 0..seconds / 2 {
            self.world.write(KEYS, 1).await;
            sleep(2 * SECOND).await;
        }
    }

    fn writes(&self) -> u64 {
        let counters = self.world.aws.counters();
        let actions = ["PutItem", "UpdateItem", "DeleteItem"];
        actions.iter().map(|action| counters.action("dynamodb", action).accepted).sum()
    }

    async fn owners(&self) -> BTreeMap<String, String> {
        let leases = self.leases().scan().await.unwrap().into_iter();
        let owner = |lease: Lease| lease.owner.map(|owner| (lease.key.to_string(), owner.to_string()));
        leases.filter_map(owner).collect()
    }

    fn late(&self) -> Duration {
        let shards = self.workers.iter().flat_map(|worker| worker.health().shards);
        shards.map(|shard| shard.checkpoint_late).max().unwrap_or_default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_the_write_units_loses_no_lease_and_checkpoints_say_how_late_they_are() {
    holds(&["a"], |asked| asked.div_ceil(3)).await;
}

/// They do not know what the other needs the most.
#[tokio::test(start_paused = true)]
async fn two_processes_need_two_fifths() {
    holds(&["a", "b"], |asked| (2 * asked).div_ceil(5)).await;
}

async fn holds(workers: &[&'static str], given: impl Fn(u64) -> u64) {
    let mut starved = Starved::new(workers).await;
    let owners = starved.owners().await;
    assert_eq!(owners.len(), 40);
    let (writes, begun) = (starved.writes(), Instant::now());
    starved.work(20).await;
    let asked = (starved.writes() - writes).div_ceil(begun.elapsed().as_secs());
    assert!((12..=16).contains(&asked), "{asked} a second");
    assert!(starved.late() <= CHECKPOINT + SECOND, "{:?}", starved.late());

    let given = u32::try_from(given(asked)).unwrap();
    let limit =
        Limit::new("dynamodb", ["PutItem", "UpdateItem", "DeleteItem"], Rate::per_second(given), given)
            .per(Per::Resource)
            .error(400, "ProvisionedThroughputExceededException", "too many");
    starved.world.aws.set_limits(Limits::none().with(limit));
    starved.work(90).await;
    let late = starved.late();
    assert!(late > CHECKPOINT, "it is not said: {late:?}");
    for worker in &starved.workers {
        assert_eq!(worker.health().totals.leases_lost, 0);
    }
    assert_eq!(starved.owners().await, owners);

    // It catches up once it has what it needs.
    starved.world.aws.set_limits(Limits::none());
    starved.work(20).await;
    assert!(starved.late() <= CHECKPOINT + SECOND, "{:?}", starved.late());
    starved.world.all_seen().await;
    starved.world.log.assert_once_and_in_order();
    for worker in &mut starved.workers {
        worker.shutdown(Duration::from_secs(30)).await.unwrap();
    }
}
