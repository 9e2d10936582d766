//! [`Listing`]: the stream's shards, as they were listed.

use std::{collections::BTreeMap, time::Duration};

use crate::{Shard, ShardId};

/// The stream's shards, as they were listed.
#[derive(Debug)]
pub(super) struct Listing {
    asked: Duration,
    shards: BTreeMap<ShardId, Shard>,
}

impl Listing {
    pub(super) fn new(asked: Duration, shards: Vec<Shard>) -> Self {
        Self { asked, shards: shards.into_iter().map(|shard| (shard.id.clone(), shard)).collect() }
    }

    pub(super) fn get(&self, id: &ShardId) -> Option<&Shard> {
        self.shards.get(id)
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.values()
    }

    /// Whether it proves that a shard is gone which was there before this time.
    pub(super) fn lacks(&self, id: &ShardId, known: Duration) -> bool {
        self.asked > known && !self.shards.contains_key(id)
    }

    /// Whether shards were split or merged.
    pub(super) fn has_changed(&self) -> bool {
        self.shards().any(|shard| shard.closed || !shard.parents.is_empty())
    }

    pub(super) fn children<'a>(&'a self, parent: &'a ShardId) -> impl Iterator<Item = &'a Shard> {
        self.shards().filter(move |shard| shard.parents.contains(parent))
    }
}
