//! [`Layer`]: what is done with the records of a shard.

use std::{fmt, future::Future, pin::Pin};

use tidegate_lanes::Failure;

use super::run::ShardRun;
use crate::{Error, ErrorKind, Record, Shard};

/// What is done with the records of a shard: handlers, processors, or streams.
pub(crate) trait Layer: fmt::Debug + Send + Sync + 'static {
    /// Processes one shard, until it is at its end or a signal says that it should stop.
    fn process(&self, run: ShardRun) -> Pin<Box<dyn Future<Output = End> + Send>>;
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It was told to.
    Stopped,
    /// The shard is closed, and all of it is finished. It became these.
    Finished(Vec<Shard>),
    /// It cannot go on, and the whole consumer stops.
    Failed(Error),
}

/// Why a consumer stops that was told to stop at a record that fails.
pub(crate) fn given_up(record: &Record, attempts: u32, failure: &Failure) -> Error {
    let (sequence, shard) = (record.position().sequence, record.shard());
    let message =
        format!("the record at {sequence} of {shard} failed {attempts} times, and the policy is to stop");
    Error::new(ErrorKind::Handler, message).because(failure.text())
}
