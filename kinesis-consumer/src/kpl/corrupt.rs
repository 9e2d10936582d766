//! [`Corrupt`]: an aggregated record that cannot be read.

use std::{error, fmt};

use bytes::Bytes;

/// Magic and MD5 of an aggregated record are right, but what they enclose cannot be read. Reading it again does not
/// help.
#[derive(Clone, PartialEq, Eq)]
pub struct Corrupt {
    reason: Reason,
    data: Bytes,
}

/// Why an aggregated record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is no protobuf message of the KPL's form.
    Protobuf,
    /// A partition key has no characters, or more than 256, or is not UTF-8.
    PartitionKey,
    /// An explicit hash key is no decimal number below 2^128.
    HashKey,
    /// A user record names a key that is not there.
    KeyIndex,
    /// A user record has no data, or no partition key.
    Incomplete,
}

impl Corrupt {
    pub(super) fn new(reason: Reason, data: Bytes) -> Self {
        Self { reason, data }
    }

    /// Why it cannot be read.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// All of the aggregated record, for the dead letters.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Protobuf => "it is no protobuf message of that form",
            Reason::PartitionKey => "a partition key is not text of 1 to 256 characters",
            Reason::HashKey => "an explicit hash key is no decimal number below 2^128",
            Reason::KeyIndex => "a user record names a key that is not there",
            Reason::Incomplete => "a user record lacks its data or its partition key",
        };
        write!(f, "corrupt aggregated record of {} bytes: {reason}", self.data.len())
    }
}

/// Without the data, which may be secret.
impl fmt::Debug for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corrupt")
            .field("reason", &self.reason)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

impl error::Error for Corrupt {}
