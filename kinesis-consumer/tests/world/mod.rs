//! A stream on the embedded AWS, in process, and what consumers saw of it.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_kinesis::{Client, primitives::Blob, types::PutRecordsRequestEntry};
use tidegate_kinesis_consumer::{
    Concurrency, Consumer, Handling, Record, Running,
    consumer::Builder,
    lease::{InMemory, Lease, LeaseStore as _},
};
use tidegate_local_aws::LocalAws;
use tokio::time::{Instant, sleep};

pub(crate) const STREAM: &str = "orders-v1";

/// A stream, and the leases of one application.
pub(crate) struct World {
    /// The stream is there for as long as this is.
    pub(crate) aws: LocalAws,
    pub(crate) kinesis: Client,
    pub(crate) leases: InMemory,
    pub(crate) log: Log,
    written: BTreeMap<String, u64>,
}

/// What was handled: by whom, in which shard, of which key, the how-manieth of that key.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Seen>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) by: &'static str,
    pub(crate) shard: String,
    pub(crate) key: String,
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

impl World {
    pub(crate) async fn new(shards: i32) -> Self {
        let aws = LocalAws::builder().in_process().start().await.unwrap();
        let kinesis = Client::new(&aws.sdk_config());
        kinesis.create_stream().stream_name(STREAM).shard_count(shards).send().await.unwrap();
        Self { aws, kinesis, leases: InMemory::default(), log: Log::default(), written: BTreeMap::new() }
    }

    /// Writes the next record of each of so many keys, so many times.
    pub(crate) async fn write(&mut self, keys: usize, times: usize) {
        for _ in 0..times {
            let mut entries = Vec::new();
            for key in (0..keys).map(|key| format!("key-{key}")) {
                let number = self.written.entry(key.clone()).or_default();
                *number += 1;
                let data = Blob::new(number.to_string());
                let entry = PutRecordsRequestEntry::builder().partition_key(key).data(data).build().unwrap();
                entries.push(entry);
            }
            for chunk in entries.chunks(500) {
                let put = self.kinesis.put_records().stream_name(STREAM).set_records(Some(chunk.to_vec()));
                assert_eq!(put.send().await.unwrap().failed_record_count, Some(0));
            }
        }
    }

    pub(crate) fn consumer(&self) -> Builder {
        Consumer::builder(self.kinesis.clone(), STREAM, self.leases.clone())
    }

    /// Runs a consumer whose handler writes down what it sees.
    pub(crate) fn run_as(&self, by: &'static str, consumer: Builder) -> Running {
        let log = self.log.clone();
        let handling = Handling::new(move |record: Record, _| {
            let log = log.clone();
            async move {
                log.push(by, &record);
                Ok(())
            }
        });
        let handling = handling.concurrency(Concurrency::per_key(16));
        consumer.worker_id(by).build().unwrap().run(handling)
    }

    pub(crate) fn run(&self, by: &'static str) -> Running {
        self.run_as(by, self.consumer())
    }

    /// Waits until all that was written was seen.
    pub(crate) async fn all_seen(&self) {
        for _ in 0..3_000 {
            if self.missing().is_empty() {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("never seen: {:?}", self.missing());
    }

    pub(crate) fn missing(&self) -> Vec<(String, u64)> {
        let seen: BTreeSet<_> = self.log.all().into_iter().map(|seen| (seen.key, seen.number)).collect();
        let written =
            self.written.iter().flat_map(|(key, last)| (1..=*last).map(|number| (key.clone(), number)));
        written.filter(|record| !seen.contains(record)).collect()
    }

    pub(crate) async fn lease(&self, shard: &str) -> Lease {
        self.leases.get(&shard.into()).await.unwrap().unwrap()
    }

    pub(crate) async fn leases(&self) -> Vec<Lease> {
        self.leases.scan().await.unwrap()
    }
}

impl Log {
    pub(crate) fn push(&self, by: &'static str, record: &Record) {
        let number = std::str::from_utf8(record.data()).unwrap().parse().unwrap();
        let (shard, key) = (record.shard().to_string(), record.partition_key().to_owned());
        self.0.lock().unwrap().push(Seen { by, shard, key, number, at: Instant::now() });
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Each record was seen once, and those of a key in order.
    pub(crate) fn assert_once_and_in_order(&self) {
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        for seen in self.all() {
            let last = last.entry(seen.key.clone()).or_default();
            assert_eq!(seen.number, *last + 1, "{seen:?} came after number {last}");
            *last = seen.number;
        }
    }

    /// What was seen first of each key came in order.
    pub(crate) fn assert_in_order(&self) {
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        for seen in self.all() {
            let last = last.entry(seen.key.clone()).or_default();
            assert!(seen.number <= *last + 1, "{seen:?} came after number {last}");
            *last = (*last).max(seen.number);
        }
    }
}
