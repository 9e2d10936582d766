//! [`Received`] and [`Trouble`]: what came of a receive.

use std::fmt;

/// What a receive brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// How many messages.
    pub count: usize,
    /// What they weigh together.
    pub bytes: usize,
    /// How many messages this process has in flight by now: received, and neither deleted nor released.
    pub held: usize,
}

/// Why a receive brought nothing that can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// It was throttled: later it will do.
    Throttled,
    /// As many messages are in flight as SQS allows: when some are deleted it will do.
    OverLimit,
    /// No answer, or one that says nothing: later it may do.
    Network,
    /// The credentials may not receive from the queue: somebody must change that.
    Denied,
    /// There is no such queue: somebody must make it, or correct its URL.
    QueueGone,
    /// KMS did not decrypt: a throttle passes, a key that is disabled or denied does not.
    Kms,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::OverLimit => "too many messages are in flight",
            Self::Network => "no answer",
            Self::Denied => "access is denied",
            Self::QueueGone => "there is no such queue",
            Self::Kms => "KMS does not decrypt",
        })
    }
}
