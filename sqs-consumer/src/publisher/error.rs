//! [`PublishError`]: why a message was not sent.

use std::{error, fmt};

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishError {
    kind: PublishErrorKind,
    message: String,
}

/// What kind of [`PublishError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublishErrorKind {
    /// It is larger than SQS takes, and was not tried. A retry does not help.
    TooLarge,
    /// It is such that SQS cannot take it, and was not tried. A retry does not help.
    InvalidInput,
    /// SQS refused it for good, and the message says why. A retry does not help.
    Refused,
    /// The queue cannot be sent to: it is not there, or access is denied. A retry helps when that is mended.
    Queue,
    /// It failed for as long as the [patience](super::Builder::patience) lasts. It may be in the queue all the same; a retry may
    /// help, and may send it twice.
    Expired,
    /// The runtime was shut down. It may be in the queue, or not.
    Interrupted,
}

impl PublishError {
    pub(super) fn new(kind: PublishErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> PublishErrorKind {
        self.kind
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for PublishError {}
