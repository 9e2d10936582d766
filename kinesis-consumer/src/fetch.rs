//! Reading one shard: what is due, within a budget, as fast as the shard's limits let.

mod appetite;
mod error;
mod pace;
mod polling;
mod target;

use std::{future::Future, time::Duration};

use bytes::Bytes;

pub use self::{
    error::{Error, ErrorKind},
    polling::Polling,
    target::Target,
};
use crate::{SequenceNumber, Shard, lease::Timestamp};

/// Where to start in a shard.
///
/// There is no `LATEST`: one that is asked for again, since its iterator expired, would skip what came meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
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
pub struct RawRecord {
    /// Its sequence number.
    pub sequence: SequenceNumber,
    /// Its partition key.
    pub partition_key: String,
    /// What was put.
    pub data: Bytes,
    /// When Kinesis took it, approximately.
    pub arrived_at: Timestamp,
}

/// An answer.
#[derive(Debug)]
pub struct Fetched<R> {
    /// In order; maybe none.
    pub records: Vec<RawRecord>,
    /// How far this answer is behind the newest record.
    pub behind: Duration,
    /// Everything up to here has been answered.
    pub continuation: Option<SequenceNumber>,
    /// The shard is closed and read to its end, and these are its children: none if the stream or the shard is gone.
    pub ended: Option<Vec<Shard>>,
    /// What was reserved for the records.
    pub reservation: Option<R>,
}

/// The room for records, which is taken before they are fetched.
pub trait Room: Send + Sync {
    /// Room that was taken, until it is dropped.
    type Reservation: Send;

    /// Waits for room for one record at least, and takes up to so many, of so many bytes together. Answers the room
    /// and what it is: count, bytes.
    fn reserve_up_to(
        &self,
        count: usize,
        bytes: usize,
    ) -> impl Future<Output = (Self::Reservation, usize, usize)> + Send;
}
