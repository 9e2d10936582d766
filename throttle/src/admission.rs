//! Admission: what every piece of the family asks before it calls AWS.
//!
//! This module imports nothing from its siblings, so that an implementation of your own needs nothing
//! but it.

mod blame;
mod call;
mod permit;
mod priority;
mod unlimited;

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;

pub use self::{
    blame::{Blame, QuotaCode},
    call::{Call, Class},
    permit::{Outcome, Permit, Ticket},
    priority::Priority,
    unlimited::Unlimited,
};

/// Decides when a call may be sent, and learns from how it ended.
///
/// Every piece of the family takes any implementation: [`Adaptive`](crate::Adaptive), [`Unlimited`],
/// or yours.
///
/// # Contract
///
/// - **A permit is one attempt.** A retry acquires anew, because AWS counts it anew.
/// - **Live.** As long as permits are finished or dropped, every `acquire` ends.
/// - **Independent.** A throttle on one limit does not stop calls under another.
/// - **Ordered.** Calls under one limit are admitted in the order in which they began to wait, as far as
///   the implementation orders them at all.
/// - **Honest about time.** A call with a [deadline](Call::deadline) that cannot be met may be refused at once, and
///   one that can be met is not.
/// - **Cancel safe.** A dropped `acquire` leaves the queue, and what had been set aside for it goes to the
///   next in line.
///
/// [`conformance`](crate::conformance) tests an implementation against all of it.
#[async_trait]
pub trait Throttle: fmt::Debug + Send + Sync {
    /// Waits until `call` may be sent.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the implementation will not admit the call, however long it waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue; no permit is lost.
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused>;
}

/// What [`Throttle::acquire`] gives, as `async-trait` spells it.
type Acquiring<'a> = Pin<Box<dyn Future<Output = Result<Permit, Refused>> + Send + 'a>>;

macro_rules! forward {
    ($($wrapper:ty),+) => {$(
        impl<T: Throttle + ?Sized> Throttle for $wrapper {
            // By hand, since `async fn` would put the future into a second box.
            fn acquire<'this, 'call, 'both>(&'this self, call: &'call Call) -> Acquiring<'both>
            where
                'this: 'both,
                'call: 'both,
                Self: 'both,
            {
                (**self).acquire(call)
            }
        }
    )+};
}

forward!(&T, Box<T>, Arc<T>);

/// A throttle will not admit a call: the call was not sent.
#[derive(Debug)]
pub struct Refused {
    reason: Box<dyn Error + Send + Sync>,
    retry_after: Option<Duration>,
}

impl Refused {
    /// Refuses with a reason, for implementations of [`Throttle`].
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { reason: reason.into(), retry_after: None }
    }

    /// Says when it is worth asking again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// When it is worth asking again, if the throttle can tell.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the throttle refused the call")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.reason)
    }
}
