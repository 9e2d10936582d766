//! An AWS in one process.

mod conditions;
mod error;
mod front;
mod local_aws;
mod services;
mod wire;

#[cfg(feature = "s3")]
pub use self::services::s3::{Digest, ObjectView, S3Error, S3Handle};
pub use self::{
    conditions::{
        bucket::Rate,
        counters::{ActionCounters, Counters, Second},
        faults::{Fault, FaultMode, Faults},
        latency::{Distribution, Latency},
        limits::{Limit, Limits, Per},
    },
    error::{Error, ErrorKind},
    local_aws::{Builder, LocalAws},
};
