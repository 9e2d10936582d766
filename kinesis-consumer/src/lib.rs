//! A Kinesis consumer in the manner of the KCL: many processes share the shards of a stream by leases in one
//! table, and nothing is lost when one of them fails.
//!
//! ```
//! # fn of(config: &aws_types::SdkConfig) -> Result<(), tidegate_kinesis_consumer::Error> {
//! use tidegate_kinesis_consumer::{Concurrency, Consumer, Handling, Record, lease::DynamoDb};
//!
//! let leases = DynamoDb::new(aws_sdk_dynamodb::Client::new(config), "orders");
//! let consumer = Consumer::builder(aws_sdk_kinesis::Client::new(config), "orders-v1", leases).build()?;
//! let handling = Handling::new(|record: Record, _| async move {
//!     println!("{}: {} bytes", record.partition_key(), record.data().len());
//!     Ok(())
//! });
//! let running = consumer.run(handling.concurrency(Concurrency::per_key(64)));
//! # let _ = running;
//! # Ok(())
//! # }
//! ```
//!
//! [`Consumer`] gives the records of a stream to a handler, one by one or in batches, to a [`ShardProcessor`], or as a
//! [stream](Shards). What holds for all:
//!
//! - Each record is processed at least once. A checkpoint never passes a record that is not finished.
//! - Records of one partition key are processed in their order, over reshardings too: a shard begins when its parents
//!   have ended.
//! - A process has a shard while it has its [lease]. What it finishes after the lease is lost counts no more.
//!
//! The decisions are made by a [`worker::Worker`], which knows no clock and makes no calls. [`kpl`] reads and makes the
//! aggregated records of the Kinesis Producer Library, without anything else of this crate.
//!
//! # Clients
//!
//! The clients are yours; their HTTP client, credentials, endpoint and interceptors are used, their retries are not.
//! Every request is admitted once, by a [`Throttle`](tidegate_throttle::Throttle).
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `dynamodb` | yes | `lease::DynamoDb` |
//! | `metrics` | no | the adapter of [`Health`] to the `metrics` facade |
//!
//! # Cancel safety
//!
//! Dropping a future of this crate loses no record; dropping a [`Running`] leaves its leases to expire.

mod batching;
mod checkpoint;
pub mod consumer;
mod error;
mod fetch;
mod handling;
pub mod kpl;
pub mod lease;
#[cfg(feature = "metrics")]
pub mod metrics;
mod processor;
mod record;
mod sequence;
mod shard;
mod shards;
pub mod worker;

pub use tidegate_lanes::{Attempt, BatchFailure, BatchHandler, Concurrency, Failure, Policy};

pub use self::{
    batching::Batching,
    checkpoint::{Checkpoint, Position},
    consumer::{Consumer, Fetch, Health, Running, ShardHealth},
    error::{Error, ErrorKind},
    fetch::Reading,
    handling::Handling,
    processor::ShardProcessor,
    record::{Parts, Record},
    sequence::{InvalidSequenceNumber, SequenceNumber},
    shard::{HashRange, Shard, ShardId},
    shards::{Delivery, ShardStream, Shards},
    worker::InitialPosition,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
