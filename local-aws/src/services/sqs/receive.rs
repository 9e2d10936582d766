//! `ReceiveMessage`: short and long polls.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    clients::Client,
    content::{self, Attribute, Content},
    digest::Digest,
    entry::sequence,
    failure::Failure,
    finish::visibility,
    operation::Session,
    queue::{Queue, Received, Want},
    receipt::Receipt,
    region::{Receive, Region, Step},
};
use crate::services::{Caller, Quirk};

/// The longest poll, in seconds, and the most messages of one.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
const LONGEST_WAIT: i64 = 20;
const MOST: i64 = 10;

/// Who sends requests that nobody signed.
const UNSIGNED: &str = "unsigned";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

#[derive(Debug, Serialize)]
struct Message {
    #[serde(rename = "MessageId")]
    id: content::MessageId,
    #[serde(rename = "ReceiptHandle")]
    receipt: Receipt,
    #[serde(rename = "MD5OfBody")]
    md5: Digest,
    #[serde(rename = "Body", serialize_with = "body")]
    content: Arc<Content>,
    #[serde(rename = "Attributes", skip_serializing_if = "BTreeMap::is_empty")]
    system: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes_md5: Option<Digest>,
    #[serde(rename = "MessageAttributes", skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Attribute>,
}

fn body<S: serde::Serializer>(content: &Arc<Content>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&content.body)
}

/// Receives messages, and waits for them if it is a long poll.
///
/// A poll that is given up while it waits has taken nothing: messages are taken in the step that answers.
pub(super) async fn receive(session: &Session<'_>) -> Result<Answer, Failure> {
    let input = session.read::<ReceiveMessage>()?;
    let (poll, open) = session.call(|call| {
        let (now, quirk) = (call.now, call.asked.quirk);
        let caller = call.asked.caller.map_or_else(|| UNSIGNED.into(), |Caller(key)| Arc::clone(key));
        let name = call.name(&input.queue_url)?.to_owned();
        let queue = call.admitted(&input.queue_url)?;
        let wait = within(input.wait_time_seconds, "WaitTimeSeconds", 0, LONGEST_WAIT)?;
        let wait = wait.map_or(queue.settings.wait, Duration::from_secs);
        let most = within(input.max_number_of_messages, "MaxNumberOfMessages", 1, MOST)?.unwrap_or(1);
        let visibility =
            input.visibility_timeout.map(visibility).transpose()?.unwrap_or(queue.settings.visibility);
        if let Some(attempt) = &input.receive_request_attempt_id {
            content::check_token(attempt, "ReceiveRequestAttemptId")?;
            if !queue.is_fifo() {
                let reason = "The request include parameter that is not valid for this queue type";
                return Err(Failure::value(attempt, "ReceiveRequestAttemptId", reason));
            }
        }
        let most = usize::try_from(most).unwrap_or(1);
        let client = queue.clients.of(&caller);
        let asked = Want { client, most, visibility, twice: quirk == Some(Quirk::Twice) };
        // An attempt that is made again brings what is in flight already.
        let attempt = input.receive_request_attempt_id.as_deref();
        let again = attempt.is_some_and(|attempt| queue.attempts.find(attempt, now).is_some());
        let requested = if again { 0 } else { most };
        let open = Open::new(session, queue, client, requested);
        Ok((Poll { name, want: asked, wait, misses: quirk == Some(Quirk::Empty), until: now + wait }, open))
    })?;
    let received = poll.run(session, open, input.receive_request_attempt_id.as_deref()).await?;
    let messages = received.into_iter().map(|one| Message::new(one, &input)).collect();
    Ok(Answer { messages })
}

fn within(value: Option<i64>, parameter: &str, least: i64, most: i64) -> Result<Option<u64>, Failure> {
    let Some(value) = value else { return Ok(None) };
    if (least..=most).contains(&value) {
        return Ok(Some(value.unsigned_abs()));
    }
    let reason = format!("Must be between {least} and {most}, if provided.");
    Err(Failure::value(&value, parameter, &reason))
}

/// A receive that is under way.
#[derive(Debug)]
struct Poll {
    name: String,
    want: Want,
    wait: Duration,
    misses: bool,
    until: crate::wire::timestamp::Timestamp,
}

impl Poll {
    async fn run(
        &self,
        session: &Session<'_>,
        mut open: Open<'_>,
        attempt: Option<&str>,
    ) -> Result<Vec<Received>, Failure> {
        let ask = Receive {
            queue: &self.name,
            want: self.want,
            attempt,
            misses: self.misses,
            until: self.until,
            waits: !self.wait.is_zero(),
        };
        loop {
            let wake =
                session.call(|call| Ok(Arc::clone(call.region.queue(&self.name, call.now)?.wake())))?;
            // Before the look, so that nothing is missed between the look and the wait.
            let woken = wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let (step, now) = session.call(|call| {
                let step = call.region.receive(&ask, call.now)?;
                if matches!(step, Step::Done(_)) {
                    open.close(call.region);
                }
                Ok((step, call.now))
            })?;
            match step {
                Step::Done(received) => return Ok(received),
                // Time is told in whole milliseconds; what is due within one is not yet due.
                Step::Wait(until) => {
                    drop(timeout(until.since(now).max(Duration::from_millis(1)), woken).await);
                }
            }
        }
    }
}

/// A receive counts as open until this is closed, or dropped with a poll that was given up or failed.
struct Open<'a> {
    region: &'a Mutex<Region>,
    queue: (u64, Arc<str>),
    client: Client,
    /// 0 once it is closed.
    requested: usize,
}

impl<'a> Open<'a> {
    fn new(session: &'a Session<'_>, queue: &mut Queue, client: Client, requested: usize) -> Self {
        queue.clients.open(client, requested);
        let queue = (queue.number, Arc::clone(&queue.name));
        Self { region: &session.region, queue, client, requested }
    }

    fn close(&mut self, region: &mut Region) {
        let (number, name) = &self.queue;
        let requested = std::mem::take(&mut self.requested);
        // A queue that was made anew under the name knows nothing of it.
        if let Some(queue) = region.queues.get_mut(name).filter(|queue| queue.number == *number) {
            queue.clients.close(self.client, requested);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.requested > 0 {
            let region = self.region;
            self.close(&mut region.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Message {
    fn new(Received { receipt, entry }: Received, input: &ReceiveMessage) -> Self {
        let content = entry.content;
        let asked = |name: &str| {
            let mut names = input.message_system_attribute_names.iter().chain(&input.attribute_names);
            names.any(|asked| asked == name || asked == "All")
        };
        let millis = |time: crate::wire::timestamp::Timestamp| time.millis().to_string();
        let is_fifo = content.deduplication.is_some();
        let system = [
            ("SenderId", Some("AIDATIDEGATELOCALAWS".to_owned())),
            ("SentTimestamp", Some(millis(entry.sent))),
            ("ApproximateReceiveCount", Some(entry.received.to_string())),
            ("ApproximateFirstReceiveTimestamp", entry.first_received.map(millis)),
            ("SequenceNumber", is_fifo.then(|| sequence(entry.number))),
            ("MessageDeduplicationId", content.deduplication.as_deref().map(str::to_owned)),
            ("MessageGroupId", content.group.as_deref().map(str::to_owned)),
            ("AWSTraceHeader", content.trace.as_deref().map(str::to_owned)),
            ("DeadLetterQueueSourceArn", entry.source.as_deref().map(str::to_owned)),
        ];
        let system = system.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let system = system.filter(|(name, _)| asked(name)).collect();
        let named = |name: &String| input.message_attribute_names.iter().any(|asked| matches(asked, name));
        let attributes = content.attributes.iter().filter(|(name, _)| named(name));
        let attributes =
            attributes.map(|(name, value)| (name.clone(), value.clone())).collect::<BTreeMap<_, _>>();
        Self {
            id: content.id,
            receipt,
            md5: content.md5,
            system,
            attributes_md5: Digest::of_attributes(&attributes),
            attributes,
            content,
        }
    }
}

/// Whether a name is asked for: itself, all, or what begins alike.
fn matches(asked: &str, name: &str) -> bool {
    asked == name || asked == "All" || asked.strip_suffix(".*").is_some_and(|start| name.starts_with(start))
}
