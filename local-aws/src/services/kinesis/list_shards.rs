//! `ListShards`.

use std::{ops::Bound, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    check,
    failure::Failure,
    shard::{Shard, ShardView},
    shard_id::ShardId,
    token,
};
use crate::wire::timestamp::Timestamp;

/// How long a token lives.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>.
const LIFE: Duration = Duration::from_mins(5);

/// The most shards on a page.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html>.
const PAGE: u32 = 1_000;

const KIND: &str = "shards";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListShards {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    next_token: Option<String>,
    exclusive_start_shard_id: Option<String>,
    max_results: Option<i64>,
    stream_creation_timestamp: Option<Timestamp>,
    shard_filter: Option<ShardFilter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    r#type: String,
    shard_id: Option<String>,
    timestamp: Option<Timestamp>,
}

/// Which shards are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    All,
    AfterShardId(ShardId),
    AtTrimHorizon,
    AtLatest,
    AtTimestamp(Timestamp),
    FromTimestamp(Timestamp),
}

/// A page of a listing that goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) stream: String,
    id: u64,
    issued: Timestamp,
    after: ShardId,
    filter: Filter,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shards {
    shards: Vec<ShardView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) fn list(call: &mut Call<'_>, input: &ListShards) -> Result<Shards, Failure> {
    let most = check::page(input.max_results, "maxResults", PAGE)?;
    let now = call.now;
    let (stream, filter, after) = if let Some(token) = &input.next_token {
        alone(input)?;
        let token = Token::open(token).ok_or_else(|| Failure::invalid("Invalid NextToken."))?;
        if now.since(token.issued) > LIFE {
            return Err(Failure::expired_token());
        }
        let stream = call.region.stream(Some(&token.stream), None)?;
        if stream.id != token.id {
            return Err(Failure::not_found(format!("The {} is not the one of the NextToken.", stream.label)));
        }
        (stream, token.filter, Some(token.after))
    } else {
        let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
        // Clients tell it in whole seconds.
        if input.stream_creation_timestamp.is_some_and(|time| time.seconds() != stream.created.seconds()) {
            return Err(Failure::not_found(format!("The {} was created at another time.", stream.label)));
        }
        let filter = input.shard_filter.as_ref().map_or(Ok(Filter::All), ShardFilter::read)?;
        let after = input.exclusive_start_shard_id.as_deref();
        let after = after.map(check::shard_id).transpose()?;
        (stream, filter, after)
    };
    let (name, id, created, horizon) = (stream.name.clone(), stream.id, stream.created, stream.horizon(now));
    let shards = stream.shards(now);
    // A time before all records is the trim horizon.
    let filter = match filter {
        Filter::AtTimestamp(time) if time < horizon.max(created) => Filter::AtTrimHorizon,
        other => other,
    };
    let is_there = |id: ShardId| shards.contains_key(&id);
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let rest = shards.range((start, Bound::Unbounded)).map(|(_, shard)| shard);
    let mut rest = rest.filter(|shard| filter.takes(shard, &is_there));
    let page = rest.by_ref().take(most).collect::<Vec<_>>();
    let more = rest.next().is_some();
    let last = page.last().filter(|_| more);
    let token = last.map(|last| Token { stream: name, id, issued: now, after: last.id, filter });
    Ok(Shards {
        shards: page.iter().map(|shard| shard.view()).collect(),
        next_token: token.map(|token| token.seal()),
    })
}

/// A token says all, and comes without what it says.
fn alone(input: &ListShards) -> Result<(), Failure> {
    let ListShards { stream_name, stream_arn, exclusive_start_shard_id, shard_filter, .. } = input;
    let beside = [
        ("StreamName", stream_name.is_some() || stream_arn.is_some()),
        ("ExclusiveStartShardId", exclusive_start_shard_id.is_some()),
        ("ShardFilter", shard_filter.is_some()),
        ("StreamCreationTimestamp", input.stream_creation_timestamp.is_some()),
    ];
    match beside.iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Failure::invalid(format!("NextToken and {name} cannot be provided together.")))
        }
    }
}

impl ShardFilter {
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html>.
    fn read(&self) -> Result<Filter, Failure> {
        let time = || {
            self.timestamp.ok_or_else(|| {
                Failure::invalid(format!("A ShardFilter of type {} needs a Timestamp.", self.r#type))
            })
        };
        match self.r#type.as_str() {
            "AFTER_SHARD_ID" => {
                let id = self.shard_id.as_deref();
                let id = id.ok_or_else(|| {
                    Failure::invalid("A ShardFilter of type AFTER_SHARD_ID needs a ShardId.")
                })?;
                check::shard_id(id).map(Filter::AfterShardId)
            }
            "AT_TRIM_HORIZON" => Ok(Filter::AtTrimHorizon),
            "FROM_TRIM_HORIZON" => Ok(Filter::All),
            "AT_LATEST" => Ok(Filter::AtLatest),
            "AT_TIMESTAMP" => time().map(Filter::AtTimestamp),
            "FROM_TIMESTAMP" => time().map(Filter::FromTimestamp),
            other => {
                let constraint = "Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TIMESTAMP, \
                                  FROM_TRIM_HORIZON, FROM_TIMESTAMP, AT_LATEST, AT_TRIM_HORIZON]";
                Err(Failure::constraint(other, "shardFilter.type", constraint))
            }
        }
    }
}

impl Filter {
    fn takes(self, shard: &Shard, is_there: &impl Fn(ShardId) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::AfterShardId(id) => shard.id > id,
            // A shard goes when its last record does: what was open at the horizon has no parents any more.
            Self::AtTrimHorizon => ![shard.parent, shard.adjacent_parent].into_iter().flatten().any(is_there),
            Self::AtLatest => shard.is_open(),
            Self::AtTimestamp(time) => {
                shard.opened <= time && shard.closed.is_none_or(|closed| closed >= time)
            }
            Self::FromTimestamp(time) => shard.closed.is_none_or(|closed| closed >= time),
        }
    }
}

impl Token {
    fn seal(&self) -> String {
        let (filter, value) = match self.filter {
            Filter::All => ("all", 0),
            Filter::AfterShardId(id) => ("after-shard-id", id.0.into()),
            Filter::AtTrimHorizon => ("at-trim-horizon", 0),
            Filter::AtLatest => ("at-latest", 0),
            Filter::AtTimestamp(time) => ("at-timestamp", time.millis()),
            Filter::FromTimestamp(time) => ("from-timestamp", time.millis()),
        };
        token::seal(KIND, &[&self.stream, &self.id, &self.issued.millis(), &self.after.0, &filter, &value])
    }

    pub(super) fn open(text: &str) -> Option<Self> {
        let mut fields = token::open(KIND, text)?;
        let (stream, id) = (fields.next()?, fields.next()?);
        let (issued, after) = (Timestamp::from_millis(fields.next()?), ShardId(fields.next()?));
        let (filter, value) = (fields.next::<String>()?, fields.next::<u64>()?);
        let filter = match filter.as_str() {
            "all" => Filter::All,
            "after-shard-id" => Filter::AfterShardId(ShardId(u32::try_from(value).ok()?)),
            "at-trim-horizon" => Filter::AtTrimHorizon,
            "at-latest" => Filter::AtLatest,
            "at-timestamp" => Filter::AtTimestamp(Timestamp::from_millis(value)),
            "from-timestamp" => Filter::FromTimestamp(Timestamp::from_millis(value)),
            _ => return None,
        };
        Some(Self { stream, id, issued, after, filter })
    }
}
