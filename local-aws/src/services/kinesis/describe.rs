//! `DescribeStream`, `DescribeStreamSummary`, `DescribeLimits` and `ListStreams`.

use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    check,
    create::{ModeDetails, ON_DEMAND_STREAMS},
    failure::Failure,
    shard::ShardView,
    stream::{Mode, Stream},
};
use crate::wire::timestamp::Timestamp;

/// The most shards, or streams, on a page.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>.
const PAGE: u32 = 100;

/// Streams are ready as soon as they are created.
const ACTIVE: &str = "ACTIVE";

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    shard_level_metrics: [&'static str; 0],
}

fn mode_of(stream: &Stream) -> ModeDetails {
    ModeDetails { stream_mode: stream.mode.name().to_owned() }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStream {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    limit: Option<i64>,
    exclusive_start_shard_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    stream_description: Description,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: ModeDetails,
    shards: Vec<ShardView>,
    has_more_shards: bool,
    retention_period_hours: u32,
    stream_creation_timestamp: Timestamp,
    enhanced_monitoring: [Metrics; 1],
    encryption_type: &'static str,
}

pub(super) fn stream(call: &mut Call<'_>, input: &DescribeStream) -> Result<Described, Failure> {
    let limit = check::page(input.limit, "limit", PAGE)?;
    let start = match input.exclusive_start_shard_id.as_deref() {
        None => Bound::Unbounded,
        Some(id) => Bound::Excluded(check::shard_id(id)?),
    };
    let now = call.now;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let mut rest = stream.shards(now).range((start, Bound::Unbounded)).map(|(_, shard)| shard.view());
    let shards = rest.by_ref().take(limit).collect();
    let has_more_shards = rest.next().is_some();
    let stream_description = Description {
        stream_name: stream.name.clone(),
        stream_arn: stream.arn.clone(),
        stream_status: ACTIVE,
        stream_mode_details: mode_of(stream),
        shards,
        has_more_shards,
        retention_period_hours: stream.retention_hours,
        stream_creation_timestamp: stream.created,
        enhanced_monitoring: [Metrics { shard_level_metrics: [] }],
        encryption_type: "NONE",
    };
    Ok(Described { stream_description })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeStreamSummary {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summarized {
    stream_description_summary: Summary,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: ModeDetails,
    retention_period_hours: u32,
    stream_creation_timestamp: Timestamp,
    enhanced_monitoring: [Metrics; 1],
    encryption_type: &'static str,
    open_shard_count: usize,
    consumer_count: usize,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_size: u32,
}

pub(super) fn summary(call: &mut Call<'_>, input: &DescribeStreamSummary) -> Result<Summarized, Failure> {
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let stream_description_summary = Summary {
        stream_name: stream.name.clone(),
        stream_arn: stream.arn.clone(),
        stream_status: ACTIVE,
        stream_mode_details: mode_of(stream),
        retention_period_hours: stream.retention_hours,
        stream_creation_timestamp: stream.created,
        enhanced_monitoring: [Metrics { shard_level_metrics: [] }],
        encryption_type: "NONE",
        open_shard_count: stream.open().len(),
        consumer_count: stream.consumers.len(),
        max_record_size: stream.record_kib,
    };
    Ok(Summarized { stream_description_summary })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListStreams {
    limit: Option<i64>,
    exclusive_start_stream_name: Option<String>,
    /// The name of the last stream of the page before.
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    stream_names: Vec<String>,
    has_more_streams: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    stream_summaries: Vec<StreamSummary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the API names them so")]
struct StreamSummary {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: ModeDetails,
    stream_creation_timestamp: Timestamp,
}

pub(super) fn list(call: &mut Call<'_>, input: &ListStreams) -> Result<Listed, Failure> {
    let limit = check::page(input.limit, "limit", PAGE)?;
    let start = input.next_token.as_ref().or(input.exclusive_start_stream_name.as_ref());
    let start = start.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest =
        call.region.streams.range::<String, _>((start, Bound::Unbounded)).map(|(_, stream)| stream);
    let page = rest.by_ref().take(limit).collect::<Vec<_>>();
    let has_more_streams = rest.next().is_some();
    let stream_names = page.iter().map(|stream| stream.name.clone()).collect::<Vec<_>>();
    let next_token = if has_more_streams { stream_names.last().cloned() } else { None };
    let summary = |stream: &&Stream| StreamSummary {
        stream_name: stream.name.clone(),
        stream_arn: stream.arn.clone(),
        stream_status: ACTIVE,
        stream_mode_details: mode_of(stream),
        stream_creation_timestamp: stream.created,
    };
    let stream_summaries = page.iter().map(summary).collect();
    Ok(Listed { stream_names, has_more_streams, next_token, stream_summaries })
}

#[derive(Debug, Deserialize)]
pub(super) struct DescribeLimits {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccountLimits {
    shard_limit: u32,
    open_shard_count: usize,
    on_demand_stream_count: usize,
    on_demand_stream_count_limit: usize,
}

#[expect(clippy::unnecessary_wraps, reason = "an operation as the others")]
pub(super) fn limits(call: &mut Call<'_>, _input: &DescribeLimits) -> Result<AccountLimits, Failure> {
    let streams = call.region.streams.values();
    Ok(AccountLimits {
        shard_limit: call.region.shard_limit(),
        open_shard_count: call.region.open_shards(),
        on_demand_stream_count: streams.filter(|stream| stream.mode == Mode::OnDemand).count(),
        on_demand_stream_count_limit: ON_DEMAND_STREAMS,
    })
}
