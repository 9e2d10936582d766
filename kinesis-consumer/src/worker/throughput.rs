//! [`Throughput`]: how much of a shard is read in a second.

use std::time::Duration;

/// How much of a shard is read in a second, averaged as the KCL does: each measurement counts half.
#[derive(Debug)]
pub(super) struct Throughput {
    bytes: u64,
    since: Duration,
    average: Option<u64>,
}

impl Throughput {
    pub(super) fn new(average: Option<u64>, now: Duration) -> Self {
        Self { bytes: 0, since: now, average }
    }

    pub(super) fn read(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Bytes a second, if they are others than at the last time.
    pub(super) fn measure(&mut self, now: Duration) -> Option<u64> {
        let millis = u64::try_from(now.saturating_sub(self.since).as_millis()).unwrap_or(u64::MAX);
        if millis < 1000 {
            return None;
        }
        let rate = self.bytes.saturating_mul(1000) / millis;
        self.bytes = 0;
        self.since = now;
        let average = self.average.map_or(rate, |average| average.midpoint(rate));
        let news = self.average.replace(average) != Some(average);
        news.then_some(average)
    }
}
