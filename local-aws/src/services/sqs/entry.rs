//! A message in a queue: its content, and what became of it so far.

use std::sync::Arc;

use super::{clients::Client, content::Content};
use crate::wire::timestamp::Timestamp;

/// Where the sequence numbers of a queue begin, and how far they are apart: 20 digits, not consecutive.
const FIRST_SEQUENCE: u128 = 18_850_000_000_000_000_000;
const SEQUENCE_STEP: u128 = 256;

/// A message and its state.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its place in the order of the queue.
    pub(super) number: u64,
    pub(super) content: Arc<Content>,
    pub(super) sent: Timestamp,
    pub(super) first_received: Option<Timestamp>,
    /// How often it was received, in all queues.
    pub(super) received: u32,
    /// How often of that in the queues before this one.
    pub(super) carried: u32,
    /// The receive that holds for its receipt handles; 0 before the first.
    pub(super) receive: u64,
    pub(super) place: Place,
    /// The ARN of the queue that gave it up.
    pub(super) source: Option<Arc<str>>,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Visible,
    Delayed(Timestamp),
    InFlight { since: Timestamp, until: Timestamp, client: Client },
}

impl Entry {
    pub(super) fn new(content: Arc<Content>, now: Timestamp) -> Self {
        let (sent, place) = (now, Place::Visible);
        let (number, received, carried, receive) = (0, 0, 0, 0);
        Self { number, content, sent, first_received: None, received, carried, receive, place, source: None }
    }
}

/// The sequence number of a message of a FIFO queue, by its place in the order.
pub(super) fn sequence(number: u64) -> String {
    (FIRST_SEQUENCE + u128::from(number) * SEQUENCE_STEP).to_string()
}
