//! [`Aggregator`]: makes aggregated records of user records.

use std::{collections::HashMap, error, fmt, mem, sync::Arc};

use bytes::Bytes;

use super::{
    DIGEST, MAGIC, enclose,
    message::{
        DATA, HASH_KEY_INDEX, HASH_KEY_TABLE, LONGEST_PARTITION_KEY, PARTITION_KEY_INDEX,
        PARTITION_KEY_TABLE, RECORDS,
    },
    protobuf::{varint_length, write_bytes, write_number},
};

/// Packs user records into one Kinesis record, as the KPL does: fewer records to pay for and to be limited by.
///
/// Give one aggregator only records of one shard: a KCL drops an aggregated record if one of its user records
/// belongs to another shard.
#[derive(Debug)]
pub struct Aggregator {
    max_bytes: usize,
    max_count: usize,
    open: Open,
}

/// A Kinesis record to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The data to put.
    pub data: Bytes,
    /// The partition key to put it with: that of the first user record.
    pub partition_key: Arc<str>,
    /// The explicit hash key to put it with: that of the first user record.
    pub explicit_hash_key: Option<u128>,
    /// How many user records it has.
    pub count: usize,
}

/// A user record cannot be aggregated, and the aggregator is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooLarge {
    /// It is larger than an aggregated record may be: put it by itself.
    Record,
    /// Its partition key has no characters, or more than 256.
    PartitionKey,
}

/// What has been added.
#[derive(Debug, Default)]
struct Open {
    /// The keys of the first user record.
    first: Option<(Arc<str>, Option<u128>)>,
    count: usize,
    partition_keys: HashMap<Arc<str>, u64>,
    hash_keys: HashMap<u128, u64>,
    /// The tables of keys, and the records, as they will be written.
    keys: Vec<u8>,
    records: Vec<u8>,
}

impl Aggregator {
    /// Makes records of at most so many bytes, and so many user records. The KPL's default is 51,200 bytes and no
    /// bound on the count; Kinesis takes 1 MiB by default, partition key included. A count of 0 is taken for 1.
    #[must_use]
    pub fn new(max_bytes: usize, max_count: usize) -> Self {
        Self { max_bytes, max_count: max_count.max(1), open: Open::default() }
    }

    /// Adds a user record. If it does not fit any more, gives what was there before, and starts anew with it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if no aggregated record has room for it, or its partition key is none.
    pub fn add(
        &mut self,
        partition_key: &str,
        explicit_hash_key: Option<u128>,
        data: &[u8],
    ) -> Result<Option<Aggregated>, TooLarge> {
        if partition_key.is_empty() || partition_key.chars().nth(LONGEST_PARTITION_KEY).is_some() {
            return Err(TooLarge::PartitionKey);
        }
        if Open::default().length_with(partition_key, explicit_hash_key, data) > self.max_bytes {
            return Err(TooLarge::Record);
        }
        let full = self.open.count == self.max_count
            || self.open.length_with(partition_key, explicit_hash_key, data) > self.max_bytes;
        let finished = if full { self.finish() } else { None };
        self.open.add(partition_key, explicit_hash_key, data);
        Ok(finished)
    }

    /// What was added since the last one, if anything was.
    pub fn finish(&mut self) -> Option<Aggregated> {
        let open = mem::take(&mut self.open);
        let (partition_key, explicit_hash_key) = open.first?;
        let mut message = open.keys;
        message.extend_from_slice(&open.records);
        Some(Aggregated { data: enclose(&message), partition_key, explicit_hash_key, count: open.count })
    }
}

impl Open {
    /// How long the aggregated record would be with one more user record.
    fn length_with(&self, partition_key: &str, hash_key: Option<u128>, data: &[u8]) -> usize {
        let mut more = 0;
        let mut record = field(data.len());
        record += 1 + self.partition_keys.get(partition_key).map_or_else(
            || {
                more += field(partition_key.len());
                varint_length(self.partition_keys.len() as u64)
            },
            |index| varint_length(*index),
        );
        if let Some(key) = hash_key {
            record += 1 + self.hash_keys.get(&key).map_or_else(
                || {
                    more += field(key.to_string().len());
                    varint_length(self.hash_keys.len() as u64)
                },
                |index| varint_length(*index),
            );
        }
        MAGIC.len() + self.keys.len() + self.records.len() + more + field(record) + DIGEST
    }

    fn add(&mut self, partition_key: &str, hash_key: Option<u128>, data: &[u8]) {
        let mut record = Vec::with_capacity(data.len() + 32);
        let next = self.partition_keys.len() as u64;
        let index = self.partition_keys.get(partition_key).copied().unwrap_or(next);
        write_number(&mut record, PARTITION_KEY_INDEX, index);
        if index == next {
            write_bytes(&mut self.keys, PARTITION_KEY_TABLE, partition_key.as_bytes());
            self.partition_keys.insert(partition_key.into(), next);
        }
        if let Some(key) = hash_key {
            let next = self.hash_keys.len() as u64;
            let index = *self.hash_keys.entry(key).or_insert(next);
            write_number(&mut record, HASH_KEY_INDEX, index);
            if index == next {
                write_bytes(&mut self.keys, HASH_KEY_TABLE, key.to_string().as_bytes());
            }
        }
        write_bytes(&mut record, DATA, data);
        write_bytes(&mut self.records, RECORDS, &record);
        self.first.get_or_insert_with(|| (partition_key.into(), hash_key));
        self.count += 1;
    }
}

/// The length of a field of so many bytes.
fn field(length: usize) -> usize {
    1 + varint_length(length as u64) + length
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record => "the user record is larger than an aggregated record may be",
            Self::PartitionKey => "a partition key has 1 to 256 characters",
        })
    }
}

impl error::Error for TooLarge {}
