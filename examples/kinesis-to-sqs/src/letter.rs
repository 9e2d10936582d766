//! A record as a message.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};
use tidegate_kinesis_consumer::Record;
use tidegate_sqs_consumer::Publication;

/// Of a message group. Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LONGEST_GROUP: usize = 128;

/// What kind of queue it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Queue {
    Standard,
    Fifo,
}

impl Queue {
    pub(crate) fn of(url: &str) -> Self {
        // As SQS names them, and not the file that clippy takes it for.
        if url.strip_suffix(".fifo").is_some() { Self::Fifo } else { Self::Standard }
    }
}

/// A record as a message of its partition key's group.
///
/// What is no text that SQS takes is in base64, and says so in its attribute `encoding`.
pub(crate) fn letter(record: &Record, queue: Queue) -> Publication {
    let position = record.position();
    let text =
        str::from_utf8(record.data()).ok().filter(|text| !text.is_empty() && text.chars().all(is_taken));
    let message = match text {
        Some(text) => Publication::new(text),
        None => Publication::new(BASE64_STANDARD.encode(record.data())).attribute("encoding", "base64"),
    };
    let message = match queue {
        // The same whoever sends it: a record that is sent again within five minutes is in the queue once.
        Queue::Fifo => message.deduplication(format!("{}:{}", position.sequence, position.sub_sequence)),
        Queue::Standard => message,
    };
    message
        .group(group(record.partition_key()))
        .attribute("partition_key", record.partition_key())
        .attribute("sequence_number", position.sequence.to_string())
        .attribute("sub_sequence_number", position.sub_sequence.to_string())
        .attribute("arrived_at_ms", record.arrived_at().0.to_string())
}

/// A message group for a partition key: itself, or its digest where SQS takes no such name.
fn group(key: &str) -> String {
    if (1..=LONGEST_GROUP).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return key.to_owned();
    }
    let digest = Sha256::digest(key).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("sha256:{digest}")
}

/// Whether SQS takes a character. Source: as that of [`LONGEST_GROUP`].
fn is_taken(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_groups_that_sqs_takes() {
        assert_eq!(group("order-7:x"), "order-7:x");
        let groups = ["", "order 7", "größe", &"k".repeat(129), "order  7"].map(group);
        for (place, one) in groups.iter().enumerate() {
            assert_eq!(one.len(), 71);
            assert!(!groups[..place].contains(one), "two keys, two groups");
        }
    }

    #[test]
    fn what_xml_does_not_take_is_no_text() {
        assert!("a \u{10ffff}\u{fffd}\r\n\t".chars().all(is_taken));
        assert!(['\0', '\u{1b}', '\u{fffe}', '\u{ffff}'].into_iter().all(|char| !is_taken(char)));
    }
}
