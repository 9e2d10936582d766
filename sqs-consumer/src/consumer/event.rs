//! [`Event`]: what happened to a consumer.

use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tidegate_lanes::Reservation;
use tokio::{sync::oneshot, time::Instant};

use super::{
    calls::{Batched, Problem},
    hub::{Delete, Release},
};
use crate::{
    outgoing::Batch,
    poll::Wanted,
    visibility::{Extension, LeaseId, Reply},
};

/// What happened to a consumer.
#[derive(Debug)]
pub(super) enum Event {
    /// A receive has its room, or there was none in time.
    Room { wanted: Wanted, room: Option<Reservation> },
    /// A receive was answered.
    Received { wanted: Wanted, room: Reservation, answer: Answer },
    /// Extensions were answered.
    Extended { asked: Vec<Extension>, answer: Result<Vec<Reply>, Problem> },
    /// A batch of deletes was answered.
    Deleted { batch: Batch<Delete>, answer: Batched },
    /// A batch of messages that are given back was answered.
    Released { batch: Batch<Release>, answer: Batched },
    /// A message is done with.
    Finished { lease: LeaseId, confirm: Option<oneshot::Sender<bool>> },
    /// Others may have a message after so long.
    GivenBack { lease: LeaseId, after: Duration, dropped: bool },
    /// Nothing more is handed out: what there is, is to be finished until then.
    Shutdown { until: Instant },
}

/// What a receive brought, or why it failed, with its name on a FIFO queue.
pub(super) type Answer = Result<Vec<Message>, (Problem, Option<String>)>;
