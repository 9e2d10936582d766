//! [`get`]: what `GetRecords` answers, read in one pass.

use std::{
    borrow::Cow,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_kinesis::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::{BoxError, SdkError},
    operation::get_records::{
        GetRecords, GetRecordsError, GetRecordsOutput, builders::GetRecordsFluentBuilder,
    },
    types::{ChildShard, Record},
};
use aws_smithy_runtime_api::client::{
    interceptors::context::{BeforeSerializationInterceptorContextMut, Error, Output},
    orchestrator::{HttpResponse, OrchestratorError},
    runtime_plugin::RuntimePlugin as _,
    ser_de::{DeserializeResponse, SharedResponseDeserializer},
};
use aws_smithy_types::base64;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, de};

use super::RawRecord;
use crate::{HashRange, Shard, lease::Timestamp};

/// Why a record cannot be read.
pub(super) type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// What came: the records, if they can be read, and all else, which has no records.
pub(super) type Answer = (Result<Vec<RawRecord>, Unreadable>, GetRecordsOutput);

/// Asks for records.
///
/// Half of what a small record costs is the SDK's deserializer, which takes five values of it by way of a schema, and copies
/// each. So ours stands before it, and leaves to it whatever is not a JSON answer with records in the midst of a shard.
pub(super) async fn get(
    request: GetRecordsFluentBuilder,
) -> Result<Answer, SdkError<GetRecordsError, HttpResponse>> {
    let reading = Reading::default();
    let mut output = request.customize().interceptor(reading.clone()).send().await?;
    let mut records = mem::take(&mut *reading.0.lock().unwrap_or_else(PoisonError::into_inner));
    let rest = mem::take(&mut output.records);
    let records = match rest.into_iter().map(raw).collect::<Result<Vec<_>, _>>() {
        Ok(rest) => {
            records.extend(rest);
            Ok(records)
        }
        Err(unreadable) => Err(unreadable),
    };
    Ok((records, output))
}

/// Stands before the SDK's deserializer, and keeps the records that it read.
#[derive(Clone, Debug, Default)]
struct Reading(Arc<Mutex<Vec<RawRecord>>>);

impl Intercept for Reading {
    fn name(&self) -> &'static str {
        "tidegate reads records"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(SharedResponseDeserializer::new(self.clone()));
        Ok(())
    }
}

impl DeserializeResponse for Reading {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        cfg: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        if response.status().is_success()
            && let Some(Ok(page)) = response.body().bytes().map(serde_json::from_slice::<Page<'_>>)
        {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = page.records;
            let rest = GetRecordsOutput::builder()
                .set_records(Some(Vec::new()))
                .next_shard_iterator(page.next_shard_iterator)
                .set_millis_behind_latest(page.millis_behind_latest);
            return rest.build().map(Output::erase).map_err(OrchestratorError::other);
        }
        let sdk = GetRecords::new().config();
        match sdk.as_ref().and_then(|layer| layer.load::<SharedResponseDeserializer>()) {
            Some(sdk) => sdk.deserialize_nonstreaming_with_config(response, cfg),
            None => Err(OrchestratorError::other("the SDK has no deserializer of GetRecords")),
        }
    }
}

/// An answer in the midst of a shard: there is a next one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    records: Vec<RawRecord>,
    #[serde(borrow)]
    next_shard_iterator: Cow<'a, str>,
    millis_behind_latest: Option<i64>,
}

/// A record of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    #[serde(borrow)]
    partition_key: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    /// Seconds.
    approximate_arrival_timestamp: Option<f64>,
}

impl<'de> Deserialize<'de> for RawRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Row::deserialize(deserializer)?;
        Ok(Self {
            sequence: row.sequence_number.parse().map_err(de::Error::custom)?,
            partition_key: row.partition_key.into_owned(),
            data: Bytes::from(base64::decode(row.data).map_err(de::Error::custom)?),
            arrived_at: millis(row.approximate_arrival_timestamp.unwrap_or(0.0)),
        })
    }
}

/// The time that so many seconds are, which as a float are often a little below the millisecond that was sent.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn millis(seconds: f64) -> Timestamp {
    Timestamp((seconds * 1_000.0).round() as u64)
}

/// Nothing of it is copied.
pub(super) fn raw(record: Record) -> Result<RawRecord, Unreadable> {
    Ok(RawRecord {
        sequence: record.sequence_number.parse()?,
        partition_key: record.partition_key.ok_or("a record without partition key")?,
        data: Bytes::from(record.data.into_inner()),
        arrived_at: millis(record.approximate_arrival_timestamp.map_or(0.0, |time| time.as_secs_f64())),
    })
}

pub(super) fn child(shard: ChildShard) -> Result<Shard, Unreadable> {
    let range = shard.hash_key_range.ok_or("a child shard without hash keys")?;
    Ok(Shard {
        id: shard.shard_id.into(),
        parents: shard.parent_shards.into_iter().map(Into::into).collect(),
        hash_range: HashRange {
            first: range.starting_hash_key.parse()?,
            last: range.ending_hash_key.parse()?,
        },
        closed: false,
        first_sequence: None,
    })
}

#[cfg(test)]
mod tests;
