//! `GetRecords`.

use std::io::Write as _;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq as _};

use super::{
    call::Call, check, failure::Failure, iterator::ShardIterator, record::Record, region, sequence::Sequence,
    shard::Most, stream::ChildShard,
};
use crate::wire::{
    blob::{BlobRef, push_base64},
    codec::Codec,
    timestamp::Timestamp,
};

/// Records of one answer, and their bytes: 10 MiB.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>.
pub(super) const MOST_RECORDS: u32 = 10_000;
const MOST_BYTES: usize = 10 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRecords {
    shard_iterator: String,
    limit: Option<i64>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildShard>,
    #[serde(serialize_with = "write_records")]
    records: Vec<(Sequence, Record)>,
}

pub(super) fn get(call: &mut Call<'_>, input: &GetRecords) -> Result<Page, Failure> {
    let limit = check::within(input.limit, "limit", 1..=MOST_RECORDS, MOST_RECORDS)?;
    let mut iterator = ShardIterator::open(&input.shard_iterator)
        .ok_or_else(|| Failure::invalid("Invalid ShardIterator."))?;
    let (now, meter) = (call.now, call.meter);
    iterator.check_age(now)?;
    if input.stream_arn.as_ref().is_some_and(|arn| region::name_of(arn) != Some(&iterator.stream)) {
        return Err(Failure::invalid("The ShardIterator is not one of the stream that StreamARN names."));
    }
    let stream = call.region.stream(Some(&iterator.stream), None)?;
    if stream.id != iterator.id {
        return Err(Failure::not_found(format!("The {} is not the one of the ShardIterator.", stream.label)));
    }
    let shard = stream.shard_named(&iterator.shard.to_string(), now)?;
    let batch = shard.read(iterator.place, Most { records: limit as usize, bytes: MOST_BYTES }, now);
    meter.read(&iterator.stream, iterator.shard, batch.records.len(), batch.bytes)?;
    let child_shards = if batch.ended { stream.children(iterator.shard) } else { Vec::new() };
    iterator.place = batch.next;
    iterator.issued = now;
    Ok(Page {
        next_shard_iterator: (!batch.ended).then(|| iterator.seal()),
        millis_behind_latest: batch.behind,
        child_shards,
        records: batch.records,
    })
}

impl Page {
    pub(super) fn write(&self, codec: Codec) -> Bytes {
        if codec == Codec::Cbor {
            return codec.write(self);
        }
        // An answer may hold 10 MiB: base64 goes straight to where it stays.
        let size = self.records.iter().map(|(_, record)| record.size() * 4 / 3 + 200).sum::<usize>();
        let mut out = Vec::with_capacity(size + 1_024);
        out.extend_from_slice(b"{\"Records\":");
        push_records(&self.records, &mut out);
        let rest = Rest {
            next_shard_iterator: self.next_shard_iterator.as_deref(),
            millis_behind_latest: self.millis_behind_latest,
            child_shards: &self.child_shards,
        };
        let rest = codec.write(&rest);
        // Its members follow, without the brace before them.
        out.push(b',');
        out.extend_from_slice(rest.get(1..).unwrap_or_default());
        out.into()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<&'a str>,
    millis_behind_latest: u64,
    #[serde(skip_serializing_if = "<[ChildShard]>::is_empty")]
    child_shards: &'a [ChildShard],
}

/// Records as JSON.
pub(super) fn push_records(records: &[(Sequence, Record)], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, (number, record)) in records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"SequenceNumber\":\"");
        out.extend_from_slice(&number.digits());
        out.extend_from_slice(b"\",\"ApproximateArrivalTimestamp\":");
        // A vector takes every write, and a string always serializes.
        let _ = write!(out, "{}", record.arrived);
        out.extend_from_slice(b",\"Data\":\"");
        push_base64(record.data(), out);
        out.extend_from_slice(b"\",\"PartitionKey\":");
        let _ = serde_json::to_writer(&mut *out, record.partition_key());
        out.push(b'}');
    }
    out.push(b']');
}

/// Records in any form.
pub(super) fn write_records<S: Serializer>(
    records: &[(Sequence, Record)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct View<'a> {
        sequence_number: Sequence,
        approximate_arrival_timestamp: Timestamp,
        data: BlobRef<'a>,
        partition_key: &'a str,
    }
    let mut list = serializer.serialize_seq(Some(records.len()))?;
    for (number, record) in records {
        list.serialize_element(&View {
            sequence_number: *number,
            approximate_arrival_timestamp: record.arrived,
            data: BlobRef(record.data()),
            partition_key: record.partition_key(),
        })?;
    }
    list.end()
}
