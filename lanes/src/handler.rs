//! [`Handler`]: what is done with an item.

use std::{future::Future, time::Duration};

use crate::{Envelope, Failure};

/// What is done with an item. Every `Fn(T, Attempt) -> impl Future<Output = Result<(), Failure>>` is one.
///
/// # Contract
///
/// - An item may be handled more than once: after a failure, after a crash.
/// - A panic is a failure like any other.
/// - Futures are polled on the task of the lanes: they share one core. What computes for long belongs into a task
///   of its own, on which the handler waits.
pub trait Handler<T> {
    /// What runs.
    type Future: Future<Output = Result<(), Failure>>;

    /// Begins an attempt at an item.
    fn handle(&self, item: T, attempt: Attempt) -> Self::Future;
}

impl<T, F, Fut> Handler<T> for F
where
    F: Fn(T, Attempt) -> Fut,
    Fut: Future<Output = Result<(), Failure>>,
{
    type Future = Fut;

    fn handle(&self, item: T, attempt: Attempt) -> Fut {
        self(item, attempt)
    }
}

/// What lanes carry: cheap to clone, as each attempt gets a clone, and with a dead letter to its name.
///
/// ```
/// use bytes::Bytes;
/// use tidegate_lanes::{Envelope, Item};
///
/// #[derive(Clone)]
/// struct Order {
///     number: u64,
///     customer: String,
///     body: Bytes,
/// }
///
/// impl Item for Order {
///     fn envelope(&self) -> Envelope {
///         Envelope::new("orders", self.number.to_string(), self.body.clone()).key(&self.customer)
///     }
/// }
/// ```
pub trait Item: Clone {
    /// The item as a dead letter: where it is from, and all that it takes to replay it.
    fn envelope(&self) -> Envelope;
}

/// Which attempt at an item this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
    age: Duration,
}

impl Attempt {
    pub(crate) const FIRST: Self = Self { number: 1, age: Duration::ZERO };

    pub(crate) fn again(failed: u32, age: Duration) -> Self {
        Self { number: failed.saturating_add(1), age }
    }

    /// From 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// How long ago the first attempt began.
    #[must_use]
    pub fn age(self) -> Duration {
        self.age
    }
}
