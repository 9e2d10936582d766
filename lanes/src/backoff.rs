//! [`Backoff`]: delays that grow, with full jitter.

use std::time::Duration;

/// Delays that grow twofold up to a ceiling, without an end, each a random part of itself.
///
/// Source: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>, "full jitter".
///
/// ```
/// use std::time::Duration;
/// use tidegate_lanes::Backoff;
///
/// let mut delays = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
/// assert!(delays.next() <= Some(Duration::from_millis(100)));
/// assert!(delays.next() <= Some(Duration::from_millis(200)));
/// assert!(delays.nth(100) <= Some(Duration::from_secs(30)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    next: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// The first delay is at most `first`, and none is longer than `ceiling`.
    #[must_use]
    pub fn new(first: Duration, ceiling: Duration) -> Self {
        Self { next: first.min(ceiling), ceiling }
    }
}

/// 100 ms to 30 s.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(30))
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let longest = self.next;
        self.next = longest.saturating_mul(2).min(self.ceiling);
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Some(Duration::from_nanos(fastrand::u64(0..=nanos)))
    }
}
