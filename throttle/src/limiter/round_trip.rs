//! [`RoundTrip`]: how long answers take, and how much that varies.

use std::time::Duration;

/// A smoothed round trip and its mean deviation, as TCP keeps them.
///
/// Source: RFC 6298, section 2.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RoundTrip {
    smoothed: Option<Duration>,
    deviation: Duration,
}

impl RoundTrip {
    pub(super) fn observe(&mut self, sample: Duration) {
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.deviation = sample / 4;
            }
            Some(smoothed) => {
                self.deviation = (self.deviation * 3 + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    /// The smoothed round trip; zero before the first answer.
    pub(super) fn smoothed(&self) -> Duration {
        self.smoothed.unwrap_or_default()
    }

    /// Its mean deviation.
    pub(super) fn deviation(&self) -> Duration {
        self.deviation
    }
}
