//! [`Record`]: what a handler is given.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use tidegate_lanes::{Envelope, Item};

use crate::{Position, ShardId, lease::Timestamp};

/// A user record. Cheap to clone.
#[derive(Clone)]
pub struct Record(Arc<Parts>);

/// What a [`Record`] is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The stream that it was read from, as the consumer was given it.
    pub stream: Arc<str>,
    /// The shard that it was read from.
    pub shard: ShardId,
    /// Its place there.
    pub position: Position,
    /// Its partition key: records of one key are in order.
    pub partition_key: String,
    /// Its explicit hash key. Only aggregated records have it still.
    pub explicit_hash_key: Option<u128>,
    /// What was put.
    pub data: Bytes,
    /// When Kinesis took it, approximately.
    pub arrived_at: Timestamp,
    /// Whether it was within an aggregated (KPL) record.
    pub aggregated: bool,
}

impl Record {
    /// The stream that it was read from, as the consumer was given it.
    #[must_use]
    pub fn stream(&self) -> &str {
        &self.0.stream
    }

    /// The shard that it was read from.
    #[must_use]
    pub fn shard(&self) -> &ShardId {
        &self.0.shard
    }

    /// Its place in the shard.
    #[must_use]
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// Its partition key.
    #[must_use]
    pub fn partition_key(&self) -> &str {
        &self.0.partition_key
    }

    /// Its explicit hash key, which only aggregated records still have.
    #[must_use]
    pub fn explicit_hash_key(&self) -> Option<u128> {
        self.0.explicit_hash_key
    }

    /// What was put.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.0.data
    }

    /// When Kinesis took it, approximately.
    #[must_use]
    pub fn arrived_at(&self) -> Timestamp {
        self.0.arrived_at
    }

    /// Whether it was within an aggregated (KPL) record.
    #[must_use]
    pub fn is_aggregated(&self) -> bool {
        self.0.aggregated
    }
}

/// As a dead letter: its source is `stream/shard`, its position `sequence:sub-sequence`.
impl Item for Record {
    fn envelope(&self) -> Envelope {
        let parts = &*self.0;
        let source = format!("{}/{}", parts.stream, parts.shard);
        let position = format!("{}:{}", parts.position.sequence, parts.position.sub_sequence);
        let envelope = Envelope::new(source, position, parts.data.clone())
            .key(&parts.partition_key)
            .attribute("arrived_at_ms", parts.arrived_at.0.to_string());
        match parts.explicit_hash_key {
            Some(key) => envelope.attribute("explicit_hash_key", key.to_string()),
            None => envelope,
        }
    }
}

/// For tests of handlers.
impl From<Parts> for Record {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Without the data, which may be secret.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("shard", &self.0.shard)
            .field("position", &self.0.position)
            .field("bytes", &self.0.data.len())
            .finish_non_exhaustive()
    }
}
