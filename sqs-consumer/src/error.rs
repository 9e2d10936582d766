//! [`Error`]: why a consumer could not be made, or stopped by itself.

use std::{error, fmt};

/// Why a consumer could not be made, or stopped by itself.
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
    /// A setting cannot work, or there is no such queue, and the message names it. A retry does not help.
    InvalidInput,
    /// The queue cannot be received from: access is denied. A retry does not help until that is mended.
    Queue,
    /// A handler failed, and its policy is to stop. The message was given back, and is received again.
    Handler,
    /// The consumer's task ended before it could give its messages back, because the runtime was shut down. They are received
    /// again when their visibility ends.
    Interrupted,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn because(self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
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
