//! [`Failures`]: objects that were not copied for the same reason.

use crate::Key;

/// Objects under one prefix that were not copied for the same reason.
///
/// The code is S3's own (`AccessDenied`), or one of these: `SourceChanged` and `SourceVanished` between
/// listing and copy, `DestinationChanged` between comparison and copy, `KeyTooLong` under the destination's prefix, `Timeout`, `Connection`, `Refused` by the
/// throttle, `InvalidResponse`, `Http` and the status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failures {
    /// The error code.
    pub code: String,
    /// What their keys in the source begin with: up to and with a `/`, or empty.
    pub prefix: String,
    /// How many.
    pub count: u64,
    /// Some of them.
    pub samples: Vec<Failure>,
}

/// An object that was not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Its key in the source.
    pub key: Key,
    /// What was said.
    pub message: String,
}
