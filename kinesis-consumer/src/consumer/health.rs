//! [`Health`]: how a consumer stands.

use std::{collections::HashMap, time::Duration};

use super::tracker::Standing;
use crate::{
    Checkpoint, ShardId,
    fetch::Reading,
    worker::{LeaseStatus, RunId, State, Status},
};

/// How a consumer stands: for probes, and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The shards that this process has, or is about to get.
    pub shards: Vec<ShardHealth>,
    /// Leases in the table whose shards have not ended.
    pub live_leases: usize,
    /// Those of them that nobody has.
    pub free_leases: usize,
    /// The workers that have leases, and this one.
    pub workers: usize,
    /// How old is what it knows of the lease table; `None` before the first look.
    pub leases_seen: Option<Duration>,
    /// Whether some hash keys belong to no lease, so that their records wait for the repair.
    pub has_hole: bool,
    /// Whether the stream was not there when it was last looked for.
    pub no_stream: bool,
    /// Whether it shuts down.
    pub shutting_down: bool,
    /// What it has done since its start.
    pub totals: Totals,
}

/// What a consumer has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Records that were finished.
    pub records: u64,
    /// Bytes of data that were read.
    pub bytes: u64,
    /// Deliveries that were dropped without an ack.
    pub dropped: u64,
    /// Leases that were lost while their shard was processed, or that were not given up in time.
    pub leases_lost: u64,
}

/// How one shard of a consumer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardHealth {
    /// The shard.
    pub shard: ShardId,
    /// What becomes of it, and what it waits for.
    pub state: State,
    /// What is checkpointed.
    pub checkpoint: Checkpoint,
    /// By how much the checkpoint is late: more than the time between two if the lease table does not keep up.
    pub checkpoint_late: Duration,
    /// For how long records have waited and none was finished.
    pub stalled: Option<Duration>,
    /// Records that were read and are not finished.
    pub in_flight: usize,
    /// How far what was read last is behind the newest record; `None` before the first answer.
    pub behind: Option<Duration>,
    /// Deliveries that were dropped without an ack.
    pub dropped: u64,
    /// How it is read, and what its reader waits for; `None` while it is not.
    pub reading: Option<Reading>,
    /// Whether others read the shard so often that calls are refused, and it is therefore looked at less often: at
    /// intervals of more than one and a half of [`idle`](crate::Fetch::idle). Enhanced fan-out would serve.
    pub crowded: bool,
    /// Why the shard cannot be read, if the last look failed.
    pub read_error: Option<String>,
}

impl Health {
    /// With what the runs that have ended had done.
    pub(super) fn new(
        now: Duration,
        status: Status,
        standings: &HashMap<RunId, Standing>,
        mut totals: Totals,
    ) -> Self {
        for standing in standings.values() {
            totals.add(standing);
        }
        let shards = status.leases.into_iter().map(|lease| ShardHealth::new(now, lease, standings));
        Self {
            shards: shards.collect(),
            live_leases: status.live,
            free_leases: status.free,
            workers: status.workers,
            leases_seen: status.scanned.map(|at| now.saturating_sub(at)),
            has_hole: status.hole.is_some(),
            no_stream: status.no_stream,
            shutting_down: status.shutdown.is_some(),
            totals,
        }
    }

    /// Whether it knows the lease table, and is not about to end: for a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.leases_seen.is_some() && !self.shutting_down && !self.no_stream
    }

    /// The longest time for which records of a shard have waited and none was finished: for a liveness probe.
    #[must_use]
    pub fn stalled(&self) -> Duration {
        self.shards.iter().filter_map(|shard| shard.stalled).max().unwrap_or_default()
    }

    /// How far the shard that is furthest behind the newest record is.
    #[must_use]
    pub fn behind(&self) -> Option<Duration> {
        self.shards.iter().filter_map(|shard| shard.behind).max()
    }
}

impl Totals {
    /// Adds what a run has done.
    pub(super) fn add(&mut self, run: &Standing) {
        self.records += run.finished;
        self.bytes += run.bytes;
        self.dropped += run.dropped;
    }
}

impl ShardHealth {
    /// Whether this process has the lease, and is not only about to get it.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        !matches!(self.state, State::Incoming(_))
    }

    fn new(now: Duration, lease: LeaseStatus, standings: &HashMap<RunId, Standing>) -> Self {
        let standing = lease.run.and_then(|run| standings.get(&run)).cloned().unwrap_or_default();
        Self {
            shard: lease.key,
            state: lease.state,
            checkpoint: lease.checkpoint,
            checkpoint_late: lease.late,
            stalled: lease.stalled_since.map(|since| now.saturating_sub(since)),
            in_flight: standing.pending,
            behind: standing.behind,
            dropped: standing.dropped,
            reading: standing.reading,
            crowded: standing.crowded,
            read_error: standing.read_error,
        }
    }
}
