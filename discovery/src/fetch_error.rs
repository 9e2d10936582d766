//! [`FetchError`]: why a call of a mirror brought nothing.

use std::{error::Error, fmt};

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a call of a [`Mirror`](crate::Mirror) brought nothing.
#[derive(Debug)]
pub struct FetchError {
    pub(crate) kind: FetchErrorKind,
    cause: BoxError,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// AWS does not allow the call: it is not made again in this scope.
    Denied,
    /// There is no such service or operation in this region: it is not called again there.
    Unsupported,
    /// Some of the keys make it fail, and AWS does not say which, or is not to be believed: they are looked for by
    /// halves, and one that fails alone is absent.
    Poisoned,
    /// It may go better a little later.
    Transient,
    /// It would fail again.
    Failed,
}

impl FetchError {
    /// AWS does not allow the call.
    pub fn denied(cause: impl Into<BoxError>) -> Self {
        Self { kind: FetchErrorKind::Denied, cause: cause.into() }
    }

    /// There is no such service or operation in this region.
    pub fn unsupported(cause: impl Into<BoxError>) -> Self {
        Self { kind: FetchErrorKind::Unsupported, cause: cause.into() }
    }

    /// Some of the keys are unknown, and make the whole call fail.
    pub fn poisoned(cause: impl Into<BoxError>) -> Self {
        Self { kind: FetchErrorKind::Poisoned, cause: cause.into() }
    }

    /// It may go better a little later: a timeout, a 500.
    pub fn transient(cause: impl Into<BoxError>) -> Self {
        Self { kind: FetchErrorKind::Transient, cause: cause.into() }
    }

    /// It would fail again.
    pub fn failed(cause: impl Into<BoxError>) -> Self {
        Self { kind: FetchErrorKind::Failed, cause: cause.into() }
    }

    /// What is done about it.
    #[must_use]
    pub fn kind(&self) -> FetchErrorKind {
        self.kind
    }

    /// The cause and its causes, in one line.
    pub(crate) fn line(&self) -> String {
        let mut line = self.cause.to_string();
        let mut cause = self.cause.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !line.ends_with(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            cause = error.source();
        }
        line.replace(['\n', '\r'], " ")
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            FetchErrorKind::Denied => "the call is not allowed",
            FetchErrorKind::Unsupported => "there is no such call in this region",
            FetchErrorKind::Poisoned => "some of the keys make the call fail",
            FetchErrorKind::Transient => "the call failed, and may go better later",
            FetchErrorKind::Failed => "the call failed",
        })
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
