//! [`Delays`]: how long records took, counted in buckets.

use std::time::Duration;

/// How long records took, counted in buckets that are an eighth wide of where they begin: a million cost no more
/// than one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delays {
    /// By bucket, of milliseconds.
    counts: Vec<u64>,
    total: u64,
    longest: Duration,
}

impl Delays {
    pub(crate) fn add(&mut self, delay: Duration) {
        let bucket = bucket(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.total += 1;
        self.longest = self.longest.max(delay);
    }

    /// So many of a hundred took no longer, up to an eighth.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let mut left = (self.total * percent).div_ceil(100);
        for (bucket, count) in self.counts.iter().enumerate() {
            left = left.saturating_sub(*count);
            if left == 0 {
                return Duration::from_millis(least(bucket + 1).saturating_sub(1)).min(self.longest);
            }
        }
        self.longest
    }

    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }
}

/// The first 16 are one millisecond wide; then there are eight for each power of two.
fn bucket(millis: u64) -> usize {
    let bucket = match millis.checked_ilog2() {
        Some(power @ 4..) => 16 + u64::from(power - 4) * 8 + ((millis >> (power - 3)) & 7),
        _ => millis,
    };
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The least that is in a bucket.
fn least(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    match bucket.checked_sub(16) {
        None => bucket,
        Some(above) => {
            (8 + above % 8).checked_shl(u32::try_from(above / 8 + 1).unwrap_or(63)).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_in_its_bucket() {
        for millis in (0..5_000).chain([u64::from(u32::MAX), 1 << 40]) {
            let bucket = bucket(millis);
            assert!(least(bucket) <= millis && millis < least(bucket + 1), "{millis} in {bucket}");
        }
    }

    #[test]
    fn percentiles() {
        let mut delays = Delays::default();
        (1..=100).for_each(|millis| delays.add(Duration::from_millis(millis)));
        assert!((50..=56).contains(&delays.percentile(50).as_millis()), "{:?}", delays.percentile(50));
        assert!((99..=100).contains(&delays.percentile(99).as_millis()));
        assert_eq!(
            (delays.percentile(100), delays.longest()),
            (delays.longest(), Duration::from_millis(100))
        );
    }
}
