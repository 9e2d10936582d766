//! What a test sees of queues, of their messages and of the clients that receive.

use std::{collections::BTreeMap, time::SystemTime};

use serde::Serialize;

use super::{
    clients::Holding,
    entry::{Entry, Place},
    queue::Queue,
};

/// A queue as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueView {
    /// Messages that can be received; of a FIFO queue also those whose group is held up.
    pub visible: usize,
    /// Messages that were received, and neither deleted nor visible again.
    pub in_flight: usize,
    /// Messages that are delayed.
    pub delayed: usize,
    /// Messages that went to the dead-letter queue so far.
    pub dead: u64,
}

/// What one client has of a queue, as the queue counts it.
///
/// A receive is open from when the service begins to serve it until it has answered, or its caller has given it
/// up. Messages whose answer was lost on the way are in flight all the same, until they are visible again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClientView {
    /// Messages that it received last, and that are neither deleted nor visible again.
    pub in_flight: usize,
    /// The most that its open receives may still bring: the sum of their `MaxNumberOfMessages`. One that repeats
    /// a `ReceiveRequestAttemptId` brings what is in flight already, and adds nothing.
    pub requested: usize,
    /// The most that were in flight at once.
    pub max_in_flight: usize,
    /// The most that `in_flight` and `requested` came to at once.
    pub max_reserved: usize,
}

/// A message as it is in its queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageView {
    /// The id.
    pub id: String,
    /// The body.
    pub body: String,
    /// The message group, if it has one.
    pub group: Option<String>,
    /// How often it was received.
    pub receive_count: u32,
    /// When it was sent.
    pub sent: SystemTime,
    /// Where it is.
    pub state: MessageState,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageState {
    /// It can be received.
    Visible,
    /// It is delayed.
    Delayed,
    /// It was received.
    InFlight,
}

/// A queue and its clients, as the admin path tells them.
#[derive(Debug, Serialize)]
pub(crate) struct QueueReport {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) queue: QueueView,
    pub(super) clients: BTreeMap<String, ClientView>,
}

impl QueueView {
    pub(super) fn of(queue: &Queue) -> Self {
        let counts = queue.counts();
        let (visible, in_flight, delayed) = (counts.visible, counts.in_flight, counts.delayed);
        Self { visible, in_flight, delayed, dead: queue.dead }
    }
}

impl ClientView {
    /// The clients of a queue, by their access keys.
    pub(super) fn all(queue: &Queue) -> BTreeMap<String, Self> {
        queue.clients.iter().map(|(key, holding)| (key.to_owned(), holding.into())).collect()
    }
}

impl From<Holding> for ClientView {
    fn from(Holding { in_flight, requested, max_in_flight, max_reserved }: Holding) -> Self {
        Self { in_flight, requested, max_in_flight, max_reserved }
    }
}

impl MessageView {
    pub(super) fn of(entry: &Entry) -> Self {
        let state = match entry.place {
            Place::Visible => MessageState::Visible,
            Place::Delayed(_) => MessageState::Delayed,
            Place::InFlight { .. } => MessageState::InFlight,
        };
        Self {
            id: entry.content.id.to_string(),
            body: entry.content.body.to_string(),
            group: entry.content.group.as_deref().map(str::to_owned),
            receive_count: entry.received,
            sent: entry.sent.time(),
            state,
        }
    }
}
