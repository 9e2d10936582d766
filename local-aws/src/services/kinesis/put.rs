//! `PutRecord` and `PutRecords`.

use serde::{Deserialize, Serialize};

use super::{
    call::{Call, Meter},
    failure::Failure,
    hash_key,
    sequence::Sequence,
    shard_id::ShardId,
    stream::Stream,
};
use crate::wire::{blob::Blob, timestamp::Timestamp};

/// Records of one request.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>.
const MOST_RECORDS: usize = 500;

/// Keys and data of one request, 10 MiB. Source: as above.
const MOST_BYTES: usize = 10 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecord {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    data: Blob,
    partition_key: String,
    explicit_hash_key: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    shard_id: ShardId,
    sequence_number: Sequence,
}

pub(super) fn one(call: &mut Call<'_>, input: &PutRecord) -> Result<Put, Failure> {
    let (now, meter) = (call.now, call.meter);
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let entry = Entry {
        data: &input.data.0,
        partition_key: &input.partition_key,
        explicit_hash_key: input.explicit_hash_key.as_deref(),
    };
    entry.check(stream)?;
    let (shard_id, sequence_number) = store(stream, entry, &meter, now)?;
    Ok(Put { shard_id, sequence_number })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecords {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    data: Blob,
    partition_key: String,
    explicit_hash_key: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutMany {
    failed_record_count: usize,
    records: Vec<Outcome>,
}

/// What became of one record: in the order of the request.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    Put(Put),
    #[serde(rename_all = "PascalCase")]
    Failed {
        error_code: String,
        error_message: String,
    },
}

pub(super) fn many(call: &mut Call<'_>, input: &PutRecords) -> Result<PutMany, Failure> {
    let (now, meter) = (call.now, call.meter);
    if !(1..=MOST_RECORDS).contains(&input.records.len()) {
        let constraint = format!("Member must have length from 1 to {MOST_RECORDS}");
        return Err(Failure::constraint(&input.records.len().to_string(), "records", &constraint));
    }
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let entries = || input.records.iter().map(Record::entry);
    entries().try_for_each(|entry| entry.check(stream))?;
    if entries().map(Entry::size).sum::<usize>() > MOST_BYTES {
        return Err(Failure::invalid("Records size exceeds 10 MB limit"));
    }
    let mut failed_record_count = 0;
    let put = |entry: Entry<'_>| match store(stream, entry, &meter, now) {
        Ok((shard_id, sequence_number)) => Outcome::Put(Put { shard_id, sequence_number }),
        Err(failure) => {
            failed_record_count += 1;
            Outcome::Failed { error_code: failure.code, error_message: failure.message }
        }
    };
    let records = entries().map(put).collect();
    Ok(PutMany { failed_record_count, records })
}

impl Record {
    fn entry(&self) -> Entry<'_> {
        let (data, explicit_hash_key) = (&self.data.0, self.explicit_hash_key.as_deref());
        Entry { data, partition_key: &self.partition_key, explicit_hash_key }
    }
}

/// A record that is to be put.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    data: &'a [u8],
    partition_key: &'a str,
    explicit_hash_key: Option<&'a str>,
}

impl Entry<'_> {
    fn size(self) -> usize {
        self.partition_key.len() + self.data.len()
    }

    /// What makes AWS refuse the whole request.
    fn check(self, stream: &Stream) -> Result<(), Failure> {
        let key = self.partition_key;
        if key.is_empty() || key.chars().count() > 256 {
            let constraint = "Member must have length from 1 to 256";
            return Err(Failure::constraint(key, "partitionKey", constraint));
        }
        let most = stream.record_kib as usize * 1_024;
        if self.size() > most {
            let message =
                format!("The record has {} bytes; {} takes at most {most}.", self.size(), stream.label);
            return Err(Failure::validation(message));
        }
        match self.explicit_hash_key {
            Some(explicit) => explicit_hash(explicit).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Where in the stream it belongs.
    fn hash(self) -> Result<u128, Failure> {
        match self.explicit_hash_key {
            Some(explicit) => explicit_hash(explicit),
            None => Ok(hash_key::of_partition_key(self.partition_key)),
        }
    }
}

fn explicit_hash(explicit: &str) -> Result<u128, Failure> {
    parse_hash(explicit).ok_or_else(|| {
        Failure::invalid(format!(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was \
             {explicit}"
        ))
    })
}

/// A hash key in decimal digits.
pub(super) fn parse_hash(text: &str) -> Option<u128> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn store(
    stream: &mut Stream,
    entry: Entry<'_>,
    meter: &Meter<'_>,
    now: Timestamp,
) -> Result<(ShardId, Sequence), Failure> {
    let hash = entry.hash()?;
    let shard = stream.route(hash).ok_or_else(|| Failure::not_found("The stream has no open shard."))?;
    meter.write(&stream.name, shard, entry.size())?;
    append(stream, shard, now, entry.partition_key, entry.data)
        .ok_or_else(|| Failure::not_found(format!("Shard {shard} does not exist")))
}

/// Appends a record and wakes who waits for it.
pub(super) fn append(
    stream: &mut Stream,
    id: ShardId,
    now: Timestamp,
    key: &str,
    data: &[u8],
) -> Option<(ShardId, Sequence)> {
    let shard = stream.shard(id, now)?;
    let number = shard.append(now, key, data);
    shard.wake().notify_waiters();
    Some((id, number))
}
