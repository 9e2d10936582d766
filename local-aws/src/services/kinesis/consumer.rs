//! Consumers with enhanced fan-out.

use std::{collections::HashMap, ops::Bound};

use serde::{Deserialize, Serialize};

use super::{
    call::Call, check, create::Nothing, failure::Failure, region::name_of, shard_id::ShardId, stream::Stream,
    subscribe::Held, token,
};
use crate::wire::timestamp::Timestamp;

/// Consumers of a stream.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>.
const MOST: usize = 20;

/// The most consumers on a page.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html>.
const PAGE: u32 = 100;

const KIND: &str = "consumers";

/// A registered consumer.
#[derive(Debug)]
pub(super) struct Consumer {
    name: String,
    pub(super) arn: String,
    created: Timestamp,
    /// The subscription that holds each shard.
    pub(super) held: HashMap<ShardId, Held>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    consumer_name: String,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: String,
    consumer_status: &'static str,
    consumer_creation_timestamp: Timestamp,
    #[serde(rename = "StreamARN", skip_serializing_if = "Option::is_none")]
    stream_arn: Option<String>,
}

impl Consumer {
    fn view(&self, status: &'static str) -> View {
        View {
            consumer_name: self.name.clone(),
            consumer_arn: self.arn.clone(),
            consumer_status: status,
            consumer_creation_timestamp: self.created,
            stream_arn: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Register {
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    consumer_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Registered {
    consumer: View,
}

pub(super) fn register(call: &mut Call<'_>, input: &Register) -> Result<Registered, Failure> {
    check::name(&input.consumer_name, "consumerName")?;
    let now = call.now;
    let stream = call.region.stream(None, Some(&input.stream_arn))?;
    let name = input.consumer_name.clone();
    if stream.consumers.contains_key(&name) {
        return Err(Failure::in_use(format!("Consumer {name} of {} already exists.", stream.label)));
    }
    if stream.consumers.len() >= MOST {
        return Err(Failure::limit(format!(
            "The {} has {MOST} consumers, the most there may be.",
            stream.label
        )));
    }
    let arn = format!("{}/consumer/{name}:{}", stream.arn, now.seconds());
    let consumer = Consumer { name: name.clone(), arn, created: now, held: HashMap::new() };
    // It is active as soon as somebody asks.
    let view = consumer.view("CREATING");
    stream.consumers.insert(name, consumer);
    Ok(Registered { consumer: view })
}

/// The consumer that a request names: by its ARN, or by that of its stream and its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    consumer_name: Option<String>,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
}

impl Named {
    fn find<'a>(&self, call: &'a mut Call<'_>) -> Result<(&'a mut Stream, String), Failure> {
        match (&self.consumer_arn, &self.stream_arn, &self.consumer_name) {
            (Some(arn), ..) => find(call, arn),
            (None, Some(stream), Some(name)) => {
                let stream = call.region.stream(None, Some(stream))?;
                if stream.consumers.contains_key(name) {
                    return Ok((stream, name.clone()));
                }
                Err(Failure::not_found(format!("Consumer {name} of {} not found.", stream.label)))
            }
            _ => Err(Failure::invalid(
                "Either ConsumerARN, or both StreamARN and ConsumerName must be provided.",
            )),
        }
    }
}

/// The stream and the name of the consumer with this ARN.
pub(super) fn find<'a>(call: &'a mut Call<'_>, arn: &str) -> Result<(&'a mut Stream, String), Failure> {
    let account = call.region.scope.account.clone();
    let absent = || Failure::not_found(format!("Consumer {arn} under account {account} not found."));
    let stream = name_of(arn).and_then(|name| call.region.streams.get_mut(name)).ok_or_else(absent)?;
    let name = stream.consumers.values().find(|consumer| consumer.arn == arn).map(|found| found.name.clone());
    name.map(|name| (stream, name)).ok_or_else(absent)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    consumer_description: View,
}

pub(super) fn describe(call: &mut Call<'_>, input: &Named) -> Result<Described, Failure> {
    let (stream, name) = input.find(call)?;
    let view = stream.consumers.get(&name).map(|consumer| consumer.view("ACTIVE"));
    let view = view.ok_or_else(|| Failure::not_found(format!("Consumer {name} not found.")))?;
    Ok(Described { consumer_description: View { stream_arn: Some(stream.arn.clone()), ..view } })
}

pub(super) fn deregister(call: &mut Call<'_>, input: &Named) -> Result<Nothing, Failure> {
    let now = call.now;
    let (stream, name) = input.find(call)?;
    let held = stream.consumers.remove(&name).map(|consumer| consumer.held).unwrap_or_default();
    // Its subscriptions find that it is gone.
    for id in held.into_keys() {
        if let Some(shard) = stream.shard(id, now) {
            shard.wake().notify_waiters();
        }
    }
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Consumers {
    consumers: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) fn list(call: &mut Call<'_>, input: &List) -> Result<Consumers, Failure> {
    let most = check::page(input.max_results, "maxResults", PAGE)?;
    let start = match &input.next_token {
        None => Bound::Unbounded,
        Some(token) => {
            let last = token::open(KIND, token).and_then(|mut fields| fields.next::<String>());
            Bound::Excluded(last.ok_or_else(|| Failure::invalid("Invalid NextToken."))?)
        }
    };
    let stream = call.region.stream(None, Some(&input.stream_arn))?;
    let mut rest = stream.consumers.range((start, Bound::Unbounded)).map(|(_, consumer)| consumer);
    let page = rest.by_ref().take(most).collect::<Vec<_>>();
    let more = rest.next().is_some();
    let last = page.last().filter(|_| more);
    let next_token = last.map(|last| token::seal(KIND, &[&last.name]));
    Ok(Consumers { consumers: page.iter().map(|consumer| consumer.view("ACTIVE")).collect(), next_token })
}
