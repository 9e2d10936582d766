//! A Kinesis consumer in the manner of the KCL: many processes share the shards of a stream by leases in one
//! table, and nothing is lost when one of them fails.

mod checkpoint;
pub mod consumer;
mod error;
#[doc(hidden)]
pub mod fetch;
mod handling;
pub mod kpl;
pub mod lease;
mod processor;
mod record;
mod sequence;
mod shard;
mod shards;
pub mod worker;

pub use tidegate_lanes::{Attempt, Concurrency, Failure, Policy};

pub use self::{
    checkpoint::{Checkpoint, Position},
    consumer::{Consumer, Fetch, Health, Running, ShardHealth},
    error::{Error, ErrorKind},
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
