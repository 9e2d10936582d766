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
                self.deviation = weighted(self.deviation, smoothed.abs_diff(sample), 4);
                self.smoothed = Some(weighted(smoothed, sample, 8));
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

    /// What 95 of 100 round trips stay below, if they vary as noise does: twice the mean deviation is 1.6
    /// standard deviations.
    pub(super) fn long(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.saturating_add(self.deviation.saturating_mul(2)))
    }
}

/// `old`, moved by one part in `parts` towards `new`; no time overflows it.
fn weighted(old: Duration, new: Duration, parts: u32) -> Duration {
    old.saturating_sub(old / parts).saturating_add(new / parts)
}
