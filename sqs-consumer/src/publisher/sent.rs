//! [`Sent`]: where a message is that was sent.

use crate::MessageId;

/// Where a message is that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// What it is called: the same at each of its deliveries.
    pub message_id: MessageId,
    /// Its place, on a FIFO queue. It grows within a group.
    pub sequence_number: Option<String>,
}
