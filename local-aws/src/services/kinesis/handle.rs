//! The handle that seeds streams and looks into them, without a request.

use std::{
    error, fmt,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;

use super::{
    Regions,
    failure::Failure,
    hash_key, put,
    region::Region,
    reshard,
    shard::Shard,
    stream::{DEFAULT_RECORD_KIB, Mode, Plan, Stream},
};
use crate::{
    services::{Scope, clock::Clock},
    wire::timestamp::Timestamp,
};

/// Seeds Kinesis and looks into it without a request: no limit, latency, fault or counter is in the way.
///
/// It shows the streams of one account and region. Cheap to clone; every clone shows the same state.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let aws = tidegate_local_aws::LocalAws::builder().in_process().start().await?;
/// let handle = aws.kinesis();
/// handle.create_stream("orders", 4)?;
/// handle.put("orders", (0..1_000).map(|n| (format!("customer-{}", n % 50), format!("order {n}"))))?;
/// let children = handle.split("orders", "shardId-000000000000")?;
///
/// let kinesis = aws_sdk_kinesis::Client::new(&aws.sdk_config());
/// let shards = kinesis.list_shards().stream_name("orders").send().await?;
/// assert_eq!(shards.shards().len(), 6);
/// assert_eq!(children, ["shardId-000000000004", "shardId-000000000005"]);
/// assert_eq!(handle.shards("orders")?.iter().map(|shard| shard.records).sum::<usize>(), 1_000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KinesisHandle {
    regions: Arc<Regions>,
    scope: Scope,
    clock: Clock,
}

/// Why the handle of Kinesis could not do it: an error of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KinesisError {
    code: String,
    message: String,
}

/// A shard as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardView {
    /// The id.
    pub id: String,
    /// The shard that it follows.
    pub parent: Option<String>,
    /// The other shard that it follows, if it was merged.
    pub adjacent_parent: Option<String>,
    /// The shards that follow it; none while it is open.
    pub children: Vec<String>,
    /// Its part of the hash-key space.
    pub hash_keys: RangeInclusive<u128>,
    /// Whether it takes records.
    pub is_open: bool,
    /// Records that are there.
    pub records: usize,
    /// Their partition keys and data, in bytes.
    pub bytes: u64,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordView {
    /// The sequence number: 56 digits.
    pub sequence_number: String,
    /// The partition key.
    pub partition_key: String,
    /// The data.
    pub data: Bytes,
    /// When it arrived.
    pub arrived: SystemTime,
}

impl KinesisHandle {
    pub(super) const fn new(regions: Arc<Regions>, scope: Scope, clock: Clock) -> Self {
        Self { regions, scope, clock }
    }

    /// The streams of another region of the account.
    #[must_use]
    pub fn region(&self, region: &str) -> Self {
        let mut other = self.clone();
        region.clone_into(&mut other.scope.region);
        other
    }

    /// The streams of another account, by its 12 digits, in this region.
    #[must_use]
    pub fn account(&self, account: &str) -> Self {
        let mut other = self.clone();
        account.clone_into(&mut other.scope.account);
        other
    }

    /// Creates a provisioned stream.
    ///
    /// # Errors
    /// `ResourceInUseException` if it is there, `LimitExceededException` if the account would have too many
    /// shards, `ValidationException` for a name that is none or for no shards.
    pub fn create_stream(&self, name: &str, shards: u32) -> Result<(), KinesisError> {
        super::check::name(name, "streamName")?;
        super::check::within(Some(shards.into()), "shardCount", 1..=100_000, 1)?;
        let region = self.state();
        let mut region = lock(&region);
        region.allow_shards(shards as usize)?;
        let mode = Mode::Provisioned;
        let plan =
            Plan { shards, mode, record_kib: DEFAULT_RECORD_KIB, tags: std::collections::BTreeMap::new() };
        region.create(name, plan, self.now())?;
        Ok(())
    }

    /// Puts records, given by partition key and data, each into the shard of its key. How many there were.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ValidationException` for a key that does not have 1 to 256 characters,
    /// the records before it stay.
    pub fn put<K: AsRef<str>, D: AsRef<[u8]>>(
        &self,
        stream: &str,
        records: impl IntoIterator<Item = (K, D)>,
    ) -> Result<usize, KinesisError> {
        let now = self.now();
        self.with(stream, |stream| {
            let mut count = 0;
            for (key, data) in records {
                let (key, data) = (key.as_ref(), data.as_ref());
                if key.is_empty() || key.chars().count() > 256 {
                    let constraint = "Member must have length from 1 to 256";
                    return Err(Failure::constraint(key, "partitionKey", constraint));
                }
                let shard = stream.route(hash_key::of_partition_key(key));
                let put = shard.and_then(|shard| put::append(stream, shard, now, key, data));
                count += usize::from(put.is_some());
            }
            Ok(count)
        })
    }

    /// Splits an open shard in the middle; the ids of the two that follow it.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `InvalidArgumentException` if the shard is closed, or too small.
    pub fn split(&self, stream: &str, shard: &str) -> Result<Vec<String>, KinesisError> {
        let now = self.now();
        self.with(stream, |stream| {
            let id = reshard::open_shard(stream, shard, now)?;
            let range = stream.shard_named(shard, now)?.range;
            let middle = range.start + (range.end - range.start) / 2 + 1;
            let children = reshard::split_at(stream, id, middle, now)?;
            Ok(children.iter().map(ToString::to_string).collect())
        })
    }

    /// Merges two open shards whose ranges touch; the id of the one that follows them.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `InvalidArgumentException` if one is closed, or if they do not touch.
    pub fn merge(&self, stream: &str, shard: &str, adjacent: &str) -> Result<String, KinesisError> {
        let now = self.now();
        self.with(stream, |stream| {
            let one = reshard::open_shard(stream, shard, now)?;
            let other = reshard::open_shard(stream, adjacent, now)?;
            reshard::join(stream, one, other, now).map(|child| child.to_string())
        })
    }

    /// The shards that are there, closed ones included, in the order of their ids.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn shards(&self, stream: &str) -> Result<Vec<ShardView>, KinesisError> {
        let now = self.now();
        self.with(stream, |stream| Ok(stream.shards(now).values().map(ShardView::new).collect()))
    }

    /// The records that are in a shard, in order.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn records(&self, stream: &str, shard: &str) -> Result<Vec<RecordView>, KinesisError> {
        let now = self.now();
        self.with(stream, |stream| {
            let shard = stream.shard_named(shard, now)?;
            let view = |(number, record): (super::sequence::Sequence, &super::record::Record)| RecordView {
                sequence_number: number.to_string(),
                partition_key: record.partition_key().to_owned(),
                data: Bytes::copy_from_slice(record.data()),
                arrived: record.arrived.time(),
            };
            Ok(shard.records().map(view).collect())
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    fn state(&self) -> Arc<Mutex<Region>> {
        self.regions.of(&self.scope)
    }

    fn with<T>(
        &self,
        stream: &str,
        work: impl FnOnce(&mut Stream) -> Result<T, Failure>,
    ) -> Result<T, KinesisError> {
        let region = self.state();
        let mut region = lock(&region);
        Ok(work(region.stream(Some(stream), None)?)?)
    }
}

fn lock(region: &Mutex<Region>) -> std::sync::MutexGuard<'_, Region> {
    region.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ShardView {
    fn new(shard: &Shard) -> Self {
        let (records, bytes) = shard.size();
        Self {
            id: shard.id.to_string(),
            parent: shard.parent.map(|id| id.to_string()),
            adjacent_parent: shard.adjacent_parent.map(|id| id.to_string()),
            children: shard.children.iter().map(ToString::to_string).collect(),
            hash_keys: shard.range.start..=shard.range.end,
            is_open: shard.is_open(),
            records,
            bytes,
        }
    }
}

impl KinesisError {
    /// The code of the error, such as `ResourceNotFoundException`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl From<Failure> for KinesisError {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message }
    }
}

impl fmt::Display for KinesisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl error::Error for KinesisError {}
