//! [`Settings`]: how entries are batched.

use std::time::Duration;

use tidegate_lanes::Backoff;

/// How entries are batched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How long an entry waits for others. Default: 50 ms. It adds to what is in flight: at 1,000 messages a second, 50.
    pub linger: Duration,
    /// Batches in flight at once. Default: 16. 0 counts as 1.
    pub parallelism: usize,
    /// The pauses after a failure. Default: 100 ms to 5 s, with full jitter.
    pub backoff: Backoff,
    /// How long an entry without a time of its own is tried, from its first batch on. Default: without an end.
    pub patience: Option<Duration>,
}

/// The defaults.
impl Default for Settings {
    fn default() -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        Self { linger: Duration::from_millis(50), parallelism: 16, backoff, patience: None }
    }
}
