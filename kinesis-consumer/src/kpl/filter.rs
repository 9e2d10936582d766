//! [`Filter`]: which user records of an aggregated record are delivered.

use md5::{Digest, Md5};

use super::UserRecord;
use crate::HashRange;

/// Which user records of an aggregated record are delivered.
///
/// A shard may be given user records whose hash key is not its own: when an aggregated record was made before a
/// resharding and put after it, or by a producer that does not look at shards. The KPL puts such records again, so
/// the KCL drops them; of any other producer, that loses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All: at least once, whoever produced them.
    #[default]
    All,
    /// As the KCL does: if any is outside the shard, none of the whole aggregated record.
    Kcl,
}

impl Filter {
    /// Drops from `records` what is not to be delivered, and says how many were dropped.
    pub fn apply(self, records: &mut Vec<UserRecord>, shard: HashRange) -> usize {
        let drop = self == Self::Kcl && records.iter().any(|it| !shard.contains(it.hash_key()));
        if drop { records.drain(..).count() } else { 0 }
    }
}

impl UserRecord {
    /// What assigns it to a shard: its explicit hash key, else the MD5 of its partition key.
    #[must_use]
    pub fn hash_key(&self) -> u128 {
        self.explicit_hash_key.unwrap_or_else(|| hash_key(&self.partition_key))
    }
}

/// The hash key of a partition key: its MD5, as a number.
#[must_use]
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}
