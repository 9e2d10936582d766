//! The rows by which a KCL 3.x is known: its state, and the metrics of its workers.
//!
//! Source: `coordinator/CoordinatorStateDAO.java` and `worker/metricstats/WorkerMetricStats.java` of
//! <https://github.com/awslabs/amazon-kinesis-client>, 3.0 and 3.5.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::{scan::ScanError, update_item::UpdateItemError},
    types::AttributeValue,
};

use super::{
    DynamoDb,
    item::{self, ENTITY, Item, n, s},
    request::{Direction, Failure},
};
use crate::lease::{Fleet, Fleets, Metrics, Seen, Timestamp, Unavailable, WorkerId};

/// Keys of the rows that say how far a fleet has migrated, and the attributes that say it.
const CLIENT_VERSION: (&str, &str) = ("Migration3.0", "cv");
const TABLE_MIGRATION: (&str, &str) = ("TableMigration3.5", "tm");
/// What follows the application's name in the names of the tables of 3.0 to 3.4, and their keys.
const STATES: (&str, &str) = ("-CoordinatorState", "key");
const METRICS: (&str, &str) = ("-WorkerMetricStats", "wid");
const ENTITY_METRICS: &str = "WORKER_METRIC_STATS";
/// Ours, true in the metrics of our workers.
const OURS: &str = "tidegateWorker";
/// When a worker last reported, in seconds since 1970.
const REPORTED: &str = "lut";

/// Where the workers of a KCL 3.x report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the leases.
    LeaseTable,
    /// In a table of their own.
    OwnTable,
}

/// The rows of a kind, and the name of their key.
struct Kept<'a> {
    rows: &'a [Item],
    key: &'static str,
}

#[async_trait]
impl Fleets for DynamoDb {
    async fn look(&self) -> Result<Fleet, Unavailable> {
        let (seen, place) = self.see().await?;
        let fleet = Fleet::of(&seen, self.now())
            .map_err(|unknown| Unavailable::new(unknown.to_string()).because(unknown))?;
        *self.reports() = (fleet == Fleet::Kcl3).then_some(place);
        Ok(fleet)
    }

    async fn report(&self, worker: &WorkerId) -> Result<(), Unavailable> {
        let Some(place) = *self.reports() else { return Ok(()) };
        let own_table = format!("{}{}", self.application, METRICS.0);
        let (table, key) = match place {
            Place::LeaseTable => (&*self.table, item::KEY),
            Place::OwnTable => (&*own_table, METRICS.1),
        };
        let nothing = AttributeValue::M(HashMap::new());
        let mut set = format!("{REPORTED} = :now, sts = :nothing, opr = :nothing, {OURS} = :true");
        let mut operation = self.client().update_item().table_name(table).key(key, s(worker));
        if place == Place::LeaseTable {
            set = format!("{set}, {ENTITY} = :entity");
            operation = operation.expression_attribute_values(":entity", s(ENTITY_METRICS));
        }
        let operation = operation
            .update_expression(format!("SET {set}"))
            .condition_expression(format!("attribute_not_exists({key}) OR {OURS} = :true"))
            .expression_attribute_values(":now", n(self.now().0 / 1_000))
            .expression_attribute_values(":nothing", nothing)
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        let mut request = self.requests.begin("UpdateItem", table, Direction::Write);
        match request.send(|| operation.clone().send()).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(UpdateItemError::ConditionalCheckFailedException(_), why)) => {
                let name =
                    format!("worker {worker} cannot report: a worker in Java, or a lease, has its name");
                Err(Unavailable::new(name).because(why))
            }
            Err(failure) => Err(failure.into_unavailable()),
        }
    }
}

impl DynamoDb {
    /// What there is to see, and where workers report.
    async fn see(&self) -> Result<(Seen, Place), Unavailable> {
        let rows = self.rows().await?;
        let here = Kept { rows: &rows.entities, key: item::KEY };
        let (version, migration) = (here.state(CLIENT_VERSION), here.state(TABLE_MIGRATION));
        // What a fleet of 3.5 has moved to the lease table, or began there, is nowhere else.
        let moved = migration.as_deref().is_none_or(|it| it.ends_with("_COMPLETE"));
        let (mut states, mut metrics) = (Vec::new(), Vec::new());
        if version.is_none() || !moved {
            states = self.whole_table(STATES.0).await?;
            metrics = self.whole_table(METRICS.0).await?;
        }
        let states = Kept { rows: &states, key: STATES.1 };
        let there = (states.state(CLIENT_VERSION), states.state(TABLE_MIGRATION));
        let place = match migration.as_deref().or(there.1.as_deref()) {
            Some(value) if value.ends_with("_COMPLETE") || value.ends_with("_PENDING") => Place::LeaseTable,
            None if version.is_some() && there.0.is_none() => Place::LeaseTable,
            _ => Place::OwnTable,
        };
        let metrics = Kept { rows: &metrics, key: METRICS.1 };
        let seen = Seen {
            leases: rows.leases,
            // As a KCL reads it: until a fleet has moved, its own table goes before.
            client_version: there.0.or(version),
            table_migration: migration.or(there.1),
            metrics: metrics.metrics().chain(here.metrics()).collect(),
        };
        Ok((seen, place))
    }

    fn reports(&self) -> MutexGuard<'_, Option<Place>> {
        self.learnt.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All rows of a table that need not be there.
    async fn whole_table(&self, suffix: &str) -> Result<Vec<Item>, Unavailable> {
        let table = format!("{}{suffix}", self.application);
        let (mut rows, mut start) = (Vec::new(), None);
        loop {
            let page = match self.page(&table, start).await {
                Ok(page) => page,
                Err(Failure::Refused(ScanError::ResourceNotFoundException(_), _)) => return Ok(Vec::new()),
                Err(failure) => return Err(failure.into_unavailable()),
            };
            rows.extend(page.items.into_iter().flatten());
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    /// The time of day, by the clock of the client.
    fn now(&self) -> Timestamp {
        let now = self.client().config().time_source().map_or(UNIX_EPOCH, |clock| clock.now());
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Kept<'_> {
    /// What a state says, if it is there. One that is there without a value is no state that is known.
    fn state(&self, (key, attribute): (&str, &str)) -> Option<String> {
        let row = self.rows.iter().find(|row| text(row, self.key) == Some(key))?;
        Some(text(row, attribute).unwrap_or_default().to_owned())
    }

    fn metrics(&self) -> impl Iterator<Item = Metrics> {
        self.rows.iter().filter_map(|row| {
            let seconds = row.get(REPORTED)?.as_n().ok()?.parse::<u64>().ok()?;
            Some(Metrics {
                worker: text(row, self.key)?.into(),
                at: Timestamp(seconds.saturating_mul(1_000)),
                ours: row.contains_key(OURS),
            })
        })
    }
}

fn text<'a>(row: &'a Item, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}
