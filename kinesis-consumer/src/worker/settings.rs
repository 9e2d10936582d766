//! [`Settings`]: what a worker goes by.

use std::time::Duration;

use crate::lease::{Incarnation, Timestamp, WorkerId};

/// Where a new application starts to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitialPosition {
    /// At the oldest record. The default.
    #[default]
    TrimHorizon,
    /// At what is put from now on.
    Latest,
    /// At what was put at this time or later.
    At(Timestamp),
}

/// What a worker goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Its name.
    pub worker: WorkerId,
    /// Which process of that name.
    pub incarnation: Incarnation,
    /// The share of the leases that it asks for, relative to the other workers. Default: 1.
    pub weight: u32,
    /// Leases that it holds at most. Default: no bound.
    pub max_leases: usize,
    /// After so long without a sign of life an owner is taken for dead. Default: 10 s.
    pub failover: Duration,
    /// Between two checkpoints of a shard that moves. Default: 3 s.
    pub checkpoint: Duration,
    /// Where to start where no lease says it.
    pub initial: InitialPosition,
    /// Read units a second that watching the lease table may cost. Default: 10.
    pub scan_units: u32,
    /// Writes of leases in flight at most; the most urgent go first. Default: 16.
    pub writes_in_flight: usize,
    /// The time of day at which the worker's clock was zero.
    pub epoch: Timestamp,
    /// After so long of draining at a shutdown or handover, a run is aborted. Default: 30 s.
    pub drain: Duration,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new(worker: WorkerId, incarnation: Incarnation, epoch: Timestamp) -> Self {
        Self {
            worker,
            incarnation,
            weight: 1,
            max_leases: usize::MAX,
            failover: Duration::from_secs(10),
            checkpoint: Duration::from_secs(3),
            initial: InitialPosition::default(),
            scan_units: 10,
            writes_in_flight: 16,
            epoch,
            drain: Duration::from_secs(30),
        }
    }
}
