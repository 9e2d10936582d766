//! [`Sqs`]: dead letters as messages.

use std::{error::Error, fmt::Write};

use async_trait::async_trait;
use aws_sdk_sqs::Client;

use super::{DeadLetter, Envelope};

/// Dead letters as messages of an SQS queue, of [JSON](Envelope::to_json). A letter that is written again is another message
/// with the same [id](Envelope::id).
///
/// On a FIFO queue, one whose URL ends in `.fifo`, the message group is the item's key, so that letters of one key stay in
/// order, and a letter that is written again within five minutes is one message.
///
/// In JSON a body takes a third more room than it has bytes: items of more than about 750 KB are refused, and their lanes
/// wait. Use S3 for these.
#[derive(Clone, Debug)]
pub struct Sqs {
    client: Client,
    url: String,
    is_fifo: bool,
}

/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const MOST_BYTES: usize = 1 << 20;

/// Of a message group id and of a deduplication id. Source: as above.
const LONGEST_ID: usize = 128;

impl Sqs {
    /// Letters in the queue with this URL.
    #[must_use]
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        let url = queue_url.into();
        let is_fifo = url.strip_suffix(".fifo").is_some();
        Self { client, url, is_fifo }
    }
}

#[async_trait]
impl DeadLetter for Sqs {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        // SQS takes what XML takes; JSON has other words for the two characters that this lacks.
        let body = letter.to_json().replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
        if body.len() > MOST_BYTES {
            let bytes = body.len();
            return Err(format!("the letter has {bytes} bytes, and SQS takes {MOST_BYTES} at most").into());
        }
        let mut send = self.client.send_message().queue_url(&self.url).message_body(body);
        if self.is_fifo {
            let key = if letter.key.is_empty() { letter.id() } else { letter.key.clone() };
            // With the length of its source, since a source with a colon makes one id of two letters.
            let own = format!("{}:{}", letter.source.len(), letter.id());
            send = send.message_group_id(id(&key)).message_deduplication_id(id(&own));
        }
        send.send().await?;
        Ok(())
    }
}

/// A text as SQS takes it for an id: with `%` and the codes of what is no visible ASCII character, and for what is too long its
/// beginning and a digest.
fn id(text: &str) -> String {
    let mut id = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => id.push_str("%25"),
            // `~` stands before a digest only.
            b'!'..=b'}' => id.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(id, "%{byte:02X}")),
        }
    }
    if id.len() > LONGEST_ID {
        let digest = format!("~{:032x}", fnv1a(text));
        id.truncate(LONGEST_ID - digest.len());
        id.push_str(&digest);
    }
    id
}

/// FNV-1a of 128 bits: the same in every release. Source: <https://datatracker.ietf.org/doc/html/rfc9923>
fn fnv1a(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart() {
        assert_eq!(id("customer-7 %\u{e4}"), "customer-7%20%25%C3%A4");
        // Published test vectors.
        assert_eq!(fnv1a(""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a("a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        let (one, two) = (id(&format!("{}1", "x".repeat(500))), id(&format!("{}2", "x".repeat(500))));
        assert_eq!((one.len(), two.len()), (128, 128));
        assert_ne!(one, two);
        assert_ne!(id(&one), one, "nothing spells what another is cut to");
    }
}
