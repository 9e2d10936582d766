//! [`Error`]: why a clone could not be started, or its buckets not be compared.

use std::{error, fmt};

/// Why a clone could not be started, or its buckets not be compared.
///
/// What happens to single objects is not an error but part of the [`Report`](crate::Report).
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// What kind of [`Error`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An input cannot work, and the message names it. A retry does not help.
    InvalidInput,
    /// A bucket could not be listed to its end, so nothing is known of what is in it. A retry can help,
    /// unless the source says that access is denied.
    Listing,
    /// Nobody could be asked whether the destination keeps versions. A retry can help, unless the source says that access is
    /// denied.
    Versioning,
    /// The clone's task ended before it could report, because the runtime was shut down. A retry can help.
    Interrupted,
    /// The journal cannot be read or written. A retry can help, unless the source says that access is denied.
    Journal,
    /// Another run has taken over. It goes on with what this one began.
    Fenced,
    /// Part of a segment could not be cloned. A retry does what is left.
    Incomplete,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
