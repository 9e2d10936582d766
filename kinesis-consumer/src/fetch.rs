//! Reading one shard: what is due, within a budget, as fast as the shard's limits let; asked for, or pushed.

mod answer;
mod appetite;
mod error;
mod fan_out;
mod pace;
mod polling;
mod reader;
mod reading;
mod registration;
mod subscription;
mod target;
#[cfg(test)]
mod tests;

use std::{future::Future, time::Duration};

use bytes::Bytes;

pub use self::reading::Reading;
pub(crate) use self::{
    error::{Error, ErrorKind},
    fan_out::FanOut,
    polling::Polling,
    reader::Reader,
    registration::{Obstacle, ObstacleKind, Registration},
    target::Target,
};
use crate::{SequenceNumber, Shard, lease::Timestamp};

/// Where to start in a shard.
///
/// There is no `LATEST`: one that is asked for again, since its iterator expired, would skip what came meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The oldest record.
    TrimHorizon,
    /// The first record that came at this time or later.
    At(Timestamp),
    /// This record: for a resume from a checkpoint, which may be within an aggregated record.
    AtSequence(SequenceNumber),
    /// The record after this one.
    AfterSequence(SequenceNumber),
}

/// A Kinesis record, which may be aggregated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawRecord {
    /// Its sequence number.
    pub(crate) sequence: SequenceNumber,
    /// Its partition key.
    pub(crate) partition_key: String,
    /// What was put.
    pub(crate) data: Bytes,
    /// When Kinesis took it, approximately.
    pub(crate) arrived_at: Timestamp,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Fetched<R> {
    /// In order; maybe none.
    pub(crate) records: Vec<RawRecord>,
    /// How far this answer is behind the newest record.
    pub(crate) behind: Duration,
    /// The shard is closed and read to its end, and these are its children: none if the stream or the shard is gone.
    pub(crate) ended: Option<Vec<Shard>>,
    /// Whether the shard is looked at less often than it would be, for others read it, too.
    pub(crate) crowded: bool,
    /// What was reserved for the records.
    pub(crate) reservation: Option<R>,
}

/// The room for records, which is taken before they are fetched, or before they are handed on.
pub(crate) trait Room: Send + Sync {
    /// Room that was taken, until it is dropped.
    type Reservation: Send;

    /// Waits for room for one record at least, and takes up to so many, of so many bytes together. Answers the room
    /// and what it is: count, bytes.
    fn reserve_up_to(
        &self,
        count: usize,
        bytes: usize,
    ) -> impl Future<Output = (Self::Reservation, usize, usize)> + Send;

    /// Waits for room for what has come: so many records, of so many bytes together.
    fn reserve(&self, count: usize, bytes: usize) -> impl Future<Output = Self::Reservation> + Send;
}
