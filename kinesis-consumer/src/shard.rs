//! [`Shard`]: a shard of a stream, its parents, and its part of the hash keys.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::SequenceNumber;

/// The id of a shard, such as `shardId-000000000003`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(Arc<str>);

/// The hash keys of a shard: from the first to the last, both included.
///
/// A record belongs to the shard that has the MD5 of its partition key, or its explicit hash key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashRange {
    /// The first.
    pub first: u128,
    /// The last.
    pub last: u128,
}

/// A shard, as the stream lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its id.
    pub id: ShardId,
    /// The shards it was made of: none, one (by a split) or two (by a merge). A parent that is beyond the
    /// stream's retention is still named.
    pub parents: BTreeSet<ShardId>,
    /// Its part of the hash keys.
    pub hash_range: HashRange,
    /// Whether it takes no more records. Not known of a child that a `GetRecords` answer names: then `false`.
    pub closed: bool,
    /// Its first sequence number, where it is known.
    pub first_sequence: Option<SequenceNumber>,
}

impl ShardId {
    /// The id as Kinesis writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for ShardId {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl HashRange {
    /// All hash keys.
    pub const ALL: Self = Self { first: 0, last: u128::MAX };

    /// Whether the key is within.
    #[must_use]
    pub fn contains(self, key: u128) -> bool {
        (self.first..=self.last).contains(&key)
    }
}
