//! The rival: a loop of `GetRecords` for each shard, which does nothing else.

use std::{sync::Arc, time::Duration};

use aws_sdk_kinesis::{Client, types::ShardIteratorType};
use bench_measure::Stopwatch;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{Measured, Result, clients::Target, seen::Seen};

/// What Kinesis lets be read of a shard, in bytes a second: after that, calls are refused until it has passed.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
const PACE: u64 = 2 << 20;

/// Reads a stream from its start to its tip.
pub(crate) async fn read(target: &Target) -> Result<Measured> {
    let client = target.kinesis();
    let shards = client.list_shards().stream_name(&target.stream).send().await?.shards.unwrap_or_default();
    let seen = Arc::new(Seen::expecting(target.records));
    let stopwatch = Stopwatch::start();
    let mut loops = JoinSet::new();
    for shard in shards {
        loops.spawn(read_shard(client.clone(), target.stream.clone(), shard.shard_id, Arc::clone(&seen)));
    }
    while let Some(read) = loops.join_next().await {
        read??;
    }
    if seen.records() != target.records {
        return Err(format!("read {} records of {}", seen.records(), target.records).into());
    }
    Measured::new(&stopwatch, target.records)
}

async fn read_shard(client: Client, stream: String, shard: String, seen: Arc<Seen>) -> Result<()> {
    let first = client
        .get_shard_iterator()
        .stream_name(stream)
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await?;
    let mut iterator = first.shard_iterator;
    let mut paid = Instant::now();
    while let Some(token) = iterator.take() {
        let output = client.get_records().shard_iterator(token).limit(10_000).send().await?;
        let mut bytes = 0;
        for record in &output.records {
            let (key, data) = (record.partition_key.as_deref().unwrap_or_default(), record.data.as_ref());
            bytes += (key.len() + data.len()) as u64;
            seen.look(key, data);
        }
        if !output.records.is_empty() || output.millis_behind_latest.is_some_and(|behind| behind > 0) {
            iterator = output.next_shard_iterator;
        }
        drop(output.records);
        paid = paid.max(Instant::now()) + Duration::from_micros(bytes * 1_000_000 / PACE);
        sleep_until(paid).await;
    }
    Ok(())
}
