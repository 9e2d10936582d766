//! [`Deadlines`]: when the SDK gives an operation and its attempts up.

use std::time::Duration;

use aws_smithy_types::{
    config_bag::{ConfigBag, Storable, StoreReplace},
    timeout::TimeoutConfig,
};
use tokio::time::Instant;

/// When an operation with a timeout began, to which its timeout is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Began {
    /// Writes down that the operation begins, if it has a timeout.
    pub(crate) fn note(cfg: &mut ConfigBag) {
        if cfg.load::<TimeoutConfig>().is_some_and(|it| it.operation_timeout().is_some()) {
            cfg.interceptor_state().store_put(Self(Instant::now()));
        }
    }
}

/// When the SDK gives an operation and its attempts up. A timeout that is too long for the clock is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadlines {
    /// How long an attempt may take, from when it leaves the queue.
    pub(crate) attempt: Option<Duration>,
    /// When the operation is given up, be it in the queue.
    pub(crate) operation: Option<Instant>,
}

impl Deadlines {
    /// Those of the attempt that begins now. Where nobody has noted when the operation began, that is now.
    pub(crate) fn of(cfg: &ConfigBag) -> Self {
        let Some(timeouts) = cfg.load::<TimeoutConfig>() else { return Self::default() };
        let operation = timeouts.operation_timeout().and_then(|timeout| {
            cfg.load::<Began>().map_or_else(Instant::now, |it| it.0).checked_add(timeout)
        });
        Self { attempt: timeouts.operation_attempt_timeout(), operation }
    }

    /// When an attempt that leaves the queue now is given up.
    pub(crate) fn ends(self) -> Option<Instant> {
        let attempt = self.attempt.and_then(|timeout| Instant::now().checked_add(timeout));
        attempt.into_iter().chain(self.operation).min()
    }
}
