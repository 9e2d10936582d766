//! Amazon Kinesis Data Streams, in memory: a state that is fed with the time, and operations around it.

mod call;
mod check;
mod consumer;
mod create;
mod describe;
mod failure;
mod get_records;
mod handle;
mod hash_key;
mod iterator;
mod list_shards;
mod operation;
mod push;
mod put;
mod record;
mod region;
mod reshard;
mod retention;
mod sequence;
mod shard;
mod shard_id;
mod stream;
mod subscribe;
mod tags;
mod target;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};

pub use self::handle::{KinesisError, KinesisHandle, RecordView, ShardView};
use self::{
    failure::Failure,
    operation::{Operation, Session},
    region::Region,
};
use super::{Action, Gate, Request, Response, Scope, Service, clock::Clock};
use crate::wire::codec::Codec;

/// Kinesis and its state.
#[derive(Debug)]
pub(crate) struct Kinesis {
    regions: Arc<Regions>,
    gate: Arc<dyn Gate>,
    clock: Clock,
}

/// The state of each account and region, made when it is first asked for.
#[derive(Debug, Default)]
struct Regions(Mutex<HashMap<Scope, Arc<Mutex<Region>>>>);

impl Regions {
    fn of(&self, scope: &Scope) -> Arc<Mutex<Region>> {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(region) = regions.get(scope) {
            return Arc::clone(region);
        }
        let region = Arc::new(Mutex::new(Region::new(scope.clone())));
        regions.insert(scope.clone(), Arc::clone(&region));
        region
    }
}

impl Kinesis {
    pub(crate) fn new(gate: Arc<dyn Gate>) -> Self {
        Self { regions: Arc::default(), gate, clock: Clock::default() }
    }

    /// A handle to seed and to inspect the state of an account and region.
    pub(crate) fn handle(&self, scope: Scope) -> KinesisHandle {
        KinesisHandle::new(Arc::clone(&self.regions), scope, self.clock)
    }
}

#[async_trait]
impl Service for Kinesis {
    fn action(&self, request: &Request) -> Action {
        let operation = Operation::of(target::operation(request));
        Action {
            service: "kinesis",
            // Names that the API does not have share one row of the counters.
            name: operation.map_or("Unknown", |operation| operation.name).into(),
            resource: operation.and_then(|operation| target::resource(operation, request)),
        }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        let (name, codec) = (target::operation(&request), Codec::of(request.headers()));
        let Some(operation) = Operation::of(name) else {
            let message =
                format!("tidegate-local-aws has no operation \"{name}\"; it has: {}", operation::names());
            return Failure::unknown_operation(message).answer(codec);
        };
        let region = self.regions.of(scope);
        let (gate, clock, body) = (&self.gate, self.clock, request.body());
        Session { operation, region, scope, gate, clock, codec, body }.run()
    }

    fn error(&self, asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        // The one code of a fault that Kinesis has another name for.
        let code = if code == "InternalError" { "InternalFailure" } else { code };
        Codec::of(asked).error(status, code, message)
    }
}
