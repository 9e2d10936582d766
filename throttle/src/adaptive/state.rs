//! [`LimitState`]: what is known of one limit.

use std::time::Duration;

use crate::{
    Limit,
    limiter::{Hint, Rate},
};

/// What is known of one limit, and what is going on under it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LimitState {
    /// The limit.
    pub limit: Limit,
    /// What it refills, as far as it is known; `None` before the first throttle.
    pub rate: Option<Rate>,
    /// How many tokens it holds when full, as far as it is known.
    pub burst: Option<u64>,
    /// How many tokens it holds now, as far as it can be told.
    pub level: Option<u64>,
    /// What is documented of it.
    pub documented: Option<Hint>,
    /// How long nobody is admitted, because the service said so or the bucket is empty.
    pub paused: Option<Duration>,
    /// Callers that wait.
    pub queued: usize,
    /// Calls that were admitted and have not ended.
    pub in_flight: u64,
    /// Calls that the limit let through.
    pub accepted: u64,
    /// Calls that the limit stopped.
    pub throttled: u64,
    /// Calls of which nobody knows what came of them.
    pub unknown: u64,
    /// Calls that were refused a place in the queue, or left it for want of time.
    pub shed: u64,
}
