//! Shard iterators, and `GetShardIterator`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    failure::Failure,
    sequence::Sequence,
    shard::{Shard, Start},
    shard_id::ShardId,
    token,
};
use crate::wire::timestamp::Timestamp;

/// How long an iterator lives.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>.
const LIFE: Duration = Duration::from_mins(5);

const KIND: &str = "iterator";

/// A place in a shard, and when it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShardIterator {
    pub(super) stream: String,
    /// Of the stream: another one of its name has another.
    pub(super) id: u64,
    pub(super) shard: ShardId,
    pub(super) place: u64,
    pub(super) issued: Timestamp,
}

impl ShardIterator {
    pub(super) fn seal(&self) -> String {
        let Self { stream, id, shard, place, issued } = self;
        token::seal(KIND, &[stream, id, &shard.0, place, &issued.millis()])
    }

    pub(super) fn open(text: &str) -> Option<Self> {
        let mut fields = token::open(KIND, text)?;
        Some(Self {
            stream: fields.next()?,
            id: fields.next()?,
            shard: ShardId(fields.next()?),
            place: fields.next()?,
            issued: Timestamp::from_millis(fields.next()?),
        })
    }

    /// Refuses one that is too old.
    pub(super) fn check_age(&self, now: Timestamp) -> Result<(), Failure> {
        if now.since(self.issued) <= LIFE {
            return Ok(());
        }
        Err(Failure::expired_iterator(format!(
            "Iterator expired. The iterator was created at time {} while right now it is {now} which is further \
             in the future than the tolerated delay of {} milliseconds.",
            self.issued,
            LIFE.as_millis()
        )))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetShardIterator {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_id: String,
    shard_iterator_type: String,
    starting_sequence_number: Option<String>,
    timestamp: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    shard_iterator: String,
}

pub(super) fn get(call: &mut Call<'_>, input: &GetShardIterator) -> Result<Given, Failure> {
    let now = call.now;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (name, id, label) = (stream.name.clone(), stream.id, stream.label.clone());
    let shard = stream.shard_named(&input.shard_id, now)?;
    let start = StartingPosition {
        r#type: input.shard_iterator_type.clone(),
        sequence_number: input.starting_sequence_number.clone(),
        timestamp: input.timestamp,
    };
    let start = start.of(shard, &label, now)?;
    let iterator =
        ShardIterator { stream: name, id, shard: shard.id, place: shard.place(start), issued: now };
    Ok(Given { shard_iterator: iterator.seal() })
}

/// Where a reader wants to start, as it says it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartingPosition {
    r#type: String,
    sequence_number: Option<String>,
    timestamp: Option<Timestamp>,
}

impl StartingPosition {
    /// Where that is in a shard.
    pub(super) fn of(&self, shard: &Shard, label: &str, now: Timestamp) -> Result<Start, Failure> {
        match self.r#type.as_str() {
            "TRIM_HORIZON" => Ok(Start::TrimHorizon),
            "LATEST" => Ok(Start::Latest),
            "AT_SEQUENCE_NUMBER" => self.number(shard, label).map(Start::At),
            "AFTER_SEQUENCE_NUMBER" => self.number(shard, label).map(Start::After),
            "AT_TIMESTAMP" => {
                let time = self.timestamp.ok_or_else(|| {
                    Failure::invalid(
                        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP.",
                    )
                })?;
                if time > now {
                    return Err(Failure::invalid(format!(
                        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                         timestampInMillis: {}, currentTimestampInMillis: {}",
                        time.millis(),
                        now.millis()
                    )));
                }
                Ok(Start::Time(time))
            }
            other => {
                let constraint = "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, \
                                  AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]";
                Err(Failure::constraint(other, "shardIteratorType", constraint))
            }
        }
    }

    fn number(&self, shard: &Shard, label: &str) -> Result<Sequence, Failure> {
        let Some(text) = &self.sequence_number else {
            let message = format!("Must specify a sequence number for a start of type {}.", self.r#type);
            return Err(Failure::invalid(message));
        };
        let number = Sequence::parse(text).filter(|number| shard.gave(*number));
        number.ok_or_else(|| {
            Failure::invalid(format!(
                "StartingSequenceNumber {text} used in GetShardIterator on shard {} in {label} is invalid \
                 because it did not come from this stream.",
                shard.id
            ))
        })
    }
}
