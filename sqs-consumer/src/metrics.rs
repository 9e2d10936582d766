//! [`Gauges`]: how a consumer stands, as metrics of the `metrics` facade.
//!
//! ```no_run
//! # async fn of(running: &tidegate_sqs_consumer::Running) {
//! use std::time::Duration;
//! use tidegate_sqs_consumer::metrics::{self, Gauges};
//!
//! // After a recorder was installed, of `metrics-exporter-prometheus` for instance.
//! metrics::describe();
//! let mut gauges = Gauges::new("orders");
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
//! All are of one process, and have the label `queue`. Beside them the CloudWatch metric of SQS that says nearly the same of all
//! processes together.
//!
//! | name | kind | meaning | CloudWatch |
//! |---|---|---|---|
//! | `tidegate_sqs_consumer_received_total` | counter | messages that came, those that came again while they were here left out | `NumberOfMessagesReceived` |
//! | `tidegate_sqs_consumer_received_bytes_total` | counter | bytes of the messages that came | |
//! | `tidegate_sqs_consumer_joined_total` | counter | messages that came again while they were here | |
//! | `tidegate_sqs_consumer_deleted_total` | counter | messages whose delete was confirmed | `NumberOfMessagesDeleted` |
//! | `tidegate_sqs_consumer_given_back_total` | counter | messages that were given back, so that others may have them | |
//! | `tidegate_sqs_consumer_dropped_total` | counter | messages that were given back because they were dropped without a word | |
//! | `tidegate_sqs_consumer_lost_total` | counter | messages that could not be kept from others until they were finished | |
//! | `tidegate_sqs_consumer_not_deleted_total` | counter | messages that were finished, and that SQS would not delete | |
//! | `tidegate_sqs_consumer_receive_calls_total` | counter | calls that receive | |
//! | `tidegate_sqs_consumer_delete_calls_total` | counter | calls that delete | |
//! | `tidegate_sqs_consumer_visibility_calls_total` | counter | calls that keep messages from others, or give them back | |
//! | `tidegate_sqs_consumer_failed_calls_total` | counter | calls that failed, of any kind | |
//! | `tidegate_sqs_consumer_held` | gauge | messages that are held: received, and neither deleted nor given back | `ApproximateNumberOfMessagesNotVisible` |
//! | `tidegate_sqs_consumer_in_use` | gauge | messages that are held, and those that receives which are out may bring | |
//! | `tidegate_sqs_consumer_in_use_bytes` | gauge | bytes of what is in use | |
//! | `tidegate_sqs_consumer_receives` | gauge | receives that are out | |
//! | `tidegate_sqs_consumer_deletes` | gauge | messages whose delete is not confirmed | |
//! | `tidegate_sqs_consumer_stalled_seconds` | gauge | for how long messages were held and none was finished | |
//! | `tidegate_sqs_consumer_ready` | gauge | 1 if it receives, as far as is known | |
//! | `tidegate_sqs_consumer_limited` | gauge | 1 if the queue looks empty because as many messages are in flight as SQS allows | |
//!
//! The requests themselves are the throttle's business, and its metrics': give it to the consumer by
//! [`throttle`](crate::consumer::Builder::throttle). Source of CloudWatch's names:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>

mod name;

use ::metrics::{Label, counter, gauge};

use crate::{Health, consumer::Totals, poll::Standing};

/// Tells the recorder the unit and the meaning of each metric.
///
/// ```
/// tidegate_sqs_consumer::metrics::describe();
/// ```
pub fn describe() {
    name::describe();
}

/// Tells the recorder how one consumer stands, as often as it is asked to.
#[derive(Clone, Debug)]
pub struct Gauges {
    labels: [Label; 1],
    told: Totals,
}

impl Gauges {
    /// For one consumer, from its start: with the name of its queue.
    #[must_use]
    pub fn new(queue: impl Into<String>) -> Self {
        Self { labels: [Label::new("queue", queue.into())], told: Totals::default() }
    }

    /// Sets the gauges, and adds to the counters what has come since the last time.
    #[allow(clippy::cast_precision_loss, reason = "gauges are floats, and exact up to 2^53")]
    pub fn record(&mut self, health: &Health) {
        self.count(health.totals);
        self.set(name::HELD, health.held as f64);
        self.set(name::IN_USE, health.in_use.count as f64);
        self.set(name::IN_USE_BYTES, health.in_use.bytes as f64);
        self.set(name::RECEIVES, health.receives as f64);
        self.set(name::DELETES, health.deletes as f64);
        self.set(name::STALLED, health.stalled.as_secs_f64());
        self.set(name::READY, f64::from(u8::from(health.is_ready())));
        self.set(name::LIMITED, f64::from(u8::from(health.standing == Standing::Limited)));
    }

    fn count(&mut self, totals: Totals) {
        let told = std::mem::replace(&mut self.told, totals);
        let counts = [
            (name::RECEIVED, totals.received, told.received),
            (name::RECEIVED_BYTES, totals.bytes, told.bytes),
            (name::JOINED, totals.joined, told.joined),
            (name::DELETED, totals.deleted, told.deleted),
            (name::GIVEN_BACK, totals.given_back, told.given_back),
            (name::DROPPED, totals.dropped, told.dropped),
            (name::LOST, totals.lost, told.lost),
            (name::NOT_DELETED, totals.not_deleted, told.not_deleted),
            (name::RECEIVE_CALLS, totals.receives, told.receives),
            (name::DELETE_CALLS, totals.deletes, told.deletes),
            (name::VISIBILITY_CALLS, totals.changes, told.changes),
            (name::FAILED_CALLS, totals.failed, told.failed),
        ];
        for (name, now, before) in counts {
            counter!(name, self.labels.iter()).increment(now.saturating_sub(before));
        }
    }

    fn set(&self, name: &'static str, value: f64) {
        gauge!(name, self.labels.iter()).set(value);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use ::metrics::with_local_recorder;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use tidegate_lanes::Amount;

    use super::*;
    use crate::poll::Trouble;

    /// By name: what was told.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn told(to: impl FnOnce()) -> BTreeMap<String, f64> {
        let recorder = DebuggingRecorder::new();
        with_local_recorder(&recorder, to);
        let told = recorder.snapshotter().snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|it| (it.key(), it.value())).collect();
            assert_eq!(labels, [("queue", "orders")]);
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(_) => f64::NAN,
            };
            (key.key().name().trim_start_matches("tidegate_sqs_consumer_").to_owned(), value)
        });
        told.collect()
    }

    fn health() -> Health {
        Health {
            standing: Standing::Limited,
            trouble: None,
            held: 21,
            in_use: Amount::new(22, 2_300),
            receives: 24,
            deletes: 25,
            stalled: Duration::from_millis(2_600),
            shutting_down: false,
            totals: Totals {
                received: 1,
                bytes: 2,
                joined: 3,
                deleted: 4,
                given_back: 5,
                dropped: 6,
                lost: 7,
                not_deleted: 8,
                receives: 9,
                deletes: 10,
                changes: 11,
                failed: 12,
            },
        }
    }

    #[test]
    fn health_becomes_metrics() {
        let told = told(|| Gauges::new("orders").record(&health()));
        let wanted = [
            ("received_total", 1.0),
            ("received_bytes_total", 2.0),
            ("joined_total", 3.0),
            ("deleted_total", 4.0),
            ("given_back_total", 5.0),
            ("dropped_total", 6.0),
            ("lost_total", 7.0),
            ("not_deleted_total", 8.0),
            ("receive_calls_total", 9.0),
            ("delete_calls_total", 10.0),
            ("visibility_calls_total", 11.0),
            ("failed_calls_total", 12.0),
            ("held", 21.0),
            ("in_use", 22.0),
            ("in_use_bytes", 2_300.0),
            ("receives", 24.0),
            ("deletes", 25.0),
            ("stalled_seconds", 2.6),
            ("ready", 1.0),
            ("limited", 1.0),
        ];
        assert_eq!(told, wanted.map(|(name, value)| (name.to_owned(), value)).into());
    }

    #[test]
    fn counters_only_grow_and_gauges_follow() {
        let told = told(|| {
            let mut gauges = Gauges::new("orders");
            gauges.record(&health());
            let mut later = health();
            later.totals.received = 15;
            (later.held, later.standing) = (0, Standing::Failing(Trouble::Network));
            gauges.record(&later);
            gauges.record(&later);
        });
        assert_eq!((told["received_total"], told["held"]), (15.0, 0.0));
        assert_eq!((told["ready"], told["limited"], told["deleted_total"]), (0.0, 0.0, 4.0));
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
            Gauges::new("orders").record(&health());
        });
        let mut described = Vec::new();
        for (key, unit, meaning, _) in recorder.snapshotter().snapshot().into_vec() {
            assert!(unit.is_some() && meaning.is_some(), "{key:?}");
            described.push(key.key().name().to_owned());
        }
        described.sort();
        assert_eq!(described, table);
    }
}
