//! `CreateStream` and `DeleteStream`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    check,
    failure::Failure,
    stream::{DEFAULT_RECORD_KIB, Mode, Plan},
    tags,
};

/// Shards of a new on-demand stream.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html>.
const ON_DEMAND_SHARDS: u32 = 4;

/// On-demand streams that an account may have in a region.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>.
pub(super) const ON_DEMAND_STREAMS: usize = 50;

/// An answer without members.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateStream {
    stream_name: String,
    shard_count: Option<i64>,
    stream_mode_details: Option<ModeDetails>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_size: Option<i64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModeDetails {
    pub(super) stream_mode: String,
}

pub(super) fn create(call: &mut Call<'_>, input: &CreateStream) -> Result<Nothing, Failure> {
    check::name(&input.stream_name, "streamName")?;
    let mode = match input.stream_mode_details.as_ref().map(|details| details.stream_mode.as_str()) {
        None | Some("PROVISIONED") => Mode::Provisioned,
        Some("ON_DEMAND") => Mode::OnDemand,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]";
            return Err(Failure::constraint(other, "streamModeDetails.streamMode", constraint));
        }
    };
    let record_kib =
        check::within(input.max_record_size, "maxRecordSizeInKiB", 1_024..=10_240, DEFAULT_RECORD_KIB)?;
    let tags = input.tags.clone().unwrap_or_default();
    tags::check(&tags)?;
    let region = &mut *call.region;
    let shards = match (mode, input.shard_count) {
        (Mode::Provisioned, None) => {
            return Err(Failure::validation("ShardCount is required for a stream in provisioned mode."));
        }
        (Mode::Provisioned, count) => check::within(count, "shardCount", 1..=100_000, 1)?,
        (Mode::OnDemand, _) => ON_DEMAND_SHARDS,
    };
    match mode {
        Mode::Provisioned => region.allow_shards(shards as usize)?,
        Mode::OnDemand => {
            let there = region.streams.values().filter(|stream| stream.mode == Mode::OnDemand).count();
            if there >= ON_DEMAND_STREAMS {
                return Err(Failure::limit(format!(
                    "This request would exceed the limit of {ON_DEMAND_STREAMS} on-demand streams for the account {}.",
                    region.scope.account
                )));
            }
        }
    }
    region.create(&input.stream_name, Plan { shards, mode, record_kib, tags }, call.now)?;
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteStream {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    enforce_consumer_deletion: Option<bool>,
}

pub(super) fn delete(call: &mut Call<'_>, input: &DeleteStream) -> Result<Nothing, Failure> {
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    if !stream.consumers.is_empty() && input.enforce_consumer_deletion != Some(true) {
        return Err(Failure::in_use(format!(
            "The {} has registered consumers; deregister them, or set EnforceConsumerDeletion.",
            stream.label
        )));
    }
    let name = stream.name.clone();
    call.region.streams.remove(&name);
    Ok(Nothing {})
}
