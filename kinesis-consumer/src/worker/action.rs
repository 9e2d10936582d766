//! [`Action`]: what a worker wants done.

use super::RunId;
use crate::{
    ShardId,
    lease::{Change, Lease},
};

/// What a worker wants done. Each is done at once and beside the others, and its answer told as an
/// [`Event`](super::Event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Read all leases.
    Scan,
    /// Read one lease, consistently.
    Read(ShardId),
    /// Change a lease.
    Change(Change),
    /// Add a lease.
    Create(Lease),
    /// Delete a lease, if its counter is still this.
    Delete {
        /// The lease.
        key: ShardId,
        /// Its counter.
        counter: u64,
    },
    /// List the stream's shards.
    List,
    /// Process a shard, from where its lease says.
    Run {
        /// The tenure that begins.
        run: RunId,
        /// The lease as it was taken: where to start, and which keys are diverted.
        lease: Lease,
    },
    /// An operator restored or diverted keys: what is diverted now.
    Divert {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
        /// All diverted keys.
        lease: Lease,
    },
    /// Read no more of the shard, finish what is under way, and say [`Stopped`](super::Event::Stopped).
    Drain {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
    },
    /// The lease is lost: stop at once, and say [`Stopped`](super::Event::Stopped).
    Abort {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
    },
    /// All is handed over: the process may end.
    Finish,
}
