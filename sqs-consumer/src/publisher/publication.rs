//! [`Publication`]: a message that is to be sent.

use std::{collections::HashMap, fmt, time::Duration};

use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry as Entry};

use super::{PublishError, PublishErrorKind};
use crate::{message, outgoing::EntryId};

/// What a message may weigh, its attributes included; its queue may allow less.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LARGEST: usize = 1 << 20;

/// How long a message may be delayed, in seconds. Source: as that of [`LARGEST`].
const LONGEST_DELAY: u64 = 900;

/// A message that is to be sent.
///
/// ```
/// use std::time::Duration;
///
/// use tidegate_sqs_consumer::Publication;
///
/// let later = Publication::new("remind them").delay(Duration::from_secs(60)).attribute("tenant", "blue");
/// let ordered = Publication::new("paid").group("order 7").deduplication("order 7, version 3");
/// assert_eq!((later.bytes(), ordered.bytes()), (27, 4));
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "it is to be sent"]
pub struct Publication {
    body: String,
    group: Option<String>,
    deduplication: Option<String>,
    delay: Option<Duration>,
    attributes: HashMap<String, MessageAttributeValue>,
}

impl Publication {
    /// A message with this body, of one character or more.
    pub fn new(body: impl Into<String>) -> Self {
        let body = body.into();
        Self { body, group: None, deduplication: None, delay: None, attributes: HashMap::new() }
    }

    /// Its group. Needed on a FIFO queue, where the messages of a group stay in order; on a standard queue, it is a tenant.
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.group = Some(id.into());
        self
    }

    /// By what a FIFO queue knows it again when it is sent another time. Needed there, unless the queue tells messages apart by
    /// their content.
    pub fn deduplication(mut self, id: impl Into<String>) -> Self {
        self.deduplication = Some(id.into());
        self
    }

    /// How long nobody can receive it: whole seconds, 15 min at most. Not on a FIFO queue. Default: the queue's own.
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    /// What it says of itself beside its body, as text; ten at most.
    pub fn attribute(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        match MessageAttributeValue::builder().data_type("String").string_value(text).build() {
            Ok(value) => self.typed_attribute(name, value),
            // Only one without a type is none.
            Err(_) => self,
        }
    }

    /// What it says of itself beside its body, of any type; ten at most.
    pub fn typed_attribute(mut self, name: impl Into<String>, value: MessageAttributeValue) -> Self {
        self.attributes.insert(name.into(), value);
        self
    }

    /// What it weighs, as SQS counts: its body, and the names, types and values of its attributes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        message::bytes(&self.body, &self.attributes)
    }

    pub(super) fn group_id(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// What it weighs, if SQS can take it.
    pub(super) fn check(&self, is_fifo: bool) -> Result<usize, PublishError> {
        let bytes = self.bytes();
        if bytes > LARGEST {
            let message = format!(
                "a message of {bytes} bytes, its attributes included, is too large: SQS takes {LARGEST} at most"
            );
            return Err(PublishError::new(PublishErrorKind::TooLarge, message));
        }
        let invalid = |message: String| Err(PublishError::new(PublishErrorKind::InvalidInput, message));
        if self.body.is_empty() {
            return invalid("the body is empty; it must have one character or more".to_owned());
        }
        if is_fifo && self.group.is_none() {
            return invalid("the message has no group; on a FIFO queue it must have one".to_owned());
        }
        match self.delay {
            Some(_) if is_fifo => {
                invalid("the message has a delay; a FIFO queue has one for all its messages".to_owned())
            }
            Some(delay) if delay.as_secs() > LONGEST_DELAY || delay.subsec_nanos() != 0 => {
                invalid(format!("delay is {delay:?}; it must be whole seconds, 0 to {LONGEST_DELAY}"))
            }
            _ => Ok(bytes),
        }
    }

    /// As it is in a call.
    pub(super) fn entry(&self, id: EntryId) -> Option<Entry> {
        let entry = Entry::builder()
            .id(id.to_string())
            .message_body(&self.body)
            .set_message_group_id(self.group.clone())
            .set_message_deduplication_id(self.deduplication.clone())
            .set_delay_seconds(self.delay.and_then(|delay| i32::try_from(delay.as_secs()).ok()))
            .set_message_attributes((!self.attributes.is_empty()).then(|| self.attributes.clone()));
        // Only one without id or body is none.
        entry.build().ok()
    }
}

/// Neither body nor attributes: they may be secret.
impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("group", &self.group)
            .field("deduplication", &self.deduplication)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
