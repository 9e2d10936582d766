//! [`Fetch`]: how records are read.

use std::time::Duration;

/// How records are read: by polling, with `GetRecords`.
///
/// A shard that is behind is read as fast as its limits let; all who poll a shard share 5 calls and 2 MB a second.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fetch {
    pub(crate) idle: Duration,
}

impl Fetch {
    /// By polling.
    pub fn polling() -> Self {
        Self { idle: Duration::from_secs(1) }
    }

    /// Between two looks at a shard that has nothing new, 200 ms or more; the first ones after a shard is begun
    /// are shorter. Default: 1 s.
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self::polling()
    }
}
