//! The queues of a seed file.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_local_aws::{QueueMessage, SqsError, SqsHandle};

/// The largest message, 1 MiB.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
const LARGEST: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    generate: Option<Generate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    body: String,
    #[serde(default)]
    group: Option<String>,
}

/// Messages that are numbered: the body is the number, with zeros before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    messages: u64,
    /// Message groups, `group-007`, in turn; 0 for none.
    #[serde(default)]
    groups: u32,
    /// Of each message.
    #[serde(default)]
    bytes: u64,
}

impl Queue {
    pub fn check(&self) -> Result<(), String> {
        let wrong = |problem: &str| Err(format!("queue \"{}\": {problem}", self.name));
        let is_fifo = self.name.strip_suffix(".fifo").is_some();
        if is_fifo && self.messages.iter().any(|message| message.group.is_none()) {
            return wrong("each of its messages wants a \"group\", because it is a FIFO queue");
        }
        match &self.generate {
            Some(generate) if generate.messages == 0 => {
                wrong("\"generate\": \"messages\" must be at least 1")
            }
            Some(generate) if generate.bytes > LARGEST => wrong("\"generate\": \"bytes\" is above 1 MiB"),
            Some(generate) if is_fifo && generate.groups == 0 => {
                wrong("\"generate\": \"groups\" must be at least 1, because it is a FIFO queue")
            }
            _ => Ok(()),
        }
    }

    /// Creates the queue and its messages.
    pub fn plant(self, sqs: &SqsHandle) -> Result<(), String> {
        let name = self.name.clone();
        self.put(sqs).map_err(|error| format!("queue \"{name}\": {error}"))
    }

    fn put(self, sqs: &SqsHandle) -> Result<(), SqsError> {
        sqs.create_queue(&self.name, self.attributes)?;
        sqs.send(&self.name, self.messages.into_iter().map(|Message { body, group }| message(body, group)))?;
        if let Some(generate) = self.generate {
            sqs.send(&self.name, generate.messages())?;
        }
        Ok(())
    }
}

fn message(body: String, group: Option<String>) -> QueueMessage {
    let message = QueueMessage::new(body);
    match group {
        Some(group) => message.group(group),
        None => message,
    }
}

impl Generate {
    fn messages(&self) -> impl Iterator<Item = QueueMessage> {
        let wide = self.groups.saturating_sub(1).max(1).ilog10() as usize + 1;
        // A body has at least one character.
        let long = usize::try_from(self.bytes).unwrap_or_default().max(1);
        let groups = u64::from(self.groups);
        (0..self.messages).map(move |number| {
            let group = (groups > 0).then(|| format!("group-{:0wide$}", number % groups));
            message(format!("{number:0long$}"), group)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let checked =
            |queue: &str| serde_json::from_str::<Queue>(queue).map_err(|error| error.to_string())?.check();
        for queue in [
            r#"{"name":"q","attributes":{"VisibilityTimeout":"60"},"messages":[{"body":"a"}]}"#,
            r#"{"name":"q.fifo","messages":[{"body":"a","group":"g"}],"generate":{"messages":1,"groups":1}}"#,
        ] {
            assert_eq!(checked(queue), Ok(()));
        }
        for (queue, expected) in [
            (r#"{"name":"q","generate":{"messages":0}}"#, "queue \"q\": \"generate\": \"messages\" must be"),
            (r#"{"name":"q","generate":{"messages":1,"bytes":1048577}}"#, "above 1 MiB"),
            (r#"{"name":"q.fifo","messages":[{"body":"a"}]}"#, "wants a \"group\""),
            (r#"{"name":"q.fifo","generate":{"messages":1}}"#, "\"groups\" must be at least 1"),
            (r#"{"name":"q","attributes":{"VisibilityTimeout":60}}"#, "expected a string"),
            (r#"{"name":"q","delay":1}"#, "unknown field `delay`"),
        ] {
            let problem = checked(queue).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
