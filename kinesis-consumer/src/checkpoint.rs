//! [`Position`] and [`Checkpoint`]: how far a shard has been processed.

use crate::SequenceNumber;

/// The place of one user record: its sequence number, and its place within that Kinesis record.
///
/// The sub-sequence number counts the user records of an aggregated (KPL) record from 0; it is 0 for a record
/// that is not aggregated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Of the Kinesis record.
    pub sequence: SequenceNumber,
    /// Of the user record within it.
    pub sub_sequence: u64,
}

/// How far a shard has been processed, as a lease says it.
///
/// The three beginnings come before every position, and the end after all of them: the derived order says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checkpoint {
    /// Nothing yet, and the time to start at is elsewhere ([`Lease::started_at`](crate::lease::Lease), or the
    /// configuration).
    AtTimestamp,
    /// Nothing yet; start at the oldest record.
    TrimHorizon,
    /// Nothing yet; start at the newest record.
    Latest,
    /// Up to this record, which is processed itself.
    At(Position),
    /// The shard is closed and all of it is processed.
    ShardEnd,
}

impl Checkpoint {
    /// Whether nothing has been processed.
    #[must_use]
    pub fn is_beginning(self) -> bool {
        self <= Self::Latest
    }
}
