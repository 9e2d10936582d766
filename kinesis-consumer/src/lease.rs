//! [`Lease`]: who processes a shard, and how far.

mod change;
mod check;
pub mod conformance;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod fleet;
mod memory;
mod store;

use std::{collections::BTreeSet, fmt, sync::Arc};

use bytes::Bytes;

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDb;
pub use self::{
    change::{Change, Edit, Expect, Switches},
    check::{Finding, check},
    fleet::{Fleet, Fleets, Metrics, Seen, UnknownState},
    memory::InMemory,
    store::{Answer, LeaseStore, Unavailable},
};
use crate::{Checkpoint, HashRange, ShardId};

/// The name of a worker, as leases name their owner. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(Arc<str>);

/// A process's own number, new each time that it starts: two processes of one worker id are told apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

/// What a worker leaves on each lease that it writes, so that others know what it understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who wrote it. If the lease's owner is another, a KCL in Java has taken the lease since.
    pub worker: WorkerId,
    /// Which process of that name.
    pub incarnation: Incarnation,
    /// The share of the leases that it asks for, relative to the other workers.
    pub weight: u32,
}

/// A row of the lease table: who processes a shard, and how far.
///
/// It holds what the KCL's tables hold, and three attributes of our own, which the KCL ignores and keeps:
/// [`mark`](Self::mark), [`started_at`](Self::started_at) and [`diverted`](Self::diverted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The shard. Attribute `leaseKey`.
    pub key: ShardId,
    /// Who has it. `leaseOwner`.
    pub owner: Option<WorkerId>,
    /// Grows by one with every take, renewal, checkpoint and release; what writes are conditional on, and what
    /// shows that the owner lives. `leaseCounter`.
    pub counter: u64,
    /// `ownerSwitchesSinceCheckpoint`.
    pub owner_switches: u64,
    /// How far. `checkpoint`, `checkpointSubSequenceNumber`.
    pub checkpoint: Checkpoint,
    /// Prepared by an application of the KCL. `pendingCheckpoint`, `pendingCheckpointSubSequenceNumber`,
    /// `pendingCheckpointState`.
    pub pending: Option<Pending>,
    /// `parentShardId`.
    pub parents: BTreeSet<ShardId>,
    /// Known when the shard has ended. `childShardIds`.
    pub children: BTreeSet<ShardId>,
    /// `startingHashKey`, `endingHashKey`.
    pub hash_range: Option<HashRange>,
    /// While a lease is handed over: who has it still, while [`owner`](Self::owner) is who gets it.
    /// `checkpointOwner`.
    pub checkpoint_owner: Option<WorkerId>,
    /// Bytes a second that its owner reads. `throughputKBps`, in units of 1024 bytes.
    pub throughput: Option<u64>,
    /// Who of us wrote it last.
    pub mark: Option<Mark>,
    /// When a shard without a position was first taken: its owners start reading there.
    pub started_at: Option<Timestamp>,
    /// The keys whose records go to the dead letters.
    pub diverted: BTreeSet<String>,
}

/// A checkpoint that was prepared but not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// How far it would be.
    pub checkpoint: Checkpoint,
    /// What the application wants to know then.
    pub state: Option<Bytes>,
}

impl Lease {
    /// The lease of a shard that nobody has.
    #[must_use]
    pub fn unowned(key: ShardId, checkpoint: Checkpoint) -> Self {
        Self {
            key,
            owner: None,
            counter: 0,
            owner_switches: 0,
            checkpoint,
            pending: None,
            parents: BTreeSet::new(),
            children: BTreeSet::new(),
            hash_range: None,
            checkpoint_owner: None,
            throughput: None,
            mark: None,
            started_at: None,
            diverted: BTreeSet::new(),
        }
    }

    /// Whether its owner is one of us, and not a KCL in Java: then it understands handovers.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match (&self.mark, self.checkpoint_owner.as_ref().or(self.owner.as_ref())) {
            (Some(mark), Some(owner)) => mark.worker == *owner,
            _ => false,
        }
    }
}

impl WorkerId {
    /// The name as leases have it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for WorkerId {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
