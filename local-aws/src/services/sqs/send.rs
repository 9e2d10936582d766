//! `SendMessage` and `SendMessageBatch`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    batch::{self, Outcomes},
    call::Call,
    content::{self, AttributeInput, Content, LARGEST, MessageId},
    digest::Digest,
    entry::sequence,
    failure::Failure,
    region::Region,
    repeats::Sent,
};
use crate::wire::timestamp::Timestamp;

/// Delays of single messages, in seconds.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
const LONGEST_DELAY: i64 = 900;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    queue_url: String,
    #[serde(flatten)]
    message: Message,
}

/// A message that is to be sent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_field_names, reason = "the fields have the names of the API")]
pub(super) struct Message {
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: BTreeMap<String, AttributeInput>,
    pub(super) message_system_attributes: BTreeMap<String, AttributeInput>,
    pub(super) message_deduplication_id: Option<String>,
    pub(super) message_group_id: Option<String>,
}

/// What a send is answered.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(rename = "MessageId")]
    pub(super) id: MessageId,
    #[serde(rename = "MD5OfMessageBody")]
    body: Digest,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes: Option<Digest>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    system: Option<Digest>,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
}

pub(super) fn one(call: &mut Call<'_>, input: Send) -> Result<Answer, Failure> {
    let name = Arc::clone(&call.admitted(&input.queue_url)?.name);
    let answer = send(call.region, &name, input.message, call.now)?;
    wake(call.region, &name);
    Ok(answer)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    id: String,
    #[serde(flatten)]
    message: Message,
}

impl batch::Entry for Entry {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    id: String,
    #[serde(flatten)]
    answer: Answer,
}

pub(super) fn many(call: &mut Call<'_>, input: SendBatch) -> Result<Outcomes<Done>, Failure> {
    let name = Arc::clone(&call.admitted(&input.queue_url)?.name);
    let fits = |entries: &[Entry]| {
        let size = entries.iter().map(|entry| entry.message.rough_size()).sum::<usize>();
        if size <= LARGEST {
            return Ok(());
        }
        Err(Failure::batch_too_long(format!(
            "Batch requests cannot be longer than {LARGEST} bytes. You have sent {size} bytes."
        )))
    };
    let outcomes = batch::run(call, input.entries, fits, |call, entry| {
        let answer = send(call.region, &name, entry.message, call.now)?;
        Ok(Done { id: entry.id, answer })
    })?;
    wake(call.region, &name);
    Ok(outcomes)
}

impl Message {
    /// What it counts before its attributes are read.
    fn rough_size(&self) -> usize {
        let attributes = self.message_attributes.iter().map(|(name, value)| name.len() + value.size());
        self.message_body.len() + attributes.sum::<usize>()
    }
}

/// A receive that waits may have something now.
fn wake(region: &Region, name: &str) {
    if let Some(queue) = region.queues.get(name).filter(|queue| queue.has_some()) {
        queue.wake().notify_one();
    }
}

/// Adds a message to a queue, unless it was sent before.
pub(super) fn send(
    region: &mut Region,
    name: &str,
    message: Message,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let id = region.message_id();
    let queue = region.queue(name, now)?;
    let fifo = queue.settings.fifo;
    content::check_body(&message.message_body)?;
    let attributes = content::attributes(message.message_attributes)?;
    let size = content::size(&message.message_body, &attributes);
    if size > queue.settings.largest {
        let largest = queue.settings.largest;
        return Err(Failure::parameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {largest} bytes."
        )));
    }
    let delay = match message.delay_seconds {
        Some(seconds) if !(0..=LONGEST_DELAY).contains(&seconds) => {
            let reason = "DelaySeconds must be >= 0 and <= 900.";
            return Err(Failure::value(&seconds, "DelaySeconds", reason));
        }
        Some(seconds) if fifo.is_some() && seconds != 0 => {
            let reason = "The request include parameter that is not valid for this queue type";
            return Err(Failure::value(&seconds, "DelaySeconds", reason));
        }
        // A FIFO queue has one delay for all.
        Some(_) if fifo.is_some() => None,
        seconds => seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
    };
    if let Some(group) = &message.message_group_id {
        content::check_token(group, "MessageGroupId")?;
    }
    if let Some(id) = &message.message_deduplication_id {
        content::check_token(id, "MessageDeduplicationId")?;
    }
    let group = message.message_group_id.map(Arc::<str>::from);
    let mut deduplication = message.message_deduplication_id.map(Arc::<str>::from);
    match fifo {
        Some(_) if group.is_none() => return Err(Failure::required("MessageGroupId")),
        Some(fifo) if deduplication.is_none() => {
            if !fifo.by_content {
                return Err(Failure::parameter(
                    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
                ));
            }
            deduplication = Some(hash(&message.message_body));
        }
        None if deduplication.is_some() => {
            let (value, reason) = (
                deduplication.unwrap_or_default(),
                "The request include parameter that is not valid for this queue type",
            );
            return Err(Failure::value(&value, "MessageDeduplicationId", reason));
        }
        _ => {}
    }
    let system = content::attributes(message.message_system_attributes)?;
    let trace = match system.iter().next() {
        None => None,
        Some((name, content::Attribute { value: content::Value::Text(text), .. }))
            if name == "AWSTraceHeader" && system.len() == 1 =>
        {
            Some(text.clone().into_boxed_str())
        }
        Some((name, _)) => {
            return Err(Failure::parameter(format!("Message system attribute name '{name}' is invalid.")));
        }
    };
    let body = Digest::of_body(&message.message_body);
    let (of_attributes, of_system) = (Digest::of_attributes(&attributes), Digest::of_attributes(&system));
    let answer = |sent: Sent| Answer {
        id: sent.id,
        body,
        attributes: of_attributes,
        system: of_system,
        sequence: fifo.map(|_| sequence(sent.number)),
    };
    let key = deduplication.clone().zip(fifo).map(|(id, fifo)| (group.clone().filter(|_| fifo.by_group), id));
    if let Some(before) = key.as_ref().and_then(|key| queue.repeats.find(key, now)) {
        return Ok(answer(before));
    }
    let content =
        Content { id, body: message.message_body.into(), md5: body, attributes, trace, group, deduplication };
    let sent = Sent { id, number: queue.send(Arc::new(content), delay, now) };
    if let Some(key) = key {
        queue.repeats.keep(key, sent, now);
    }
    Ok(answer(sent))
}

/// The deduplication id of a body.
fn hash(body: &str) -> Arc<str> {
    let hex = Sha256::digest(body.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = std::fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
        hex
    });
    hex.into()
}
