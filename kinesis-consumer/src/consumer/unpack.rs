//! [`Unpack`]: the user records of what a shard has.

use std::sync::Arc;

use tracing::warn;

use crate::{
    Checkpoint, HashRange, Parts, Position, Record, ShardId,
    fetch::RawRecord,
    kpl::{self, Content, Filter},
    lease::Lease,
};

/// Makes user records of Kinesis records, and passes over those that are finished.
#[derive(Debug)]
pub(crate) struct Unpack {
    stream: Arc<str>,
    shard: ShardId,
    range: Option<HashRange>,
    filter: Filter,
    /// All up to here is finished.
    finished: Option<Position>,
}

impl Unpack {
    pub(crate) fn new(stream: Arc<str>, lease: &Lease, filter: Filter) -> Self {
        let finished = match lease.checkpoint {
            Checkpoint::At(position) => Some(position),
            _ => None,
        };
        Self { stream, shard: lease.key.clone(), range: lease.hash_range, filter, finished }
    }

    pub(crate) fn shard(&self) -> &ShardId {
        &self.shard
    }

    pub(crate) fn records(&mut self, raw: Vec<RawRecord>) -> Vec<Record> {
        let mut records = Vec::with_capacity(raw.len());
        for raw in raw {
            self.unpack(raw, &mut records);
        }
        records
    }

    fn unpack(&self, raw: RawRecord, records: &mut Vec<Record>) {
        let RawRecord { sequence, partition_key, data, arrived_at } = raw;
        let plain = |data, partition_key| Parts {
            stream: Arc::clone(&self.stream),
            shard: self.shard.clone(),
            position: Position { sequence, sub_sequence: 0 },
            partition_key,
            explicit_hash_key: None,
            data,
            arrived_at,
            aggregated: false,
        };
        let mut add = |parts: Parts| {
            if self.finished.is_none_or(|finished| parts.position > finished) {
                records.push(Record::from(parts));
            }
        };
        match kpl::open(data) {
            Ok(Content::Plain(data)) => add(plain(data, partition_key)),
            Ok(Content::Aggregate(mut inner)) => {
                if let Some(range) = self.range {
                    let passed = self.filter.apply(&mut inner, range);
                    if passed > 0 {
                        warn!(shard = %self.shard, %sequence, passed, "user records of other shards are passed over");
                    }
                }
                for record in inner {
                    add(Parts {
                        position: Position { sequence, sub_sequence: record.sub_sequence },
                        explicit_hash_key: record.explicit_hash_key,
                        aggregated: true,
                        ..plain(record.data, record.partition_key.to_string())
                    });
                }
            }
            Err(corrupt) => {
                // Nothing is lost: the handler decides what to do with it.
                warn!(shard = %self.shard, %sequence, %corrupt, "an aggregated record cannot be read and is delivered whole");
                add(plain(corrupt.into_data(), partition_key));
            }
        }
    }
}
