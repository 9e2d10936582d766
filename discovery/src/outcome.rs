//! [`Outcome`]: what became of a resource that was asked for.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// What became of a resource that was asked for: never one for another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// It is there.
    Found(T),
    /// AWS says that it is not there.
    Absent,
    /// AWS does not allow to look.
    Denied(Arc<str>),
    /// Its region does not have the service.
    Unsupported(Arc<str>),
    /// It could not be looked at, or not be read; the text says why.
    Failed(Arc<str>),
    /// It was not looked at, as the discovery was shut down.
    Cancelled,
}

/// The kind of an [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OutcomeKind {
    /// It is there.
    Found,
    /// It is not there.
    Absent,
    /// AWS does not allow to look.
    Denied,
    /// Its region does not have the service.
    Unsupported,
    /// It could not be looked at, or not be read.
    Failed,
    /// It was not looked at.
    Cancelled,
}

impl<T> Outcome<T> {
    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Found(_) => OutcomeKind::Found,
            Self::Absent => OutcomeKind::Absent,
            Self::Denied(_) => OutcomeKind::Denied,
            Self::Unsupported(_) => OutcomeKind::Unsupported,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Cancelled => OutcomeKind::Cancelled,
        }
    }

    /// What was found.
    #[must_use]
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            _ => None,
        }
    }

    /// The same of something else.
    #[must_use]
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Found(found) => Outcome::Found(map(found)),
            Self::Absent => Outcome::Absent,
            Self::Denied(why) => Outcome::Denied(why),
            Self::Unsupported(why) => Outcome::Unsupported(why),
            Self::Failed(why) => Outcome::Failed(why),
            Self::Cancelled => Outcome::Cancelled,
        }
    }
}

impl OutcomeKind {
    /// Whether it was seen that the resource is there, or that it is not.
    #[must_use]
    pub fn is_seen(self) -> bool {
        matches!(self, Self::Found | Self::Absent)
    }

    /// In lower case, as in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Absent => "absent",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
