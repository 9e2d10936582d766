//! [`Kinesis`]: dead letters as records.

use std::error::Error;

use async_trait::async_trait;
use aws_sdk_kinesis::{Client, primitives::Blob};

use super::{DeadLetter, Envelope};

/// Dead letters as records of a Kinesis stream, of [JSON](Envelope::to_json), with the partition keys of their items:
/// those of one key stay in order.
///
/// A letter that is written again is another record with the same [id](Envelope::id). In JSON a body takes a third
/// more room than it has bytes: a stream whose records may be as large as those that fail refuses the largest, and
/// their lanes wait. Give it [a larger maximum][size], or use S3.
///
/// [size]: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html
#[derive(Clone, Debug)]
pub struct Kinesis {
    client: Client,
    stream: String,
}

/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
const LONGEST_KEY: usize = 256;

impl Kinesis {
    /// Letters in this stream.
    #[must_use]
    pub fn new(client: Client, stream: impl Into<String>) -> Self {
        Self { client, stream: stream.into() }
    }
}

#[async_trait]
impl DeadLetter for Kinesis {
    async fn put(&self, letter: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        let key = if letter.key.is_empty() { letter.id() } else { letter.key.clone() };
        // A key of another kind of source may be longer; its beginning keeps its items in order as well.
        let key = key.chars().take(LONGEST_KEY).collect::<String>();
        let data = Blob::new(letter.to_json());
        self.client.put_record().stream_name(&self.stream).partition_key(key).data(data).send().await?;
        Ok(())
    }
}
