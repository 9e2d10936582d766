//! [`Clock`]: the one place that reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::lease::Timestamp;

/// Time since a consumer was made, and the time of day then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    epoch: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        #[allow(clippy::disallowed_methods, reason = "the one place")]
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        Self { start: Instant::now(), epoch: Timestamp(millis) }
    }

    /// Time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The time of day at the start.
    pub(crate) fn epoch(&self) -> Timestamp {
        self.epoch
    }

    /// The time of day.
    pub(crate) fn time_of_day(&self) -> Timestamp {
        let since = u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.epoch.0.saturating_add(since))
    }

    /// When the clock will show this.
    pub(crate) fn at(&self, time: Duration) -> Instant {
        // What is further away than the clock can show is never waited for to its end.
        const FAR: Duration = Duration::from_hours(24);
        self.start.checked_add(time).unwrap_or_else(|| Instant::now() + FAR)
    }
}
