//! A call: what an operation works on.

use crate::{
    services::{Action, Flow, Gate, Scope, Shut},
    wire::timestamp::Timestamp,
};

use super::{failure::Failure, region::Region, shard_id::ShardId};

/// The state of the caller's account and region, the time, and the gate for what it moves.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) region: &'a mut Region,
    pub(super) now: Timestamp,
    pub(super) meter: Meter<'a>,
}

/// Asks the gate about one operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter<'a> {
    gate: &'a dyn Gate,
    scope: &'a Scope,
    operation: &'static str,
    /// Whether anything is counted at all.
    counts: bool,
}

impl<'a> Meter<'a> {
    pub(super) fn new(gate: &'a dyn Gate, scope: &'a Scope, operation: &'static str) -> Self {
        Self { gate, scope, operation, counts: gate.counts("kinesis", operation) }
    }

    /// A record that is written to a shard.
    pub(super) fn write(&self, stream: &str, shard: ShardId, bytes: usize) -> Result<(), Failure> {
        let flow = Flow { records: 1, bytes: bytes as u64, may_owe: false };
        self.pass(|| format!("{stream}/{shard}"), flow).map_err(refuse)
    }

    /// What was read of a shard.
    pub(super) fn read(
        &self,
        stream: &str,
        shard: ShardId,
        records: usize,
        bytes: usize,
    ) -> Result<(), Failure> {
        let flow = Flow { records: records as u64, bytes: bytes as u64, may_owe: true };
        self.pass(|| format!("{stream}/{shard}"), flow).map_err(refuse)
    }

    pub(super) fn pass(&self, resource: impl FnOnce() -> String, flow: Flow) -> Result<(), Shut> {
        if !self.counts {
            return Ok(());
        }
        let name = self.operation.into();
        self.gate.pass(self.scope, &Action { service: "kinesis", name, resource: Some(resource()) }, flow)
    }
}

fn refuse(shut: Shut) -> Failure {
    Failure::throttled(shut.status, shut.code, shut.message)
}
