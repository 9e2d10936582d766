//! [`Settings`]: what leases go by.

use std::time::Duration;

/// How long a message may be kept from the others, counted from its receive.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>
pub(crate) const LONGEST: Duration = Duration::from_hours(12);

/// SQS counts from when it chose the message, which is before the answer came.
pub(super) const MARGIN: Duration = Duration::from_mins(1);

/// What [`Leases`](super::Leases) go by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The visibility timeout: that with which messages are received, and that which an extension asks for. Default: 30 s,
    /// as a queue's is; 3 s to 12 h, whole seconds.
    pub timeout: Duration,
    /// So long after its receive a message is extended no more. Default and most: 12 h less a minute.
    pub longest: Duration,
}

impl Settings {
    /// The least and the most that each can be.
    pub(super) fn clamped(self) -> Self {
        let longest = self.longest.min(LONGEST.saturating_sub(MARGIN));
        let timeout = Duration::from_secs(self.timeout.as_secs().clamp(3, LONGEST.as_secs()));
        Self { timeout, longest }
    }

    /// An extension is asked for when so much is left.
    pub(super) fn lead(&self) -> Duration {
        self.timeout / 3
    }

    /// What is due within so much is extended together.
    pub(super) fn window(&self) -> Duration {
        self.timeout / 12
    }

    /// A message is given up when so much is left: whoever works on it has to hear it before another one gets it.
    pub(super) fn guard(&self) -> Duration {
        self.timeout / 20
    }
}

/// The defaults.
impl Default for Settings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), longest: LONGEST.saturating_sub(MARGIN) }
    }
}
