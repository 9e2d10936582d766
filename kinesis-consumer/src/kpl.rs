//! Aggregated records, as the Kinesis Producer Library (KPL) makes them: many user records in one Kinesis record.
//!
//! Usable alone, by any reader: [`open`] takes what a Kinesis record holds and gives its user records, and
//! [`Aggregator`] makes such records.
//!
//! ```
//! use tidegate_kinesis_consumer::kpl::{self, Aggregator, Content};
//!
//! let mut aggregator = Aggregator::new(51_200, 1_000);
//! aggregator.add("order-1", None, b"paid")?;
//! aggregator.add("order-2", None, b"sent")?;
//! let aggregate = aggregator.finish().expect("two were added");
//!
//! match kpl::open(aggregate.data)? {
//!     Content::Aggregate(records) => {
//!         assert_eq!((&*records[1].partition_key, &*records[1].data), ("order-2", &b"sent"[..]));
//!         assert_eq!(records[1].sub_sequence, 1);
//!     }
//!     Content::Plain(data) => panic!("not aggregated: {data:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>

mod aggregator;
mod corrupt;
mod filter;
mod message;
mod protobuf;

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};

pub use self::{
    aggregator::{Aggregated, Aggregator, TooLarge},
    corrupt::{Corrupt, Reason},
    filter::{Filter, hash_key},
};

/// What an aggregated record begins with.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The bytes of the MD5 that it ends with.
const DIGEST: usize = 16;

/// What a Kinesis record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One user record, which is all of it.
    Plain(Bytes),
    /// The user records of an aggregated record, in their order. There may be none.
    Aggregate(Vec<UserRecord>),
}

/// A record as its producer put it, out of an aggregated record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Its place in the aggregated record, from 0.
    pub sub_sequence: u64,
    /// Its partition key, shared by the records of one aggregated record that have the same.
    pub partition_key: Arc<str>,
    /// Its explicit hash key.
    pub explicit_hash_key: Option<u128>,
    /// What was put: a slice of the aggregated record, which lives as long as any slice of it.
    pub data: Bytes,
}

/// The user records of what a Kinesis record holds.
///
/// What is too short, does not begin with the KPL's magic, or does not end with the right MD5 is
/// [`Content::Plain`], as for the KCL. Takes time and memory in proportion to the bytes, whoever made them: a
/// user record takes at least 6 bytes there. Data is not copied.
///
/// # Errors
///
/// [`Corrupt`] if magic and MD5 are right, so that it was meant to be aggregated, but what they enclose cannot be
/// read. Nothing of it is delivered then; the error has the data.
pub fn open(data: Bytes) -> Result<Content, Corrupt> {
    let Some(message) = enclosed(&data) else { return Ok(Content::Plain(data)) };
    match message::read(&message) {
        Ok(records) => Ok(Content::Aggregate(records)),
        Err(reason) => Err(Corrupt::new(reason, data)),
    }
}

/// The protobuf message in an aggregated record.
fn enclosed(data: &Bytes) -> Option<Bytes> {
    let end = data.len().checked_sub(DIGEST)?;
    if end < MAGIC.len() || !data.starts_with(&MAGIC) {
        return None;
    }
    let message = &data[MAGIC.len()..end];
    (Md5::digest(message)[..] == data[end..]).then(|| data.slice_ref(message))
}

/// An aggregated record around a message.
fn enclose(message: &[u8]) -> Bytes {
    Bytes::from([&MAGIC, message, &Md5::digest(message)[..]].concat())
}
