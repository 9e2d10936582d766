//! [`Status`]: how a worker stands.

use std::time::Duration;

use super::RunId;
use crate::{Checkpoint, HashRange, ShardId, lease::WorkerId};

/// How a worker stands, for health and for people. Times are on the worker's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The leases that it has, or is about to get.
    pub leases: Vec<LeaseStatus>,
    /// Leases in the table whose shards have not ended.
    pub live: usize,
    /// Those of them that nobody has.
    pub free: usize,
    /// The workers that have leases, and this one.
    pub workers: usize,
    /// When the last scan that was answered was asked for.
    pub scanned: Option<Duration>,
    /// Hash keys that no lease covers, and since when.
    pub hole: Option<(HashRange, Duration)>,
    /// Whether the stream was not there when it was last listed.
    pub no_stream: bool,
    /// When it was told to shut down.
    pub shutdown: Option<Duration>,
}

/// How one lease of a worker stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseStatus {
    /// The shard.
    pub key: ShardId,
    /// What becomes of it.
    pub state: State,
    /// The run that is at work.
    pub run: Option<RunId>,
    /// What is durable.
    pub checkpoint: Checkpoint,
    /// What is finished.
    pub reached: Checkpoint,
    /// When its last successful write was asked for.
    pub renewed: Duration,
    /// By how much the checkpoint is late: more than the time between two if the table does not keep up.
    pub late: Duration,
    /// Since when records wait and none is finished.
    pub stalled_since: Option<Duration>,
    /// Bytes a second, as it was last written.
    pub throughput: Option<u64>,
}

/// What becomes of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is to be handed over by this worker, which has it still.
    Incoming(WorkerId),
    /// It waits for the end of these, its parents.
    Blocked(Vec<ShardId>),
    /// It is about to run, or to be given up.
    Idle,
    /// It is processed.
    Running,
    /// It finishes what is under way.
    Draining,
    /// It took too long to drain, and is to stop at once.
    Aborting,
    /// It has ended, which is about to be written.
    Ending,
}
