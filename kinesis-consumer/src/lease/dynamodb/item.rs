//! [`Item`]: a lease as attributes, as the KCL writes them.
//!
//! Source: `leases/dynamodb/DynamoDBLeaseSerializer.java` of
//! <https://github.com/awslabs/amazon-kinesis-client>, 1.14, 2.7 and 3.5.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use super::mark::Stamp;
use crate::{
    Checkpoint, HashRange, Position, ShardId,
    lease::{Lease, Pending, Timestamp, WorkerId},
};

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const KEY: &str = "leaseKey";
pub(super) const OWNER: &str = "leaseOwner";
pub(super) const COUNTER: &str = "leaseCounter";
pub(super) const SWITCHES: &str = "ownerSwitchesSinceCheckpoint";
pub(super) const CHECKPOINT: &str = "checkpoint";
pub(super) const SUB_SEQUENCE: &str = "checkpointSubSequenceNumber";
pub(super) const PENDING: &str = "pendingCheckpoint";
pub(super) const PENDING_SUB_SEQUENCE: &str = "pendingCheckpointSubSequenceNumber";
pub(super) const PENDING_STATE: &str = "pendingCheckpointState";
pub(super) const PARENTS: &str = "parentShardId";
pub(super) const CHILDREN: &str = "childShardIds";
pub(super) const FIRST_HASH: &str = "startingHashKey";
pub(super) const LAST_HASH: &str = "endingHashKey";
pub(super) const THROUGHPUT: &str = "throughputKBps";
pub(super) const CHECKPOINT_OWNER: &str = "checkpointOwner";
/// Since 3.5: what kind of row it is.
pub(super) const ENTITY: &str = "entityType";
pub(super) const ENTITY_LEASE: &str = "LEASE";
/// Of the leases of consumers of several streams.
const STREAM: &str = "streamName";
/// Ours: see [`Stamp`].
pub(super) const MARK: &str = "tidegateMark";
/// Ours, a number of milliseconds since 1970.
pub(super) const STARTED_AT: &str = "tidegateStartedAt";
/// Ours, a set of strings.
pub(super) const DIVERTED: &str = "tidegateDiverted";

/// What a row of the lease table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Lease(Box<Read>),
    /// Another kind of row, which the KCL keeps among its leases since 3.5.
    Entity(String),
    /// A lease of an application that consumes several streams.
    MultiStream,
    /// None that the KCL would read.
    Malformed(String),
}

/// A lease, and what only the store wants to know of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) lease: Lease,
    /// The write that put the mark there.
    pub(super) write: Option<u32>,
    /// Whether the row says that it is a lease.
    pub(super) says_entity: bool,
}

/// Reads a row of the lease table. What it does not know it passes over; what is missing and may be, it does
/// without.
pub(super) fn read(item: &Item) -> Row {
    match string(item, ENTITY) {
        Some(ENTITY_LEASE) | None => {}
        Some(other) => return Row::Entity(other.to_owned()),
    }
    let Some(key) = string(item, KEY) else { return Row::Malformed(format!("it has no {KEY}")) };
    if item.contains_key(STREAM) || key.split(':').count() == 4 {
        return Row::MultiStream;
    }
    let Some(counter) = number(item, COUNTER) else {
        return Row::Malformed(format!("{key} has no {COUNTER}"));
    };
    let Some(checkpoint) = checkpoint(item, CHECKPOINT, SUB_SEQUENCE) else {
        return Row::Malformed(format!("{key} has no {CHECKPOINT} that is one"));
    };
    let stamp = string(item, MARK).and_then(Stamp::parse);
    let (mark, write) = stamp.map(|stamp| (stamp.mark, stamp.write)).unzip();
    let lease = Lease {
        key: ShardId::from(key),
        owner: worker(item, OWNER),
        counter,
        owner_switches: number(item, SWITCHES).unwrap_or(0),
        checkpoint,
        pending: pending(item),
        parents: shards(item, PARENTS),
        children: shards(item, CHILDREN),
        hash_range: hash_range(item),
        checkpoint_owner: worker(item, CHECKPOINT_OWNER),
        throughput: item.get(THROUGHPUT).and_then(|it| it.as_n().ok()).and_then(|it| bytes_of(it)),
        mark,
        started_at: number(item, STARTED_AT).map(Timestamp),
        diverted: strings(item, DIVERTED).map(ToOwned::to_owned).collect(),
    };
    Row::Lease(Box::new(Read { lease, write, says_entity: item.contains_key(ENTITY) }))
}

/// The whole row of a lease that is new. It has all that the readers of the KCL 1.x, 2.x and 3.x require.
pub(super) fn write(lease: &Lease, says_entity: bool, write: u32) -> Item {
    let mut item = Item::new();
    let mut put = |name: &str, value| drop(item.insert(name.to_owned(), value));
    put(KEY, s(lease.key.as_str()));
    put(COUNTER, n(lease.counter));
    put(SWITCHES, n(lease.owner_switches));
    let (checkpoint, sub_sequence) = values_of(lease.checkpoint);
    put(CHECKPOINT, checkpoint);
    put(SUB_SEQUENCE, sub_sequence);
    if let Some(owner) = &lease.owner {
        put(OWNER, s(owner.as_str()));
    }
    if let Some(owner) = &lease.checkpoint_owner {
        put(CHECKPOINT_OWNER, s(owner.as_str()));
    }
    if let Some(pending) = &lease.pending {
        let (checkpoint, sub_sequence) = values_of(pending.checkpoint);
        put(PENDING, checkpoint);
        put(PENDING_SUB_SEQUENCE, sub_sequence);
        if let Some(state) = &pending.state {
            put(PENDING_STATE, AttributeValue::B(state.to_vec().into()));
        }
    }
    // DynamoDB has no empty sets.
    if !lease.parents.is_empty() {
        put(PARENTS, shard_set(&lease.parents));
    }
    if !lease.children.is_empty() {
        put(CHILDREN, shard_set(&lease.children));
    }
    if let Some(range) = lease.hash_range {
        put(FIRST_HASH, s(range.first));
        put(LAST_HASH, s(range.last));
    }
    if let Some(bytes) = lease.throughput {
        put(THROUGHPUT, kilobytes_of(bytes));
    }
    if says_entity {
        put(ENTITY, s(ENTITY_LEASE));
    }
    if let Some(mark) = &lease.mark {
        put(MARK, s(Stamp { mark: mark.clone(), write }));
    }
    if let Some(Timestamp(millis)) = lease.started_at {
        put(STARTED_AT, n(millis));
    }
    if !lease.diverted.is_empty() {
        put(DIVERTED, AttributeValue::Ss(lease.diverted.iter().cloned().collect()));
    }
    item
}

#[expect(clippy::needless_pass_by_value, reason = "texts, names and references to them alike")]
pub(super) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn shard_set(shards: &BTreeSet<ShardId>) -> AttributeValue {
    AttributeValue::Ss(shards.iter().map(ToString::to_string).collect())
}

/// `checkpoint` and `checkpointSubSequenceNumber`.
pub(super) fn values_of(checkpoint: Checkpoint) -> (AttributeValue, AttributeValue) {
    let sentinel = |name: &str| (s(name), n(0));
    match checkpoint {
        Checkpoint::TrimHorizon => sentinel("TRIM_HORIZON"),
        Checkpoint::Latest => sentinel("LATEST"),
        Checkpoint::AtTimestamp => sentinel("AT_TIMESTAMP"),
        Checkpoint::ShardEnd => sentinel("SHARD_END"),
        Checkpoint::At(position) => (s(position.sequence), n(position.sub_sequence)),
    }
}

/// `throughputKBps`: bytes a second as a number of units of 1024, with at most six decimals.
pub(super) fn kilobytes_of(bytes: u64) -> AttributeValue {
    let millionths = u128::from(bytes) * 1_000_000 / 1024;
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    AttributeValue::N(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// The inverse of [`kilobytes_of`], to the next byte. What has an exponent is next to nothing, and not read.
fn bytes_of(kilobytes: &str) -> Option<u64> {
    let (whole, decimals) = kilobytes.split_once('.').unwrap_or((kilobytes, ""));
    let decimals = format!("{decimals:0<6.6}");
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?;
    let millionths = digits(whole).and_then(|it: u64| u128::from(it).checked_mul(1_000_000))?;
    let millionths = millionths + u128::from(digits(&decimals)?);
    u64::try_from((millionths * 1024).div_ceil(1_000_000)).ok()
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn strings<'a>(item: &'a Item, name: &str) -> impl Iterator<Item = &'a str> {
    let set = item.get(name).and_then(|it| it.as_ss().ok());
    set.into_iter().flatten().map(String::as_str)
}

fn worker(item: &Item, name: &str) -> Option<WorkerId> {
    string(item, name).filter(|name| !name.is_empty()).map(WorkerId::from)
}

fn shards(item: &Item, name: &str) -> BTreeSet<ShardId> {
    strings(item, name).map(ShardId::from).collect()
}

fn hash_range(item: &Item) -> Option<HashRange> {
    let key = |name| string(item, name)?.parse().ok();
    Some(HashRange { first: key(FIRST_HASH)?, last: key(LAST_HASH)? })
}

fn checkpoint(item: &Item, name: &str, sub_sequence: &str) -> Option<Checkpoint> {
    Some(match string(item, name)? {
        "TRIM_HORIZON" => Checkpoint::TrimHorizon,
        "LATEST" => Checkpoint::Latest,
        "AT_TIMESTAMP" => Checkpoint::AtTimestamp,
        "SHARD_END" => Checkpoint::ShardEnd,
        text => {
            let sequence = text.parse().ok()?;
            Checkpoint::At(Position { sequence, sub_sequence: number(item, sub_sequence).unwrap_or(0) })
        }
    })
}

fn pending(item: &Item) -> Option<Pending> {
    let checkpoint = checkpoint(item, PENDING, PENDING_SUB_SEQUENCE)?;
    // A KCL that creates a lease writes a number instead, which is not the application's.
    let state = item.get(PENDING_STATE).and_then(|it| it.as_b().ok());
    Some(Pending { checkpoint, state: state.map(|it| Bytes::copy_from_slice(it.as_ref())) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn throughput_survives(bytes in prop_oneof![0..100_000_000_u64, Just(u64::MAX)]) {
            let AttributeValue::N(text) = kilobytes_of(bytes) else { unreachable!() };
            prop_assert_eq!(bytes_of(&text), Some(bytes), "{}", text);
        }
    }

    #[test]
    fn throughput_is_read_as_the_kcl_writes_it() {
        for (text, bytes) in
            [("0.06112", Some(63)), ("0.086229", Some(89)), ("2", Some(2048)), ("0", Some(0))]
        {
            assert_eq!(bytes_of(text), bytes, "{text}");
        }
        for text in ["-1", "1E-7", "", "NaN", "1.2.3", "+1"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_row_that_is_no_lease_is_named() {
        let row = |attributes: &[(&str, AttributeValue)]| {
            read(&attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
        };
        let (key, counter) = ((KEY, s("shardId-0")), (COUNTER, n(1)));
        assert_eq!(row(&[(ENTITY, s("LEADER")), (KEY, s("Leader"))]), Row::Entity("LEADER".into()));
        assert!(matches!(row(&[]), Row::Malformed(_)));
        assert!(matches!(row(std::slice::from_ref(&key)), Row::Malformed(_)));
        assert!(matches!(row(&[key.clone(), counter.clone()]), Row::Malformed(_)));
        let checkpoint = |text| (CHECKPOINT, s(text));
        assert!(matches!(row(&[key.clone(), counter.clone(), checkpoint("soon")]), Row::Malformed(_)));
        assert!(matches!(row(&[key.clone(), counter.clone(), checkpoint("7")]), Row::Lease(_)));
        assert_eq!(
            row(&[(KEY, s("123456789012:s:1:shardId-0")), counter, checkpoint("7")]),
            Row::MultiStream
        );
    }
}
