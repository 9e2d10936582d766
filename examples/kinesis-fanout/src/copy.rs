//! [`struct@Copy`]: a record on its way to one target.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tidegate_kinesis_consumer::{Failure, Record};
use tidegate_lanes::{Attempt, Envelope, Item};

use crate::{key::KeyHash, target::Target};

/// A record on its way to one target.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) target: Arc<Target>,
    pub(crate) record: Record,
    /// Its place among the records of the shard.
    pub(crate) number: u64,
    /// The last record of the shard of which something has begun.
    pub(crate) begun: Arc<AtomicU64>,
}

impl Copy {
    pub(crate) async fn publish(self, _: Attempt) -> Result<(), Failure> {
        self.begun.fetch_max(self.number, Relaxed);
        self.target.put(self.record).await
    }
}

/// A letter's place among the letters: below its target and its key, and there in the order of the source.
impl Item for Copy {
    fn envelope(&self) -> Envelope {
        let (record, position) = (&self.record, self.record.position());
        let source = format!("{}/{}", self.target.name, KeyHash::of(record.partition_key()));
        let place = format!("{:0>56}.{:020}", position.sequence.to_string(), position.sub_sequence);
        let envelope = Envelope::new(source, place, record.data().clone())
            .key(record.partition_key())
            .attribute("stream", record.stream())
            .attribute("shard", record.shard().as_str());
        match record.explicit_hash_key() {
            Some(key) => envelope.attribute("explicit_hash_key", key.to_string()),
            None => envelope,
        }
    }
}
