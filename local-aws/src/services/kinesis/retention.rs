//! How long records stay.

use serde::Deserialize;

use super::{call::Call, check, create::Nothing, failure::Failure, stream::DEFAULT_RETENTION_HOURS};

/// 365 days.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>.
const LONGEST: u32 = 8_760;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    retention_period_hours: i64,
}

pub(super) fn increase(call: &mut Call<'_>, input: &Change) -> Result<Nothing, Failure> {
    change(call, input, |hours, now| hours >= now)
}

pub(super) fn decrease(call: &mut Call<'_>, input: &Change) -> Result<Nothing, Failure> {
    change(call, input, |hours, now| hours <= now)
}

fn change(call: &mut Call<'_>, input: &Change, is_right: fn(u32, u32) -> bool) -> Result<Nothing, Failure> {
    let hours = Some(input.retention_period_hours);
    let range = DEFAULT_RETENTION_HOURS..=LONGEST;
    let hours = check::within(hours, "retentionPeriodHours", range, DEFAULT_RETENTION_HOURS)?;
    let now = call.now;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    if !is_right(hours, stream.retention_hours) {
        return Err(Failure::invalid(format!(
            "Requested retention period ({hours} hours) for {} is on the wrong side of the current one ({} hours).",
            stream.label, stream.retention_hours
        )));
    }
    // What is beyond the former period does not come back.
    stream.shards(now);
    stream.retention_hours = hours;
    Ok(Nothing {})
}
