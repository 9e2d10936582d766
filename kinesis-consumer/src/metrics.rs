//! [`Gauges`]: how a consumer stands, as metrics of the `metrics` facade.
//!
//! ```no_run
//! # async fn of(running: &tidegate_kinesis_consumer::Running) {
//! use std::time::Duration;
//! use tidegate_kinesis_consumer::metrics::{self, Gauges};
//!
//! // After a recorder was installed, of `metrics-exporter-prometheus` for instance.
//! metrics::describe();
//! let mut gauges = Gauges::new("orders-v1", "orders");
//! let mut tick = tokio::time::interval(Duration::from_secs(10));
//! loop {
//!     tick.tick().await;
//!     gauges.record(&running.health());
//! }
//! # }
//! ```
//!
//! # Names
//!
//! All have the labels `stream` and `application`; those of a shard have `shard`, too, and are 0 once the shard is
//! another process's. Beside them the CloudWatch metric of the KCL that says nearly the same, for those who come from
//! its dashboards.
//!
//! | name | kind | of | meaning | KCL |
//! |---|---|---|---|---|
//! | `tidegate_kinesis_consumer_records_total` | counter | process | records that were finished | `RecordsProcessed` |
//! | `tidegate_kinesis_consumer_bytes_total` | counter | process | bytes of data that were read | `DataBytesProcessed` |
//! | `tidegate_kinesis_consumer_dropped_total` | counter | process | deliveries that were dropped without an ack | |
//! | `tidegate_kinesis_consumer_leases_lost_total` | counter | process | leases that were lost while their shard was processed | `LostLeases` |
//! | `tidegate_kinesis_consumer_leases` | gauge | process | leases that this process has | `CurrentLeases` |
//! | `tidegate_kinesis_consumer_live_leases` | gauge | table | leases whose shards have not ended | `TotalLeases` |
//! | `tidegate_kinesis_consumer_free_leases` | gauge | table | those of them that nobody has | `ExpiredLeases` |
//! | `tidegate_kinesis_consumer_workers` | gauge | table | workers that have leases, and this one | `NumWorkers` |
//! | `tidegate_kinesis_consumer_leases_seen_seconds` | gauge | process | how old is what it knows of the table; not there before the first look | |
//! | `tidegate_kinesis_consumer_hole` | gauge | table | 1 if some hash keys belong to no lease | |
//! | `tidegate_kinesis_consumer_behind_seconds` | gauge | shard | how far it is behind the newest record; not there before the first answer | `MillisBehindLatest` |
//! | `tidegate_kinesis_consumer_in_flight_records` | gauge | shard | records that were read and are not finished | |
//! | `tidegate_kinesis_consumer_checkpoint_late_seconds` | gauge | shard | by how much its checkpoint is late | |
//! | `tidegate_kinesis_consumer_stalled_seconds` | gauge | shard | for how long records have waited and none was finished | |
//!
//! The requests themselves are the throttle's business, and its metrics': give it to the consumer by
//! [`throttle`](crate::consumer::Builder::throttle). Source of the KCL's names: "Monitor the Kinesis Client Library with
//! Amazon CloudWatch", Amazon Kinesis Data Streams Developer Guide.

mod name;

use std::collections::BTreeSet;

use ::metrics::{Label, counter, gauge};

use crate::{Health, ShardHealth, ShardId, consumer::Totals};

/// Tells the recorder the unit and the meaning of each metric.
///
/// ```
/// tidegate_kinesis_consumer::metrics::describe();
/// ```
pub fn describe() {
    name::describe();
}

/// Tells the recorder how one consumer stands, as often as it is asked to.
#[derive(Clone, Debug)]
pub struct Gauges {
    labels: [Label; 2],
    told: Totals,
    shards: BTreeSet<ShardId>,
}

impl Gauges {
    /// For one consumer, from its start: with these labels.
    #[must_use]
    pub fn new(stream: impl Into<String>, application: impl Into<String>) -> Self {
        let labels = [Label::new("stream", stream.into()), Label::new("application", application.into())];
        Self { labels, told: Totals::default(), shards: BTreeSet::new() }
    }

    /// Sets the gauges, and adds to the counters what has come since the last time.
    #[allow(clippy::cast_precision_loss, reason = "gauges are floats, and exact up to 2^53")]
    pub fn record(&mut self, health: &Health) {
        self.count(health.totals);
        let leases = health.shards.iter().filter(|shard| shard.is_owned()).count();
        self.set(name::LEASES, leases as f64);
        self.set(name::LIVE_LEASES, health.live_leases as f64);
        self.set(name::FREE_LEASES, health.free_leases as f64);
        self.set(name::WORKERS, health.workers as f64);
        self.set(name::HOLE, f64::from(u8::from(health.has_hole)));
        if let Some(seen) = health.leases_seen {
            self.set(name::LEASES_SEEN, seen.as_secs_f64());
        }
        for shard in &health.shards {
            self.set_shard(shard);
        }
        let shards = health.shards.iter().map(|shard| shard.shard.clone()).collect();
        let before = std::mem::replace(&mut self.shards, shards);
        for gone in before.difference(&self.shards) {
            for name in name::OF_A_SHARD {
                gauge!(name, self.of(gone)).set(0.0);
            }
        }
    }

    fn count(&mut self, totals: Totals) {
        let told = std::mem::replace(&mut self.told, totals);
        let counts = [
            (name::RECORDS, totals.records, told.records),
            (name::BYTES, totals.bytes, told.bytes),
            (name::DROPPED, totals.dropped, told.dropped),
            (name::LEASES_LOST, totals.leases_lost, told.leases_lost),
        ];
        for (name, now, before) in counts {
            counter!(name, self.labels.iter()).increment(now.saturating_sub(before));
        }
    }

    fn set(&self, name: &'static str, value: f64) {
        gauge!(name, self.labels.iter()).set(value);
    }

    #[allow(clippy::cast_precision_loss, reason = "gauges are floats, and exact up to 2^53")]
    fn set_shard(&self, shard: &ShardHealth) {
        let set = |name, value| gauge!(name, self.of(&shard.shard)).set(value);
        set(name::IN_FLIGHT, shard.in_flight as f64);
        set(name::CHECKPOINT_LATE, shard.checkpoint_late.as_secs_f64());
        set(name::STALLED, shard.stalled.unwrap_or_default().as_secs_f64());
        if let Some(behind) = shard.behind {
            set(name::BEHIND, behind.as_secs_f64());
        }
    }

    fn of(&self, shard: &ShardId) -> Vec<Label> {
        let shard = Label::new("shard", shard.to_string());
        self.labels.iter().cloned().chain([shard]).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use ::metrics::with_local_recorder;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;
    use crate::{Checkpoint, worker::State};

    /// By name and shard: what was told.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn told(to: impl FnOnce()) -> BTreeMap<(String, String), f64> {
        let recorder = DebuggingRecorder::new();
        with_local_recorder(&recorder, to);
        let told = recorder.snapshotter().snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
            let labels: BTreeMap<_, _> =
                key.key().labels().map(|it| (it.key().to_owned(), it.value().to_owned())).collect();
            assert_eq!((labels["stream"].as_str(), labels["application"].as_str()), ("orders-v1", "orders"));
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(_) => f64::NAN,
            };
            let name = key.key().name().trim_start_matches("tidegate_kinesis_consumer_").to_owned();
            ((name, labels.get("shard").cloned().unwrap_or_default()), value)
        });
        told.collect()
    }

    fn health() -> Health {
        let mut health =
            Health { live_leases: 4, free_leases: 1, workers: 3, has_hole: true, ..Health::default() };
        health.totals = Totals { records: 10, bytes: 2_000, dropped: 2, leases_lost: 1 };
        health.leases_seen = Some(Duration::from_millis(500));
        health.shards = vec![shard("a", State::Running), shard("b", State::Incoming("other".into()))];
        health
    }

    fn shard(id: &str, state: State) -> ShardHealth {
        ShardHealth {
            shard: id.into(),
            state,
            checkpoint: Checkpoint::TrimHorizon,
            checkpoint_late: Duration::from_secs(2),
            stalled: Some(Duration::from_secs(3)),
            in_flight: 7,
            behind: Some(Duration::from_millis(1_500)),
            dropped: 0,
            reading: None,
            crowded: false,
            read_error: None,
        }
    }

    fn of(told: &BTreeMap<(String, String), f64>, name: &str, shard: &str) -> Option<f64> {
        told.get(&(name.to_owned(), shard.to_owned())).copied()
    }

    #[test]
    fn health_becomes_metrics() {
        let told = told(|| Gauges::new("orders-v1", "orders").record(&health()));
        for (name, value) in [
            ("records_total", 10.0),
            ("bytes_total", 2_000.0),
            ("dropped_total", 2.0),
            ("leases_lost_total", 1.0),
            ("leases", 1.0),
            ("live_leases", 4.0),
            ("free_leases", 1.0),
            ("workers", 3.0),
            ("hole", 1.0),
            ("leases_seen_seconds", 0.5),
        ] {
            assert_eq!(of(&told, name, ""), Some(value), "{name}");
        }
        for (name, value) in [
            ("behind_seconds", 1.5),
            ("in_flight_records", 7.0),
            ("checkpoint_late_seconds", 2.0),
            ("stalled_seconds", 3.0),
        ] {
            assert_eq!(of(&told, name, "a"), Some(value), "{name}");
        }
    }

    #[test]
    fn counters_only_grow_and_a_shard_that_is_gone_is_0() {
        let told = told(|| {
            let mut gauges = Gauges::new("orders-v1", "orders");
            gauges.record(&health());
            let mut later = health();
            later.totals.records = 25;
            later.shards.remove(0);
            gauges.record(&later);
            gauges.record(&later);
        });
        assert_eq!(of(&told, "records_total", ""), Some(25.0));
        assert_eq!(
            (of(&told, "behind_seconds", "a"), of(&told, "in_flight_records", "a")),
            (Some(0.0), Some(0.0))
        );
        assert_eq!(of(&told, "behind_seconds", "b"), Some(1.5));
    }

    /// The table in the documentation, what is described and what is told are the same.
    #[test]
    fn the_table_is_true() {
        let source = include_str!("metrics.rs");
        let rows = source.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next());
        let mut table: Vec<_> = rows.map(ToOwned::to_owned).collect();
        table.sort();
        let recorder = DebuggingRecorder::new();
        with_local_recorder(&recorder, || {
            describe();
            Gauges::new("orders-v1", "orders").record(&health());
        });
        let mut described = Vec::new();
        for (key, unit, meaning, _) in recorder.snapshotter().snapshot().into_vec() {
            assert!(unit.is_some() && meaning.is_some(), "{key:?}");
            described.push(key.key().name().to_owned());
        }
        described.sort();
        described.dedup();
        assert_eq!(described, table);
    }
}
