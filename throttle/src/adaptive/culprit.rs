//! [`Culprit`]: which limit stopped a call that draws from several, where the service does not say.

use std::{collections::VecDeque, time::Duration};

/// Operations that are stopped within this of each other may have met one limit.
const TOGETHER: Duration = Duration::from_secs(1);

/// The refusal of a limit that is about to refuse is doubted for the first time, then each time that twice as many
/// have come.
const FIRST_DOUBT: u32 = 4;

/// As many are remembered as can matter.
const RECENT: usize = 8;

/// Tells which limit stopped a call that draws from its own and from one that others share, where the service
/// does not say.
///
/// It blames the call's own limit, unless calls of another one were stopped within the last second and none
/// that was sent since got through: then it is what they share.
#[derive(Debug, Default)]
pub(super) struct Culprit {
    /// How often the shared limit was blamed for being nearly empty.
    expected: u32,
    /// Whose call was stopped, and when it was sent.
    stopped: VecDeque<(usize, Duration)>,
}

impl Culprit {
    /// The shared limit was about to stop a call, as far as it is known. Says whether to believe that: a limit that
    /// was blamed wrongly once seems to be as low as its own pace, which nothing but a doubt now and then tells
    /// apart from the truth.
    pub(super) fn is_expected(&mut self) -> bool {
        self.expected = self.expected.saturating_add(1);
        self.expected < FIRST_DOUBT || !self.expected.is_power_of_two()
    }

    /// A call of `own`, sent at `sent`, got through what all of them share.
    pub(super) fn let_through(&mut self, sent: Duration) {
        self.stopped.retain(|(_, at)| *at > sent);
    }

    /// A call of `own`, sent at `sent`, was stopped. Says whether the shared limit is to blame.
    pub(super) fn stopped(&mut self, own: usize, sent: Duration) -> bool {
        self.stopped.retain(|(_, at)| sent.saturating_sub(*at) <= TOGETHER);
        let shared = self.stopped.iter().any(|(other, _)| *other != own);
        if self.stopped.len() == RECENT {
            self.stopped.pop_front();
        }
        self.stopped.push_back((own, sent));
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn one_operation_is_its_own_culprit() {
        let mut culprit = Culprit::default();
        for at in 0..20 {
            assert!(!culprit.stopped(1, ms(at * 10)));
        }
    }

    #[test]
    fn operations_that_stop_together_share_a_limit() {
        let mut culprit = Culprit::default();
        assert!(!culprit.stopped(1, ms(0)));
        assert!(culprit.stopped(2, ms(900)));
        assert!(culprit.stopped(1, ms(950)));
    }

    #[test]
    fn a_call_that_gets_through_acquits_what_they_share() {
        let mut culprit = Culprit::default();
        culprit.stopped(1, ms(0));
        culprit.let_through(ms(100));
        assert!(!culprit.stopped(2, ms(200)));
        // One that was sent before the refusal says nothing.
        culprit.let_through(ms(150));
        assert!(culprit.stopped(1, ms(300)));
    }

    #[test]
    fn what_is_long_ago_does_not_count() {
        let mut culprit = Culprit::default();
        culprit.stopped(1, ms(0));
        assert!(!culprit.stopped(2, ms(1_100)));
    }
}
