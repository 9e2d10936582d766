//! [`Message`]: what was received.

mod id;
mod loss;

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_sqs::types::{Message as Received, MessageAttributeValue, MessageSystemAttributeName as Name};
use tidegate_lanes::{Envelope, Item};

pub use self::id::MessageId;
use self::loss::Loss;
use crate::ReceiptHandle;

/// A message that was received. A clone costs no allocation.
#[derive(Clone)]
pub struct Message(Arc<Inner>);

struct Inner {
    queue: Arc<str>,
    id: MessageId,
    body: String,
    system: HashMap<Name, String>,
    attributes: HashMap<String, MessageAttributeValue>,
    loss: Loss,
}

impl Message {
    /// With the handle by which this delivery is known. None if SQS left out what every message has.
    pub(crate) fn of(queue: &Arc<str>, received: Received) -> Option<(Self, ReceiptHandle)> {
        let inner = Inner {
            queue: Arc::clone(queue),
            id: received.message_id?.into(),
            body: received.body.unwrap_or_default(),
            system: received.attributes.unwrap_or_default(),
            attributes: received.message_attributes.unwrap_or_default(),
            loss: Loss::default(),
        };
        Some((Self(Arc::new(inner)), received.receipt_handle?.into()))
    }

    /// What it is called: the same at each of its deliveries.
    #[must_use]
    pub fn id(&self) -> &MessageId {
        &self.0.id
    }

    /// What was sent.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.0.body
    }

    /// The name of its queue.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.0.queue
    }

    /// Its group. On a FIFO queue every message has one, and those of one group are in order.
    #[must_use]
    pub fn group_id(&self) -> Option<&str> {
        self.system(&Name::MessageGroupId)
    }

    /// By what a FIFO queue knows repeated sends of it.
    #[must_use]
    pub fn deduplication_id(&self) -> Option<&str> {
        self.system(&Name::MessageDeduplicationId)
    }

    /// Its place in a FIFO queue.
    #[must_use]
    pub fn sequence_number(&self) -> Option<&str> {
        self.system(&Name::SequenceNumber)
    }

    /// How often it was received, this time included: more often than once after a failure, a crash, or a lost answer. About
    /// so often, on a standard queue.
    #[must_use]
    pub fn receive_count(&self) -> u32 {
        self.system(&Name::ApproximateReceiveCount).and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// When it was sent, by SQS's clock.
    #[must_use]
    pub fn sent_at(&self) -> Option<SystemTime> {
        self.time(&Name::SentTimestamp)
    }

    /// When it was received first, by SQS's clock.
    #[must_use]
    pub fn first_received_at(&self) -> Option<SystemTime> {
        self.time(&Name::ApproximateFirstReceiveTimestamp)
    }

    /// What its sender says of it beside its body.
    #[must_use]
    pub fn attributes(&self) -> &HashMap<String, MessageAttributeValue> {
        &self.0.attributes
    }

    /// Whether others may receive it again, since it could not be kept. Whoever works on it should store nothing more: its
    /// acknowledgement has no effect.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.loss.is_certain()
    }

    /// Waits until it [is lost](Self::is_lost), which is never for most.
    ///
    /// # Cancel safety
    /// It can be dropped.
    pub async fn lost(&self) {
        self.0.loss.wait().await;
    }

    pub(crate) fn lose(&self) {
        self.0.loss.happens();
    }

    /// What it takes up.
    pub(crate) fn bytes(&self) -> usize {
        bytes(self.body(), self.attributes())
    }

    fn system(&self, name: &Name) -> Option<&str> {
        self.0.system.get(name).map(String::as_str)
    }

    fn time(&self, name: &Name) -> Option<SystemTime> {
        let millis = self.system(name)?.parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }
}

/// What a message takes up: body and attributes, as SQS counts.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub(crate) fn bytes(body: &str, attributes: &HashMap<String, MessageAttributeValue>) -> usize {
    let weight = |(name, value): (&String, &MessageAttributeValue)| {
        let text = value.string_value().map_or(0, str::len);
        let binary = value.binary_value().map_or(0, |it| it.as_ref().len());
        name.len() + value.data_type().len() + text + binary
    };
    body.len() + attributes.iter().map(weight).sum::<usize>()
}

/// Its place is its id, its key the group.
impl Item for Message {
    fn envelope(&self) -> Envelope {
        let mut letter = Envelope::new(self.queue(), self.id().as_str(), self.body().to_owned());
        if let Some(group) = self.group_id() {
            letter = letter.key(group);
        }
        for (name, value) in self.attributes() {
            if let Some(text) = value.string_value() {
                letter = letter.attribute(name, text);
            }
        }
        letter
    }
}

/// Neither body nor attributes: they may be secret.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("queue", &self.queue())
            .field("id", &self.id().as_str())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
