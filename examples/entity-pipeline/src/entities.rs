//! [`Entities`]: the pipeline.

use std::error::Error;

use serde_json::value::RawValue;
use tidegate_sqs_consumer::{Failure, Loaded, Message, Pipeline, Publication, Publisher, Write};

use crate::{
    order::{self, Order},
    table::Table,
    work::Work,
};

/// Versions of entities, stored in a table and published to a queue.
pub(crate) struct Entities {
    pub(crate) table: Table,
    pub(crate) publisher: Publisher,
    pub(crate) work: Work,
}

impl Pipeline for Entities {
    type Key = String;
    type Version = u64;
    type Message = Order;
    type State = Box<RawValue>;

    fn decode(&self, message: &Message) -> Result<Order, Box<dyn Error + Send + Sync>> {
        Ok(Order::read(message.body())?)
    }

    fn key(&self, order: &Order) -> String {
        order.entity.clone()
    }

    fn version(&self, order: &Order) -> u64 {
        order.version
    }

    async fn load(&self, entity: &String) -> Result<Loaded<Self>, Failure> {
        self.table.load(entity).await
    }

    /// A service would make something of both.
    async fn process(&self, order: &Order, _: Option<&Box<RawValue>>) -> Result<Box<RawValue>, Failure> {
        self.work.on_one().await?;
        Ok(order.data.clone())
    }

    async fn store(
        &self,
        entity: &String,
        base: Option<u64>,
        version: u64,
        state: &Box<RawValue>,
    ) -> Result<Write, Failure> {
        self.table.store(entity, base, version, state).await
    }

    async fn publish(&self, entity: &String, version: u64, state: &Box<RawValue>) -> Result<(), Failure> {
        let news = order::news(entity, version, state)?;
        self.publisher.send(Publication::new(news)).await?;
        Ok(())
    }

    async fn mark(&self, entity: &String, version: u64) -> Result<Write, Failure> {
        self.table.mark(entity, version).await
    }
}
