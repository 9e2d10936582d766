//! [`Share`]: what one process gets of a limit.

use std::time::Duration;

use crate::limiter::Rate;

/// What one process gets of a limit that it shares with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// What it gets, in millionths of a token per second.
    pub micros_per_second: u64,
    /// Whether it would take more.
    pub wants_more: bool,
    /// How long it sends nothing, because the service asked for a pause.
    pub pause: Duration,
}

impl Share {
    /// A process that gets so many millionths of a token per second, wants no more, and does not pause.
    #[must_use]
    pub fn new(micros_per_second: u64) -> Self {
        Self { micros_per_second, wants_more: false, pause: Duration::ZERO }
    }

    /// What it should get, if all of the limit is to be shared fairly: nobody gets more than it wants, and of
    /// those who would take more, all get the same. `None` if it is alone, or wants no more.
    #[must_use]
    pub fn fair(&self, others: &[Self]) -> Option<Rate> {
        if others.is_empty() || !self.wants_more {
            return None;
        }
        let mut all: Vec<_> = others.iter().chain([self]).collect();
        let mut left = all.iter().fold(0, |sum: u64, share| sum.saturating_add(share.micros_per_second));
        // Those who want little first: what they leave is for the rest.
        all.sort_unstable_by_key(|share| (share.wants_more, share.micros_per_second));
        for (at, share) in all.iter().enumerate() {
            let fair = left / (all.len() - at) as u64;
            if share.wants_more || share.micros_per_second > fair {
                return Some(Rate::micros_per_second(fair));
            }
            left -= share.micros_per_second;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hungry(rate: u64) -> Share {
        Share { wants_more: true, ..Share::new(rate) }
    }

    #[test]
    fn the_hungry_get_the_same_and_the_content_what_they_take() {
        let fair = |own: Share, others: &[Share]| own.fair(others).map(Rate::as_micros_per_second);
        assert_eq!(fair(hungry(90), &[hungry(10)]), Some(50));
        assert_eq!(fair(hungry(0), &[hungry(60), hungry(60)]), Some(40));
        assert_eq!(fair(hungry(60), &[Share::new(10), hungry(30)]), Some(45));
        // One that wants no more, and has more than is fair, must not starve the others.
        assert_eq!(fair(hungry(10), &[Share::new(90)]), Some(50));
        assert_eq!(fair(Share::new(10), &[hungry(30)]), None);
        assert_eq!(fair(hungry(100), &[]), None);
    }

    fn share() -> impl Strategy<Value = Share> {
        (0..1_u64 << 50, any::<bool>())
            .prop_map(|(rate, wants_more)| Share { wants_more, ..Share::new(rate) })
    }

    proptest! {
        /// Shares add up to what all of them got before, and none of the hungry is told another one.
        #[test]
        fn nothing_is_made_and_nothing_lost(shares in prop::collection::vec(share(), 2..20)) {
            let fair = |at: usize| {
                let mut others = shares.clone();
                let own = others.remove(at);
                own.fair(&others).map(Rate::as_micros_per_second)
            };
            let told: Vec<_> = (0..shares.len()).filter_map(fair).collect();
            prop_assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
            if let Some(fair) = told.first() {
                let content = shares.iter().filter(|it| !it.wants_more).map(|it| it.micros_per_second.min(*fair));
                let sum = content.sum::<u64>() + fair * told.len() as u64;
                let total = shares.iter().map(|it| it.micros_per_second).sum::<u64>();
                prop_assert!(sum <= total.max(shares.len() as u64) && total - sum.min(total) <= shares.len() as u64);
            }
        }
    }
}
