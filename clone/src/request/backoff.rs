//! [`Backoff`]: how long to wait before a request is sent again.

use std::time::Duration;

/// Doubles from 50 ms to 20 s, with full jitter.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(20);

    /// A random share of the next delay.
    pub(crate) fn next(&mut self) -> Duration {
        let delay = Self::FIRST.saturating_mul(1 << self.tries.min(20)).min(Self::LONGEST);
        self.tries += 1;
        delay.mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_an_end() {
        let mut backoff = Backoff::default();
        for most in [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000] {
            assert!(backoff.next() <= Duration::from_millis(most));
        }
    }
}
