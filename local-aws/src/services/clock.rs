//! The time of day that the services stamp things with.

use std::time::SystemTime;

use tokio::time::Instant;

/// A time of day that a paused tokio clock drives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: SystemTime,
    at: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        // The one place that reads the system's clock, because objects and records carry dates of the real world.
        #[allow(clippy::disallowed_methods)]
        let began = SystemTime::now();
        Self { began, at: Instant::now() }
    }
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        self.began + self.at.elapsed()
    }
}
