//! [`Watch`]: when the first and the last write arrived.

use std::time::Duration;

use tidegate_local_aws::LocalAws;
use tokio::time::{Instant, sleep};

/// The server's own series is in whole seconds, which is too coarse for a clone of two.
const EVERY: Duration = Duration::from_millis(2);

/// When the first and the last accepted write arrived, to the time between two looks. What it does not know
/// it takes as longer, so that no share of the limit is overstated.
pub(crate) struct Watch {
    accepted: u64,
    looked: Instant,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { accepted: 0, looked: Instant::now(), first: None, last: None }
    }

    pub(crate) async fn pause(&self) {
        sleep(EVERY).await;
    }

    pub(crate) fn look(&mut self, aws: &LocalAws) {
        let (accepted, now) = (aws.counters().action("s3", "CopyObject").accepted, Instant::now());
        if accepted > self.accepted {
            self.first.get_or_insert(self.looked);
            self.last = Some(now);
        }
        (self.accepted, self.looked) = (accepted, now);
    }

    /// From the first accepted write to the last.
    pub(crate) fn writing(&self) -> Duration {
        self.first.zip(self.last).map_or(Duration::ZERO, |(first, last)| last - first)
    }
}
