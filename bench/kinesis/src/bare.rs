//! The rival: a loop of `GetRecords` for each shard, which does nothing else.

use std::hint::black_box;

use aws_sdk_kinesis::{Client, types::ShardIteratorType};
use tokio::task::JoinSet;

use crate::{Measured, Result, clients::Target};

/// Reads a stream from its start to its tip.
pub(crate) async fn read(target: &Target) -> Result<Measured> {
    let client = target.kinesis();
    let shards = client.list_shards().stream_name(&target.stream).send().await?.shards.unwrap_or_default();
    let start = Measured::start();
    let mut loops = JoinSet::new();
    for shard in shards {
        loops.spawn(read_shard(client.clone(), target.stream.clone(), shard.shard_id));
    }
    let mut records = 0;
    while let Some(read) = loops.join_next().await {
        records += read??;
    }
    if records != target.records {
        return Err(format!("read {records} records of {}", target.records).into());
    }
    start.end(records)
}

async fn read_shard(client: Client, stream: String, shard: String) -> Result<u64> {
    let first = client
        .get_shard_iterator()
        .stream_name(stream)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await?;
    let mut iterator = first.shard_iterator;
    let mut records = 0;
    while let Some(token) = iterator.take() {
        let output = client.get_records().shard_iterator(token).limit(10_000).send().await?;
        for record in &output.records {
            black_box((&record.partition_key, &record.sequence_number, record.data.as_ref()));
            records += 1;
        }
        if !output.records.is_empty() || output.millis_behind_latest.is_some_and(|behind| behind > 0) {
            iterator = output.next_shard_iterator;
        }
    }
    Ok(records)
}
