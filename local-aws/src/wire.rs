//! The wire forms of AWS protocols.

#[cfg(feature = "kinesis")]
pub(crate) mod blob;
#[cfg(feature = "kinesis")]
pub(crate) mod cbor;
#[cfg(feature = "kinesis")]
pub(crate) mod codec;
pub(crate) mod json;
#[cfg(any(feature = "kinesis", feature = "sqs"))]
pub(crate) mod timestamp;
pub(crate) mod xml;
