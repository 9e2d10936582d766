//! [`Event`]: what happens to limits and their callers, as it happens.

use std::{error::Error, time::Duration};

use crate::{Limit, Outcome, Priority, limiter::Rate};

/// What happens to limits and their callers, as it happens: for logs, metrics and alarms.
///
/// Events come on the task that caused them, outside of every lock; whoever listens should be quick.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call was admitted.
    Admitted {
        /// The narrowest limit that it draws from.
        limit: &'a Limit,
        /// How it was queued.
        priority: Priority,
        /// How long it waited.
        waited: Duration,
    },
    /// A call ended. One that draws from several limits ends once for each.
    Finished {
        /// The limit.
        limit: &'a Limit,
        /// How it ended for this limit.
        outcome: Outcome,
        /// The time since it was admitted.
        took: Duration,
    },
    /// The rate of a limit was learnt, or learnt anew.
    Learnt {
        /// The limit.
        limit: &'a Limit,
        /// What it refills.
        rate: Rate,
    },
    /// The service asked for a pause, and every caller of the limit makes it.
    Paused {
        /// The limit.
        limit: &'a Limit,
        /// How long.
        pause: Duration,
    },
    /// A call was refused rather than queued, or after it had been queued for too long.
    Shed {
        /// The limit whose queue it was.
        limit: &'a Limit,
        /// How it was queued.
        priority: Priority,
        /// When it is worth trying again, as far as that is known.
        retry_after: Option<Duration>,
    },
    /// The coordinator could not be asked about a limit: this process goes on with the share that it has.
    Alone {
        /// The limit.
        limit: &'a Limit,
        /// Why.
        error: &'a (dyn Error + Send + Sync + 'static),
    },
}
