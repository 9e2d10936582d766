//! [`Error`]: a shard cannot be read.

use std::{error, fmt};

use super::Target;

type Source = Box<dyn error::Error + Send + Sync>;

/// A shard cannot be read. Where it was read to is kept: asking again goes on from there.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    action: &'static str,
    target: Target,
    source: Source,
}

/// What kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ErrorKind {
    /// The service failed, or could not be reached, several times in a row. A retry may help.
    Unavailable,
    /// The credentials do not allow the action. A retry helps once they do.
    Denied,
    /// Another process has the shard's subscription. A retry helps once it has not.
    InUse,
    /// The stream's key cannot be used. A retry helps once it can.
    Key,
    /// The service does not take the request. A retry does not help.
    Invalid,
    /// The answer is none that Kinesis gives. A retry does not help.
    Answer,
}

impl Error {
    pub(super) fn new(
        kind: ErrorKind,
        action: &'static str,
        target: &Target,
        source: impl Into<Source>,
    ) -> Self {
        Self { kind, action, target: target.clone(), source: source.into() }
    }

    /// What kind of error.
    #[must_use]
    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl ErrorKind {
    /// Of an error code, unless it is one to try again.
    pub(crate) fn of(code: &str) -> Option<Self> {
        match code {
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException" => Some(Self::Denied),
            "KMSAccessDeniedException"
            | "KMSDisabledException"
            | "KMSInvalidStateException"
            | "KMSNotFoundException"
            | "KMSOptInRequired" => Some(Self::Key),
            "InvalidArgumentException" | "ValidationException" => Some(Self::Invalid),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, target, .. } = self;
        let why = match self.kind {
            ErrorKind::Unavailable => "failed several times",
            ErrorKind::Denied => "is not allowed",
            ErrorKind::InUse => {
                "was refused, or ended: another process reads the shard as the same consumer; each application needs \
                 a consumer of its own"
            }
            ErrorKind::Key => "failed for the key of the stream",
            ErrorKind::Invalid => "was refused as invalid",
            ErrorKind::Answer => "was answered with what cannot be read",
        };
        write!(f, "kinesis:{action} on shard {} of stream {} {why}", target.shard(), target.stream_name())
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&*self.source)
    }
}
