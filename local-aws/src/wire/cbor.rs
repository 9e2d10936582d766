//! AWS CBOR 1.1, which the Java SDK speaks with Kinesis: AWS JSON 1.1 with byte strings for blobs, and times as
//! whole milliseconds under tag 1.
//!
//! Source: `StructuredCborGenerator` of <https://github.com/aws/aws-sdk-java-v2>.

use serde::{Serialize, de::DeserializeOwned};

use super::codec::Unreadable;

/// The content type of requests and answers.
pub(super) const CONTENT_TYPE: &[u8] = b"application/x-amz-cbor-1.1";

/// The tag of times.
pub(super) const EPOCH: u64 = 1;

/// An empty map.
const NOTHING: &[u8] = &[0xa0];

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let body = if body.is_empty() { NOTHING } else { body };
    ciborium::from_reader(body).map_err(|error| match error {
        ciborium::de::Error::Semantic(_, problem) => Unreadable(problem),
        other => Unreadable(other.to_string()),
    })
}

pub(super) fn write(value: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::new();
    // A vector takes every write, and what is written has no floats or maps that CBOR lacks.
    let _ = ciborium::into_writer(value, &mut body);
    body
}
