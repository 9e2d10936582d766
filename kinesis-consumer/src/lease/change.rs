//! [`Change`]: a conditional write of a lease, as data.

use std::collections::BTreeSet;

use super::{Lease, Mark, Timestamp, WorkerId};
use crate::{Checkpoint, HashRange, ShardId};

/// A conditional write of one lease: what must hold, and what becomes of it. A store makes one
/// `UpdateItem` of it; [`permits`](Self::permits) and [`apply`](Self::apply) say what that must do.
///
/// What is not named stays as it is, attributes that nobody here knows included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The lease.
    pub key: ShardId,
    /// What must hold.
    pub expect: Expect,
    /// Whether the counter grows by one.
    pub count: bool,
    /// `leaseOwner`.
    pub owner: Edit<WorkerId>,
    /// `checkpointOwner`.
    pub checkpoint_owner: Edit<WorkerId>,
    /// `ownerSwitchesSinceCheckpoint`.
    pub switches: Switches,
    /// A new checkpoint; a pending one is removed with it.
    pub checkpoint: Option<Checkpoint>,
    /// The shards that the lease's shard became.
    pub children: Option<BTreeSet<ShardId>>,
    /// The hash keys of the shard.
    pub hash_range: Option<HashRange>,
    /// Bytes a second.
    pub throughput: Option<u64>,
    /// Who of us writes. A change that sets it counts, too: a lost answer is looked for by both.
    pub mark: Option<Mark>,
    /// When reading starts, where there is no position.
    pub started_at: Edit<Timestamp>,
    /// Keys that are diverted from now on.
    pub divert: BTreeSet<String>,
    /// Keys that are no longer. One change does not both divert and restore: a store may refuse to.
    pub restore: BTreeSet<String>,
}

/// What must hold of a lease, or a [`Change`] of it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The lease is as it was when its counter was read.
    Counter(u64),
    /// The same, and no handover of it has begun.
    CounterAndNoHandover(u64),
    /// Its owners are these.
    Owners {
        /// `leaseOwner`.
        owner: Option<WorkerId>,
        /// `checkpointOwner`.
        checkpoint_owner: Option<WorkerId>,
    },
    /// It is there.
    Exists,
}

/// What becomes of an attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It becomes this.
    Set(T),
    /// It goes.
    Remove,
}

/// What becomes of `ownerSwitchesSinceCheckpoint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switches {
    /// It stays.
    #[default]
    Keep,
    /// One more.
    Count,
    /// None.
    Reset,
}

impl Change {
    /// A change that changes nothing yet.
    #[must_use]
    pub fn new(key: ShardId, expect: Expect) -> Self {
        Self {
            key,
            expect,
            count: false,
            owner: Edit::Keep,
            checkpoint_owner: Edit::Keep,
            switches: Switches::Keep,
            checkpoint: None,
            children: None,
            hash_range: None,
            throughput: None,
            mark: None,
            started_at: Edit::Keep,
            divert: BTreeSet::new(),
            restore: BTreeSet::new(),
        }
    }

    /// Whether the lease is as the change expects it.
    #[must_use]
    pub fn permits(&self, lease: &Lease) -> bool {
        match &self.expect {
            Expect::Counter(counter) => lease.counter == *counter,
            Expect::CounterAndNoHandover(counter) => {
                lease.counter == *counter && lease.checkpoint_owner.is_none()
            }
            Expect::Owners { owner, checkpoint_owner } => {
                lease.owner == *owner && lease.checkpoint_owner == *checkpoint_owner
            }
            Expect::Exists => true,
        }
    }

    /// Makes the change.
    pub fn apply(&self, lease: &mut Lease) {
        lease.counter += u64::from(self.count);
        self.owner.apply(&mut lease.owner);
        self.checkpoint_owner.apply(&mut lease.checkpoint_owner);
        match self.switches {
            Switches::Keep => {}
            Switches::Count => lease.owner_switches += 1,
            Switches::Reset => lease.owner_switches = 0,
        }
        if let Some(checkpoint) = self.checkpoint {
            lease.checkpoint = checkpoint;
            lease.pending = None;
        }
        if let Some(children) = &self.children {
            lease.children.clone_from(children);
        }
        lease.hash_range = self.hash_range.or(lease.hash_range);
        lease.throughput = self.throughput.or(lease.throughput);
        if let Some(mark) = &self.mark {
            lease.mark = Some(mark.clone());
        }
        self.started_at.apply(&mut lease.started_at);
        lease.diverted.extend(self.divert.iter().cloned());
        lease.diverted.retain(|key| !self.restore.contains(key));
    }
}

impl<T: Clone> Edit<T> {
    fn apply(&self, value: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Set(new) => *value = Some(new.clone()),
            Self::Remove => *value = None,
        }
    }
}
