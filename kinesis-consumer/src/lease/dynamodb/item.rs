//! A lease as a row, with the KCL's attributes and types.
//!
//! Source: `DynamoDBLeaseSerializer` of <https://github.com/awslabs/amazon-kinesis-client>, 1.14 to 3.5.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use bytes::Bytes;

use super::Row;
use crate::{
    Checkpoint, HashRange, Position, ShardId,
    lease::{Incarnation, Lease, Mark, Pending, Timestamp, WorkerId},
};

pub(super) const KEY: &str = "leaseKey";
pub(super) const OWNER: &str = "leaseOwner";
pub(super) const COUNTER: &str = "leaseCounter";
pub(super) const SWITCHES: &str = "ownerSwitchesSinceCheckpoint";
pub(super) const CHECKPOINT: &str = "checkpoint";
pub(super) const SUB_SEQUENCE: &str = "checkpointSubSequenceNumber";
pub(super) const PENDING: &str = "pendingCheckpoint";
pub(super) const PENDING_SUB_SEQUENCE: &str = "pendingCheckpointSubSequenceNumber";
pub(super) const PENDING_STATE: &str = "pendingCheckpointState";
const PARENTS: &str = "parentShardId";
pub(super) const CHILDREN: &str = "childShardIds";
pub(super) const FIRST_HASH_KEY: &str = "startingHashKey";
pub(super) const LAST_HASH_KEY: &str = "endingHashKey";
pub(super) const THROUGHPUT: &str = "throughputKBps";
pub(super) const CHECKPOINT_OWNER: &str = "checkpointOwner";
const ENTITY_TYPE: &str = "entityType";

/// Ours: weight, incarnation in hexadecimal digits, and worker, with blanks between. The worker's name is last, for it
/// may hold blanks.
pub(super) const MARK: &str = "tidegateMark";
/// Ours: milliseconds since 1970.
pub(super) const STARTED_AT: &str = "tidegateStartedAt";
/// Ours: a set of keys; absent if there are none.
pub(super) const DIVERTED: &str = "tidegateDiverted";

/// The lease in a row; `None` if it is none.
pub(super) fn read(row: &Row) -> Option<Lease> {
    if text(row, ENTITY_TYPE).is_some_and(|entity| entity != "LEASE") {
        return None;
    }
    let key = text(row, KEY)?;
    // A multi-stream lease, of whatever stream.
    if key.contains(':') {
        return None;
    }
    let pending = checkpoint(row, PENDING, PENDING_SUB_SEQUENCE).map(|checkpoint| {
        let state = row.get(PENDING_STATE).and_then(|state| state.as_b().ok());
        Pending { checkpoint, state: state.map(|state| Bytes::copy_from_slice(state.as_ref())) }
    });
    let hash_key = |name| text(row, name)?.parse::<u128>().ok();
    Some(Lease {
        key: ShardId::from(key),
        owner: text(row, OWNER).map(WorkerId::from),
        counter: number(row, COUNTER)?,
        owner_switches: number(row, SWITCHES).unwrap_or(0),
        checkpoint: checkpoint(row, CHECKPOINT, SUB_SEQUENCE)?,
        pending,
        parents: set(row, PARENTS).map(ShardId::from).collect(),
        children: set(row, CHILDREN).map(ShardId::from).collect(),
        hash_range: hash_key(FIRST_HASH_KEY)
            .zip(hash_key(LAST_HASH_KEY))
            .map(|(first, last)| HashRange { first, last }),
        checkpoint_owner: text(row, CHECKPOINT_OWNER).map(WorkerId::from),
        throughput: row.get(THROUGHPUT).and_then(|it| it.as_n().ok()).and_then(|text| throughput_of(text)),
        mark: text(row, MARK).and_then(mark_of),
        started_at: number(row, STARTED_AT).map(Timestamp),
        diverted: set(row, DIVERTED).map(str::to_owned).collect(),
    })
}

/// A new row. What a KCL in Java requires is there.
pub(super) fn write(lease: &Lease) -> Row {
    let (checkpoint, sub_sequence) = checkpoint_values(lease.checkpoint);
    let mut row = Row::from([
        (KEY.to_owned(), AttributeValue::S(lease.key.to_string())),
        (COUNTER.to_owned(), AttributeValue::N(lease.counter.to_string())),
        (SWITCHES.to_owned(), AttributeValue::N(lease.owner_switches.to_string())),
        (CHECKPOINT.to_owned(), checkpoint),
        (SUB_SEQUENCE.to_owned(), sub_sequence),
    ]);
    let mut add = |name: &str, value: Option<AttributeValue>| {
        if let Some(value) = value {
            row.insert(name.to_owned(), value);
        }
    };
    let name = |worker: &WorkerId| AttributeValue::S(worker.as_str().to_owned());
    add(OWNER, lease.owner.as_ref().map(name));
    add(CHECKPOINT_OWNER, lease.checkpoint_owner.as_ref().map(name));
    add(PARENTS, ids(&lease.parents));
    add(CHILDREN, ids(&lease.children));
    add(FIRST_HASH_KEY, lease.hash_range.map(|range| AttributeValue::S(range.first.to_string())));
    add(LAST_HASH_KEY, lease.hash_range.map(|range| AttributeValue::S(range.last.to_string())));
    add(THROUGHPUT, lease.throughput.map(throughput));
    add(MARK, lease.mark.as_ref().map(mark));
    add(STARTED_AT, lease.started_at.map(time));
    add(DIVERTED, keys(&lease.diverted));
    if let Some(pending) = &lease.pending {
        let (checkpoint, sub_sequence) = checkpoint_values(pending.checkpoint);
        add(PENDING, Some(checkpoint));
        add(PENDING_SUB_SEQUENCE, Some(sub_sequence));
        add(PENDING_STATE, pending.state.as_ref().map(|state| AttributeValue::B(Blob::new(&**state))));
    }
    row
}

pub(super) fn checkpoint_values(checkpoint: Checkpoint) -> (AttributeValue, AttributeValue) {
    let (text, sub_sequence) = match checkpoint {
        Checkpoint::TrimHorizon => ("TRIM_HORIZON".to_owned(), 0),
        Checkpoint::Latest => ("LATEST".to_owned(), 0),
        Checkpoint::AtTimestamp => ("AT_TIMESTAMP".to_owned(), 0),
        Checkpoint::At(position) => (position.sequence.to_string(), position.sub_sequence),
        Checkpoint::ShardEnd => ("SHARD_END".to_owned(), 0),
    };
    (AttributeValue::S(text), AttributeValue::N(sub_sequence.to_string()))
}

pub(super) fn mark(mark: &Mark) -> AttributeValue {
    AttributeValue::S(format!("{} {:x} {}", mark.weight, mark.incarnation.0, mark.worker))
}

pub(super) fn time(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.0.to_string())
}

pub(super) fn ids(ids: &BTreeSet<ShardId>) -> Option<AttributeValue> {
    (!ids.is_empty()).then(|| AttributeValue::Ss(ids.iter().map(ToString::to_string).collect()))
}

pub(super) fn keys(keys: &BTreeSet<String>) -> Option<AttributeValue> {
    (!keys.is_empty()).then(|| AttributeValue::Ss(keys.iter().cloned().collect()))
}

/// In units of 1024 bytes, with 6 decimals, as the KCL writes it.
pub(super) fn throughput(bytes: u64) -> AttributeValue {
    let micros = u128::from(bytes) * 1_000_000 / 1024;
    AttributeValue::N(format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is an estimate")]
fn throughput_of(text: &str) -> Option<u64> {
    let kib: f64 = text.parse().ok()?;
    Some((kib * 1024.0).round() as u64)
}

fn mark_of(text: &str) -> Option<Mark> {
    let mut parts = text.splitn(3, ' ');
    let weight = parts.next()?.parse().ok()?;
    let incarnation = Incarnation(u64::from_str_radix(parts.next()?, 16).ok()?);
    Some(Mark { weight, incarnation, worker: WorkerId::from(parts.next()?) })
}

fn checkpoint(row: &Row, name: &str, sub_sequence: &str) -> Option<Checkpoint> {
    Some(match text(row, name)? {
        "TRIM_HORIZON" => Checkpoint::TrimHorizon,
        "LATEST" => Checkpoint::Latest,
        "AT_TIMESTAMP" => Checkpoint::AtTimestamp,
        "SHARD_END" => Checkpoint::ShardEnd,
        sequence => Checkpoint::At(Position {
            sequence: sequence.parse().ok()?,
            sub_sequence: number(row, sub_sequence).unwrap_or(0),
        }),
    })
}

fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}

fn number(row: &Row, name: &str) -> Option<u64> {
    row.get(name)?.as_n().ok()?.parse().ok()
}

fn set<'a>(row: &'a Row, name: &str) -> impl Iterator<Item = &'a str> {
    row.get(name).and_then(|it| it.as_ss().ok()).into_iter().flatten().map(String::as_str)
}
