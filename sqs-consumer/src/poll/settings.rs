//! [`Settings`]: what pollers go by.

use std::time::Duration;

use tidegate_lanes::{Amount, Backoff};

use super::IN_FLIGHT;

/// What [`Pollers`](super::Pollers) go by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// What may be held and reserved at once: the limit of the budget that the receives reserve in. Bytes are reserved
    /// by what messages have weighed; those that weigh more are held beyond the limit, and the next receive waits for it.
    pub limit: Amount,
    /// Receives that may be out at once. Default: 16. 0 counts as 1.
    pub parallelism: usize,
    /// How long SQS waits for a message before it answers that there is none. Default: 20 s; 1 s to 20 s, whole
    /// seconds. A receive that does not wait asks a few of the queue's servers only, and finds nothing where there
    /// is something.
    pub wait: Duration,
    /// How long a receive waits for room for all that one call can bring, before it is content with less.
    /// Default: 100 ms. Longer saves calls, shorter saves time where few messages may be held and handlers are slow.
    pub patience: Duration,
    /// How many messages of the queue this process may have in flight before an empty answer is doubted.
    /// Default: 120,000, which SQS allows the consumers of a queue together; divide it among your processes.
    pub share: usize,
    /// The pauses after receives that fail. Default: 100 ms to 30 s, with full jitter.
    pub backoff: Backoff,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new(limit: Amount) -> Self {
        Self {
            limit,
            parallelism: 16,
            wait: Duration::from_secs(20),
            patience: Duration::from_millis(100),
            share: IN_FLIGHT,
            backoff: Backoff::default(),
        }
    }
}
