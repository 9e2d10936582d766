//! The message in an aggregated record: two tables of keys, and records that refer to them.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Reason, UserRecord,
    protobuf::{Fields, Value},
};

// `AggregatedRecord`
pub(super) const PARTITION_KEY_TABLE: u8 = 1;
pub(super) const HASH_KEY_TABLE: u8 = 2;
pub(super) const RECORDS: u8 = 3;
// `Record`
pub(super) const PARTITION_KEY_INDEX: u8 = 1;
pub(super) const HASH_KEY_INDEX: u8 = 2;
pub(super) const DATA: u8 = 3;
const TAGS: u8 = 4;

/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
pub(super) const LONGEST_PARTITION_KEY: usize = 256;

/// Keys may stand behind the records that name them, so it takes two passes.
pub(super) fn read(message: &Bytes) -> Result<Vec<UserRecord>, Reason> {
    let mut partition_keys = Vec::new();
    let mut hash_keys = Vec::new();
    let mut count = 0;
    for field in Fields::of(message) {
        match numbered(field?) {
            (PARTITION_KEY_TABLE, Value::Bytes(key)) => partition_keys.push(partition_key(key)?),
            (HASH_KEY_TABLE, Value::Bytes(key)) => hash_keys.push(explicit_hash_key(key)?),
            (RECORDS, Value::Bytes(_)) => count += 1,
            (PARTITION_KEY_TABLE | HASH_KEY_TABLE | RECORDS, _) => return Err(Reason::Protobuf),
            _ => {}
        }
    }
    let mut records = Vec::new();
    for field in Fields::of(message) {
        if let (RECORDS, Value::Bytes(record)) = numbered(field?) {
            let entry = Entry::read(record)?;
            // Only what has a whole record in front of it takes room: 6 bytes at least.
            if records.is_empty() {
                records.reserve_exact(count.min(message.len() / 6));
            }
            records.push(UserRecord {
                sub_sequence: records.len() as u64,
                partition_key: Arc::clone(at(&partition_keys, entry.partition_key)?),
                explicit_hash_key: entry.hash_key.map(|index| at(&hash_keys, index).copied()).transpose()?,
                data: message.slice_ref(entry.data),
            });
        }
    }
    Ok(records)
}

/// A `Record`, before its keys are looked up.
struct Entry<'a> {
    partition_key: u64,
    hash_key: Option<u64>,
    data: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Of a field that is there twice the last counts, as protobuf has it.
    fn read(record: &'a [u8]) -> Result<Self, Reason> {
        let (mut partition_key, mut hash_key, mut data) = (None, None, None);
        for field in Fields::of(record) {
            match numbered(field?) {
                (PARTITION_KEY_INDEX, Value::Number(index)) => partition_key = Some(index),
                (HASH_KEY_INDEX, Value::Number(index)) => hash_key = Some(index),
                (DATA, Value::Bytes(bytes)) => data = Some(bytes),
                (TAGS, Value::Bytes(_)) => {}
                (PARTITION_KEY_INDEX | HASH_KEY_INDEX | DATA | TAGS, _) => return Err(Reason::Protobuf),
                _ => {}
            }
        }
        let (Some(partition_key), Some(data)) = (partition_key, data) else {
            return Err(Reason::Incomplete);
        };
        Ok(Self { partition_key, hash_key, data })
    }
}

/// A field number that is too large for a byte is none that is known.
fn numbered((number, value): (u64, Value<'_>)) -> (u8, Value<'_>) {
    (u8::try_from(number).unwrap_or(u8::MAX), value)
}

fn partition_key(key: &[u8]) -> Result<Arc<str>, Reason> {
    let text = str::from_utf8(key).map_err(|_| Reason::PartitionKey)?;
    // Counted no further than needed.
    let fits = !text.is_empty() && text.chars().nth(LONGEST_PARTITION_KEY).is_none();
    fits.then(|| text.into()).ok_or(Reason::PartitionKey)
}

fn explicit_hash_key(key: &[u8]) -> Result<u128, Reason> {
    // `parse` would take a sign, too.
    let digits = key.first().is_some_and(u8::is_ascii_digit);
    let text = str::from_utf8(key).ok().filter(|_| digits);
    text.and_then(|text| text.parse().ok()).ok_or(Reason::HashKey)
}

fn at<T>(table: &[T], index: u64) -> Result<&T, Reason> {
    usize::try_from(index).ok().and_then(|index| table.get(index)).ok_or(Reason::KeyIndex)
}
