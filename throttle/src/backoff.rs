//! [`Delays`]: a bridge from the policies of the crate `backoff`.
//!
//! `backoff` is unmaintained (RUSTSEC-2025-0012), and so is `instant` on which it stands (RUSTSEC-2024-0384).
//! The bridge is for services that have a policy of it and want to keep it for now; its successor is
//! `backon`, whose policies are iterators of delays and need no bridge.

use std::time::Duration;

use ::backoff::backoff::Backoff;

/// The delays of a `backoff` policy, for [`retry`](crate::retry) and whatever else takes an iterator of them.
///
/// They end when the policy gives none. An `ExponentialBackoff` does after its `max_elapsed_time`, 15 minutes
/// by default, which it counts from [`new`](Self::new) on, by the system's clock.
///
/// ```
/// use std::time::Duration;
/// use backoff::ExponentialBackoff;
/// use tidegate_throttle::backoff::Delays;
///
/// let policy = ExponentialBackoff {
///     initial_interval: Duration::from_millis(100),
///     randomization_factor: 0.0,
///     multiplier: 2.0,
///     ..ExponentialBackoff::default()
/// };
/// let delays: Vec<_> = Delays::new(policy.clone()).take(3).map(|delay| delay.as_millis()).collect();
/// assert_eq!(delays, [100, 200, 400]);
/// ```
#[derive(Clone, Debug)]
pub struct Delays<B>(B);

impl<B: Backoff> Delays<B> {
    /// The delays of `policy` from its start: it is reset.
    pub fn new(mut policy: B) -> Self {
        policy.reset();
        Self(policy)
    }
}

impl<B: Backoff> Iterator for Delays<B> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next_backoff()
    }
}
