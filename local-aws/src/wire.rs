//! The wire forms of AWS protocols.

#[cfg(feature = "kinesis")]
pub(crate) mod blob;
#[cfg(feature = "kinesis")]
pub(crate) mod cbor;
#[cfg(feature = "kinesis")]
pub(crate) mod codec;
#[cfg(feature = "resources")]
pub(crate) mod document;
#[cfg(feature = "resources")]
pub(crate) mod form;
pub(crate) mod json;
#[cfg(feature = "resources")]
pub(crate) mod page;
#[cfg(feature = "resources")]
pub(crate) mod rest;
#[cfg(any(feature = "kinesis", feature = "sqs"))]
pub(crate) mod timestamp;
pub(crate) mod xml;
