//! A distribution of times, drawn from a seeded generator.

use std::time::Duration;

/// A distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution(Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Fixed(Duration),
    Uniform(Duration, Duration),
    LogNormal { median: Duration, p99: Duration },
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Distribution {
    /// Always the same time.
    #[must_use]
    pub const fn fixed(time: Duration) -> Self {
        Self(Shape::Fixed(time))
    }

    /// Any time from one to the other, all as likely; the order of the two does not matter.
    #[must_use]
    pub fn uniform(from: Duration, to: Duration) -> Self {
        Self(Shape::Uniform(from.min(to), from.max(to)))
    }

    /// Log-normal, by its median and its 99th percentile; one below the median counts as the median.
    #[must_use]
    pub fn log_normal(median: Duration, p99: Duration) -> Self {
        Self(Shape::LogNormal { median, p99: p99.max(median) })
    }

    pub(super) fn draw(self, random: &mut fastrand::Rng) -> Duration {
        match self.0 {
            Shape::Fixed(time) => time,
            Shape::Uniform(from, to) => {
                let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                Duration::from_nanos(random.u64(nanos(from)..=nanos(to)))
            }
            Shape::LogNormal { median, p99 } => {
                if median.is_zero() {
                    return Duration::ZERO;
                }
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / Z99;
                // Box-Muller; 1 - x is never 0.
                let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * random.f64()).cos();
                let seconds = median.as_secs_f64() * (sigma * normal).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(p99)
            }
        }
    }
}

impl From<Duration> for Distribution {
    fn from(time: Duration) -> Self {
        Self::fixed(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_log_normal_has_its_median_and_its_99th_percentile() {
        let shape = Distribution::log_normal(MS * 60, MS * 200);
        let mut random = fastrand::Rng::with_seed(1);
        let mut times = (0..20_000).map(|_| shape.draw(&mut random)).collect::<Vec<_>>();
        times.sort_unstable();
        assert!((MS * 58..MS * 62).contains(&times[10_000]), "{:?}", times[10_000]);
        assert!((MS * 180..MS * 220).contains(&times[19_800]), "{:?}", times[19_800]);
    }
}
