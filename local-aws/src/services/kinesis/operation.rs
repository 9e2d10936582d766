//! The operations, each from the body of a request to its answer.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    call::{Call, Meter},
    consumer, create, describe,
    failure::Failure,
    get_records, iterator, list_shards,
    push::{self, Pusher},
    put,
    region::Region,
    reshard, retention, subscribe, tags,
};
use crate::{
    services::{Gate, Response, Scope, clock::Clock},
    wire::codec::Codec,
};

/// One operation of the API.
pub(super) struct Operation {
    pub(super) name: &'static str,
    run: fn(&Session<'_>) -> Result<Response, Failure>,
}

/// One request for an operation.
pub(super) struct Session<'a> {
    pub(super) operation: &'static Operation,
    pub(super) region: Arc<Mutex<Region>>,
    pub(super) scope: &'a Scope,
    pub(super) gate: &'a Arc<dyn Gate>,
    pub(super) clock: Clock,
    pub(super) codec: Codec,
    pub(super) body: &'a [u8],
}

impl Operation {
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|known| known.name == name)
    }
}

impl Session<'_> {
    pub(super) fn run(&self) -> Response {
        (self.operation.run)(self).unwrap_or_else(|failure| failure.answer(self.codec))
    }

    /// Runs an operation from its input to its output.
    fn call<I: DeserializeOwned, O>(
        &self,
        run: impl FnOnce(&mut Call<'_>, &I) -> Result<O, Failure>,
    ) -> Result<O, Failure> {
        let input = self.codec.read::<I>(self.body)?;
        let meter = Meter::new(&**self.gate, self.scope, self.operation.name);
        let mut region = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut Call { region: &mut region, now: self.clock.now().into(), meter }, &input)
    }

    fn answer<I: DeserializeOwned, O: Serialize>(
        &self,
        run: impl FnOnce(&mut Call<'_>, &I) -> Result<O, Failure>,
    ) -> Result<Response, Failure> {
        self.call(run).map(|output| self.codec.answer(self.codec.write(&output)))
    }

    fn get_records(&self) -> Result<Response, Failure> {
        // Written when the state is free again: an answer may hold 10 MiB.
        self.call(get_records::get).map(|page| self.codec.answer(page.write(self.codec)))
    }

    fn subscribe(&self) -> Result<Response, Failure> {
        let subscription = self.call(subscribe::subscribe)?;
        Ok(push::answer(Pusher {
            subscription,
            region: Arc::clone(&self.region),
            scope: self.scope.clone(),
            gate: Arc::clone(self.gate),
            clock: self.clock,
            codec: self.codec,
        }))
    }
}

/// The names of all operations, for a message.
pub(super) fn names() -> String {
    OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>().join(", ")
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "PutRecords", run: |session| session.answer(put::many) },
    Operation { name: "GetRecords", run: |session| session.get_records() },
    Operation { name: "PutRecord", run: |session| session.answer(put::one) },
    Operation { name: "GetShardIterator", run: |session| session.answer(iterator::get) },
    Operation { name: "SubscribeToShard", run: |session| session.subscribe() },
    Operation { name: "ListShards", run: |session| session.answer(list_shards::list) },
    Operation { name: "CreateStream", run: |session| session.answer(create::create) },
    Operation { name: "DeleteStream", run: |session| session.answer(create::delete) },
    Operation { name: "DescribeStream", run: |session| session.answer(describe::stream) },
    Operation { name: "DescribeStreamSummary", run: |session| session.answer(describe::summary) },
    Operation { name: "DescribeLimits", run: |session| session.answer(describe::limits) },
    Operation { name: "ListStreams", run: |session| session.answer(describe::list) },
    Operation { name: "SplitShard", run: |session| session.answer(reshard::split) },
    Operation { name: "MergeShards", run: |session| session.answer(reshard::merge) },
    Operation { name: "UpdateShardCount", run: |session| session.answer(reshard::update_count) },
    Operation { name: "IncreaseStreamRetentionPeriod", run: |session| session.answer(retention::increase) },
    Operation { name: "DecreaseStreamRetentionPeriod", run: |session| session.answer(retention::decrease) },
    Operation { name: "AddTagsToStream", run: |session| session.answer(tags::add) },
    Operation { name: "RemoveTagsFromStream", run: |session| session.answer(tags::remove) },
    Operation { name: "ListTagsForStream", run: |session| session.answer(tags::list) },
    Operation { name: "RegisterStreamConsumer", run: |session| session.answer(consumer::register) },
    Operation { name: "DeregisterStreamConsumer", run: |session| session.answer(consumer::deregister) },
    Operation { name: "DescribeStreamConsumer", run: |session| session.answer(consumer::describe) },
    Operation { name: "ListStreamConsumers", run: |session| session.answer(consumer::list) },
];
