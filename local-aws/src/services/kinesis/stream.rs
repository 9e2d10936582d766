//! A stream: shards that tile the hash-key space, and what else belongs to it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::{consumer::Consumer, failure::Failure, hash_key::HashRange, shard::Shard, shard_id::ShardId};
use crate::wire::timestamp::Timestamp;

/// How long records stay, unless changed: 24 hours.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>.
pub(super) const DEFAULT_RETENTION_HOURS: u32 = 24;

/// The largest record, key included, unless changed: 1 MiB.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/large-records.html>.
pub(super) const DEFAULT_RECORD_KIB: u32 = 1_024;

/// Who decides how many shards there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Provisioned,
    OnDemand,
}

impl Mode {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "PROVISIONED",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

/// What a new stream is to be like.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) shards: u32,
    pub(super) mode: Mode,
    pub(super) record_kib: u32,
    pub(super) tags: BTreeMap<String, String>,
}

/// One stream and all that is in it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) arn: String,
    /// `stream … under account …`, for messages.
    pub(super) label: String,
    /// Tells it from a stream of the same name before or after it.
    pub(super) id: u64,
    pub(super) mode: Mode,
    pub(super) created: Timestamp,
    pub(super) retention_hours: u32,
    pub(super) record_kib: u32,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) consumers: BTreeMap<String, Consumer>,
    /// When `UpdateShardCount` was last used.
    pub(super) rescaled: VecDeque<Timestamp>,
    shards: BTreeMap<ShardId, Shard>,
    /// The open shards by the start of their ranges; they tile the space.
    open: BTreeMap<u128, ShardId>,
    next_shard: u32,
}

impl Stream {
    pub(super) fn new(name: String, arn: String, account: &str, id: u64, plan: Plan, now: Timestamp) -> Self {
        let label = format!("stream {name} under account {account}");
        let mut stream = Self {
            name,
            arn,
            label,
            id,
            mode: plan.mode,
            created: now,
            retention_hours: DEFAULT_RETENTION_HOURS,
            record_kib: plan.record_kib,
            tags: plan.tags,
            consumers: BTreeMap::new(),
            rescaled: VecDeque::new(),
            shards: BTreeMap::new(),
            open: BTreeMap::new(),
            next_shard: 0,
        };
        for range in HashRange::uniform(plan.shards) {
            let id = stream.next_id();
            stream.insert(Shard::new(id, range, now.seconds(), now));
        }
        stream
    }

    fn next_id(&mut self) -> ShardId {
        self.next_shard += 1;
        ShardId(self.next_shard - 1)
    }

    fn insert(&mut self, shard: Shard) {
        self.open.insert(shard.range.start, shard.id);
        self.shards.insert(shard.id, shard);
    }

    /// Before this, records are gone.
    pub(super) fn horizon(&self, now: Timestamp) -> Timestamp {
        now - Duration::from_hours(self.retention_hours.into())
    }

    /// The shards that are there now, without those whose records are all gone.
    pub(super) fn shards(&mut self, now: Timestamp) -> &BTreeMap<ShardId, Shard> {
        let horizon = self.horizon(now);
        self.shards.retain(|_, shard| shard.closed.is_none_or(|closed| closed >= horizon));
        for shard in self.shards.values_mut() {
            shard.trim(horizon);
        }
        &self.shards
    }

    /// A shard by its number, without the records that are gone; `None` if there is no such shard now.
    pub(super) fn shard(&mut self, id: ShardId, now: Timestamp) -> Option<&mut Shard> {
        let horizon = self.horizon(now);
        let shard = self.shards.get_mut(&id)?;
        shard.trim(horizon);
        shard.closed.is_none_or(|closed| closed >= horizon).then_some(shard)
    }

    /// A shard by its id as a client wrote it.
    pub(super) fn shard_named(&mut self, id: &str, now: Timestamp) -> Result<&mut Shard, Failure> {
        let label = self.label.clone();
        let found = ShardId::parse(id).and_then(|id| self.shard(id, now));
        found.ok_or_else(|| Failure::not_found(format!("Shard {id} in {label} does not exist")))
    }

    /// The shard that takes records with this hash key.
    pub(super) fn route(&self, hash: u128) -> Option<ShardId> {
        self.open.range(..=hash).next_back().map(|(_, id)| *id)
    }

    /// The open shards, in the order of their ranges.
    pub(super) fn open(&self) -> impl ExactSizeIterator<Item = ShardId> {
        self.open.values().copied()
    }

    pub(super) fn child(&self, id: ShardId) -> Option<ChildShard> {
        let child = self.shards.get(&id)?;
        Some(ChildShard {
            shard_id: id,
            parent_shards: [child.parent, child.adjacent_parent].into_iter().flatten().collect(),
            hash_key_range: child.range.view(),
        })
    }

    /// The children of a shard, as readers are told at its end.
    pub(super) fn children(&self, id: ShardId) -> Vec<ChildShard> {
        let children = self.shards.get(&id).map(|shard| shard.children.clone()).unwrap_or_default();
        children.into_iter().filter_map(|child| self.child(child)).collect()
    }

    /// Closes shards, and opens others that follow them over the same part of the space.
    ///
    /// The ranges together are those of the parents.
    pub(super) fn replace(
        &mut self,
        parents: &[ShardId],
        ranges: &[HashRange],
        now: Timestamp,
    ) -> Vec<ShardId> {
        let ids = ranges.iter().map(|_| self.next_id()).collect::<Vec<_>>();
        let old = parents.iter().filter_map(|id| self.shards.get(id)).collect::<Vec<_>>();
        let new = ids.iter().zip(ranges).map(|(id, range)| Shard::child(*id, *range, &old, now));
        let new = new.collect::<Vec<_>>();
        for id in parents {
            if let Some(parent) = self.shards.get_mut(id) {
                self.open.remove(&parent.range.start);
                parent.close(now, ids.clone());
            }
        }
        for shard in new {
            self.insert(shard);
        }
        ids
    }
}

/// A shard that follows the one that was read to its end.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChildShard {
    shard_id: ShardId,
    parent_shards: Vec<ShardId>,
    hash_key_range: super::hash_key::HashKeyRange,
}
