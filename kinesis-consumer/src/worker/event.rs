//! [`Event`]: what a worker is told.

use std::{collections::BTreeSet, time::Duration};

use super::RunId;
use crate::{
    Checkpoint, Shard, ShardId,
    lease::{Answer, Change, Fleet, Lease, Unavailable},
};

/// What a worker is told. `asked` is the time *before* the request was sent: what an answer says was true then
/// or later.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The answer to [`Action::Scan`](super::Action::Scan).
    Scanned {
        /// When it was asked.
        asked: Duration,
        /// All leases.
        answer: Result<Vec<Lease>, Unavailable>,
    },
    /// The answer to [`Action::Read`](super::Action::Read).
    Read {
        /// The lease that was asked for.
        key: ShardId,
        /// When it was asked.
        asked: Duration,
        /// The lease, if it is there.
        answer: Result<Option<Lease>, Unavailable>,
    },
    /// The answer to [`Action::Change`](super::Action::Change).
    Changed {
        /// What was asked for.
        change: Change,
        /// When it was asked.
        asked: Duration,
        /// What became of it.
        answer: Result<Answer, Unavailable>,
    },
    /// The answer to [`Action::Create`](super::Action::Create).
    Created {
        /// The lease that was to be made.
        lease: Lease,
        /// When it was asked.
        asked: Duration,
        /// What became of it.
        answer: Result<Answer, Unavailable>,
    },
    /// The answer to [`Action::Delete`](super::Action::Delete).
    Deleted {
        /// The lease that was to go.
        key: ShardId,
        /// What became of it.
        answer: Result<Answer, Unavailable>,
    },
    /// The answer to [`Action::List`](super::Action::List).
    Listed {
        /// When it was asked.
        asked: Duration,
        /// All shards, or why they are not known.
        answer: Listed,
    },
    /// All records up to this place are finished. Told before [`Worker::next`](super::Worker) is asked, if it
    /// is news.
    Progress {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
        /// Up to where. Never less than before.
        checkpoint: Checkpoint,
        /// Keys that were diverted before that place: to be durable before or together with it.
        diverted: BTreeSet<String>,
        /// Bytes that were read since the last time.
        bytes: u64,
        /// Whether records were read that are not finished.
        waiting: bool,
    },
    /// The shard is closed, and all its records are finished.
    Ended {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
        /// What it became. Empty if the stream or the shard is gone.
        children: Vec<Shard>,
        /// Keys that were diverted since the last progress.
        diverted: BTreeSet<String>,
    },
    /// The run has stopped, because it was asked to ([`Action::Drain`](super::Action::Drain),
    /// [`Action::Abort`](super::Action::Abort)), or because its handler's policy stopped it. Its last progress
    /// was told before.
    Stopped {
        /// The shard.
        key: ShardId,
        /// The tenure.
        run: RunId,
    },
    /// Who else is there: to be told before the first scan is answered, if it is not [`Fleet::Alone`], and whenever
    /// it changes.
    Fleet(Fleet),
    /// The process is to end: drain all, checkpoint, release.
    Shutdown,
}

/// What [`Action::List`](super::Action::List) found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listed {
    /// All shards of the stream that still have records, open and closed.
    Shards(Vec<Shard>),
    /// The stream is not there.
    NoStream,
    /// Nobody knows.
    Unavailable(Unavailable),
}
