//! [`ReceiptHandle`]: what SQS knows a delivery by.

use std::{fmt, sync::Arc};

/// What SQS knows one delivery of a message by: each receive gives the message another one.
///
/// A clone costs no allocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptHandle(Arc<str>);

impl ReceiptHandle {
    /// It as SQS wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ReceiptHandle {
    fn from(handle: &str) -> Self {
        Self(handle.into())
    }
}

impl From<String> for ReceiptHandle {
    fn from(handle: String) -> Self {
        Self(handle.into())
    }
}

impl fmt::Display for ReceiptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
