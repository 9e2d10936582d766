//! [`Explanation`]: why a call would wait now.

use std::{fmt, time::Duration};

use crate::Limit;

/// Why a call would wait now: one entry for each of its limits that holds it back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What holds the call back, the narrowest limit first; empty if nothing does.
    pub waits: Vec<Wait>,
}

/// Why one limit holds a call back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wait {
    /// The limit.
    pub limit: Limit,
    /// The reason.
    pub why: Why,
    /// How long at the least, where the time is known; other callers that wait come on top of it.
    pub at_least: Option<Duration>,
    /// Callers that wait already.
    pub queued: usize,
}

/// What holds a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The service asked for a pause.
    Paused,
    /// The next call is not due yet at the rate that was learnt.
    Pace,
    /// Nothing is known of the limit yet, and as many calls are in flight as may be until it is.
    Opening,
    /// As many calls of the limit are in flight as may be.
    Concurrency,
    /// As many calls of all limits are in flight as may be.
    Slots,
    /// Others came first.
    Queue,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.waits.is_empty() {
            return f.write_str("it would go at once");
        }
        for (at, wait) in self.waits.iter().enumerate() {
            write!(f, "{}{wait}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.limit, self.why)?;
        if let Some(at_least) = self.at_least {
            write!(f, ", for {at_least:?} at least")?;
        }
        if self.queued > 0 {
            write!(f, ", behind {} others", self.queued)?;
        }
        Ok(())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "the service asked for a pause",
            Self::Pace => "the next call is not due yet",
            Self::Opening => "the limit is not known yet, and calls are in flight that will tell",
            Self::Concurrency => "as many of its calls are in flight as may be",
            Self::Slots => "as many calls of the process are in flight as may be",
            Self::Queue => "others came first",
        })
    }
}
