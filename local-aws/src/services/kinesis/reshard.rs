//! `SplitShard`, `MergeShards` and `UpdateShardCount`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    check,
    create::Nothing,
    failure::Failure,
    hash_key::HashRange,
    put::parse_hash,
    shard_id::ShardId,
    stream::{Mode, Stream},
};
use crate::wire::timestamp::Timestamp;

/// Times that `UpdateShardCount` may be used within [`DAY`], and shards that it goes up to.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>.
const RESCALES: usize = 10;
const MOST_SHARDS: u32 = 10_000;
const DAY: Duration = Duration::from_hours(24);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SplitShard {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_to_split: String,
    new_starting_hash_key: String,
}

pub(super) fn split(call: &mut Call<'_>, input: &SplitShard) -> Result<Nothing, Failure> {
    let (now, allowed) = (call.now, call.region.allow_shards(1));
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let id = open_shard(stream, &input.shard_to_split, now)?;
    let at = parse_hash(&input.new_starting_hash_key);
    let at = at.ok_or_else(|| {
        let constraint = "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})";
        Failure::constraint(&input.new_starting_hash_key, "newStartingHashKey", constraint)
    })?;
    allowed?;
    split_at(stream, id, at, now)?;
    Ok(Nothing {})
}

/// Splits an open shard where its second half is to start.
pub(super) fn split_at(
    stream: &mut Stream,
    id: ShardId,
    at: u128,
    now: Timestamp,
) -> Result<Vec<ShardId>, Failure> {
    let range = stream.shard_named(&id.to_string(), now)?.range;
    if at <= range.start.saturating_add(1) || at >= range.end {
        return Err(Failure::invalid(format!(
            "NewStartingHashKey {at} used in SplitShard() on shard {id} in {} is not both greater than one plus \
             the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
            stream.label, range.start, range.end
        )));
    }
    Ok(cut(stream, id, range, at, now))
}

fn cut(stream: &mut Stream, id: ShardId, range: HashRange, at: u128, now: Timestamp) -> Vec<ShardId> {
    let halves = [HashRange { end: at - 1, ..range }, HashRange { start: at, ..range }];
    stream.replace(&[id], &halves, now)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MergeShards {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_to_merge: String,
    adjacent_shard_to_merge: String,
}

pub(super) fn merge(call: &mut Call<'_>, input: &MergeShards) -> Result<Nothing, Failure> {
    let now = call.now;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let one = open_shard(stream, &input.shard_to_merge, now)?;
    let other = open_shard(stream, &input.adjacent_shard_to_merge, now)?;
    join(stream, one, other, now)?;
    Ok(Nothing {})
}

/// Merges two open shards whose ranges touch; the first is the parent, the other the adjacent one.
pub(super) fn join(
    stream: &mut Stream,
    one: ShardId,
    other: ShardId,
    now: Timestamp,
) -> Result<ShardId, Failure> {
    let first = stream.shard_named(&one.to_string(), now)?.range;
    let second = stream.shard_named(&other.to_string(), now)?.range;
    let (low, high) = if first.start < second.start { (first, second) } else { (second, first) };
    if low.end.checked_add(1) != Some(high.start) {
        return Err(Failure::invalid(format!(
            "Shards {one} and {other} in {} are not an adjacent pair of shards eligible for merging",
            stream.label
        )));
    }
    let children = stream.replace(&[one, other], &[HashRange { start: low.start, end: high.end }], now);
    // One range makes one child.
    Ok(children.first().copied().unwrap_or(one))
}

/// An open shard of a stream whose shards the client decides about.
pub(super) fn open_shard(stream: &mut Stream, id: &str, now: Timestamp) -> Result<ShardId, Failure> {
    provisioned(stream)?;
    let label = stream.label.clone();
    let shard = ShardId::parse(id).and_then(|id| stream.shard(id, now));
    let shard = shard.ok_or_else(|| Failure::not_found(format!("Could not find shard {id} in {label}.")))?;
    if !shard.is_open() {
        return Err(Failure::invalid(format!(
            "Shard {id} in {label} has already been merged or split, and thus is not eligible for merging or \
             splitting."
        )));
    }
    Ok(shard.id)
}

fn provisioned(stream: &Stream) -> Result<(), Failure> {
    if stream.mode == Mode::OnDemand {
        return Err(Failure::validation(format!(
            "The {} is in on-demand mode, in which AWS decides how many shards it has.",
            stream.label
        )));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateShardCount {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    target_shard_count: i64,
    scaling_type: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rescaled {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    current_shard_count: u32,
    target_shard_count: u32,
}

pub(super) fn update_count(call: &mut Call<'_>, input: &UpdateShardCount) -> Result<Rescaled, Failure> {
    if input.scaling_type != "UNIFORM_SCALING" {
        let constraint = "Member must satisfy enum value set: [UNIFORM_SCALING]";
        return Err(Failure::constraint(&input.scaling_type, "scalingType", constraint));
    }
    let target = check::within(Some(input.target_shard_count), "targetShardCount", 1..=MOST_SHARDS, 1)?;
    let now = call.now;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    provisioned(stream)?;
    let current = u32::try_from(stream.open().len()).unwrap_or(u32::MAX);
    if target > current.saturating_mul(2) || target < current.div_ceil(2) {
        return Err(Failure::invalid(format!(
            "UpdateShardCount cannot scale {} from {current} to {target} shards: at most to double, and at least \
             to half of them.",
            stream.label
        )));
    }
    stream.rescaled.retain(|then| now.since(*then) < DAY);
    if stream.rescaled.len() >= RESCALES {
        return Err(Failure::limit(format!(
            "UpdateShardCount was used {RESCALES} times on {} within 24 hours.",
            stream.label
        )));
    }
    let (name, arn) = (stream.name.clone(), stream.arn.clone());
    call.region.allow_shards(target.saturating_sub(current) as usize)?;
    let stream = call.region.stream(Some(&name), None)?;
    stream.rescaled.push_back(now);
    scale(stream, target, now);
    Ok(Rescaled {
        stream_name: name,
        stream_arn: arn,
        current_shard_count: current,
        target_shard_count: target,
    })
}

/// Splits and merges until the open shards are so many equal ones.
fn scale(stream: &mut Stream, target: u32, now: Timestamp) {
    let ranges = HashRange::uniform(target);
    for range in &ranges {
        let Some(id) = stream.route(range.start) else { continue };
        let Some(held) = stream.shard(id, now).map(|shard| shard.range) else { continue };
        if held.start < range.start {
            cut(stream, id, held, range.start, now);
        }
    }
    for range in ranges {
        let Some(mut id) = stream.route(range.start) else { continue };
        while let Some(held) = stream.shard(id, now).map(|shard| shard.range)
            && held.end < range.end
            && let Some(next) = stream.route(held.end + 1)
            && let Ok(merged) = join(stream, id, next, now)
        {
            id = merged;
        }
    }
}
