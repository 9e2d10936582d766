//! `SubscribeToShard`: what a subscription is to push, decided; [`push`](super::push) waits and writes.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{
    call::Call,
    consumer,
    failure::Failure,
    get_records::{MOST_RECORDS, write_records},
    iterator::StartingPosition,
    record::Record,
    region::Region,
    sequence::Sequence,
    shard::Most,
    shard_id::ShardId,
    stream::ChildShard,
};
use crate::wire::timestamp::Timestamp;

/// How long a subscription lives, and how old the one is that another may take over.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>.
const LIFE: Duration = Duration::from_mins(5);
const GRACE: Duration = Duration::from_secs(5);

/// An idle subscription tells where it is this often. AWS does not say how often it does.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Keys and data of one event. AWS does not say how large its own may be.
const MOST_BYTES: usize = 1 << 20;

/// The subscription that holds a shard for a consumer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    number: u64,
    since: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SubscribeToShard {
    #[serde(rename = "ConsumerARN")]
    consumer_arn: String,
    shard_id: String,
    starting_position: StartingPosition,
}

/// A subscription, and how far it is.
#[derive(Debug)]
pub(super) struct Subscription {
    stream: String,
    consumer: String,
    consumer_arn: String,
    shard: ShardId,
    number: u64,
    place: u64,
    began: Timestamp,
    /// When the last event was pushed.
    told: Timestamp,
    ended: bool,
    wake: Arc<Notify>,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Push {
    Event(Event),
    /// Nothing until then, or until the shard wakes it.
    Wait(Timestamp),
    /// The last thing that the subscriber learns.
    Fail(Failure),
    End,
}

/// An event of a subscription.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event {
    #[serde(serialize_with = "write_records")]
    pub(super) records: Vec<(Sequence, Record)>,
    #[serde(flatten)]
    pub(super) rest: Progress,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Progress {
    /// None at the end of the shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_sequence_number: Option<Sequence>,
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildShard>,
}

pub(super) fn subscribe(call: &mut Call<'_>, input: &SubscribeToShard) -> Result<Subscription, Failure> {
    let (now, number) = (call.now, call.region.next());
    let (stream, name) = consumer::find(call, &input.consumer_arn)?;
    let (label, stream_name) = (stream.label.clone(), stream.name.clone());
    let shard = stream.shard_named(&input.shard_id, now)?;
    let place = shard.place(input.starting_position.of(shard, &label, now)?);
    let (id, wake) = (shard.id, Arc::clone(shard.wake()));
    if let Some(consumer) = stream.consumers.get_mut(&name) {
        if consumer.held.get(&id).is_some_and(|held| now.since(held.since) < GRACE) {
            return Err(Failure::in_use(format!(
                "Another active subscription exists for this consumer: {} on shard {id}; it can be taken over \
                 after {} seconds.",
                consumer.arn,
                GRACE.as_secs()
            )));
        }
        consumer.held.insert(id, Held { number, since: now });
    }
    // The subscription that is taken over learns of it.
    wake.notify_waiters();
    Ok(Subscription {
        stream: stream_name,
        consumer: name,
        consumer_arn: input.consumer_arn.clone(),
        shard: id,
        number,
        place,
        began: now,
        told: now,
        ended: false,
        wake,
    })
}

impl Subscription {
    /// Wakes whoever waits for the shard.
    pub(super) fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// What its limits go by.
    pub(super) fn resource(&self) -> String {
        resource(&self.consumer_arn, &self.shard.to_string())
    }

    /// Decides. `pay` is asked about the records and bytes of an event, and says how long they have to wait.
    pub(super) fn next(
        &mut self,
        region: &mut Region,
        now: Timestamp,
        pay: impl FnOnce(usize, usize) -> Result<(), Duration>,
    ) -> Push {
        if self.ended || now.since(self.began) >= LIFE {
            return Push::End;
        }
        if let Err(failure) = self.check(region) {
            self.ended = true;
            return Push::Fail(failure);
        }
        let Ok(stream) = region.stream(Some(&self.stream), None) else { return Push::End };
        let Some(shard) = stream.shard(self.shard, now) else {
            self.ended = true;
            return Push::Fail(Failure::not_found(format!("Shard {} does not exist", self.shard)));
        };
        let batch = shard.read(self.place, Most { records: MOST_RECORDS as usize, bytes: MOST_BYTES }, now);
        let continuation = shard.number_before(batch.next, now);
        let is_last = batch.ended && batch.records.is_empty();
        let heartbeat = self.told + HEARTBEAT;
        if batch.records.is_empty() && !is_last && now < heartbeat {
            return Push::Wait(heartbeat.min(self.began + LIFE));
        }
        if let Err(wait) = pay(batch.records.len(), batch.bytes) {
            return Push::Wait((now + wait).min(self.began + LIFE));
        }
        (self.place, self.told, self.ended) = (batch.next, now, is_last);
        let rest = Progress {
            continuation_sequence_number: (!is_last).then_some(continuation),
            millis_behind_latest: batch.behind,
            child_shards: if is_last { stream.children(self.shard) } else { Vec::new() },
        };
        Push::Event(Event { records: batch.records, rest })
    }

    /// Whether it still holds its shard.
    fn check(&self, region: &mut Region) -> Result<(), Failure> {
        let stream = region.stream(Some(&self.stream), None)?;
        let consumer = stream.consumers.get(&self.consumer).filter(|found| found.arn == self.consumer_arn);
        let consumer = consumer
            .ok_or_else(|| Failure::not_found(format!("Consumer {} not found.", self.consumer_arn)))?;
        if consumer.held.get(&self.shard).is_some_and(|held| held.number == self.number) {
            return Ok(());
        }
        Err(Failure::in_use(format!(
            "Another subscription of consumer {} took over shard {}.",
            self.consumer_arn, self.shard
        )))
    }
}

/// What a subscription's limits go by: stream, consumer and shard.
pub(super) fn resource(consumer_arn: &str, shard: &str) -> String {
    let path = consumer_arn.split_once(":stream/").map_or(consumer_arn, |(_, path)| path);
    format!("{}/{shard}", path.replacen("/consumer/", "/", 1))
}
