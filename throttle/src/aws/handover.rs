//! A permit that was acquired before its call, handed to the call.

use std::{
    cell::Cell,
    fmt,
    future::Future,
    sync::{Mutex, PoisonError},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use super::{
    deadline::Deadlines,
    interceptor::{Attempts, slot_of_attempt},
};
use crate::Permit;

tokio::task_local! {
    /// Whether [`send`](super::send) has admitted the attempt that comes next in this task.
    static ADMITTED: Cell<bool>;
}

/// Runs an operation whose first attempt has been admitted by the caller.
pub(crate) fn admitted<F: Future>(operation: F) -> impl Future<Output = F::Output> {
    ADMITTED.scope(Cell::new(true), operation)
}

/// Whether the attempt that asks was admitted outside of the client: once for each call of [`admitted`].
pub(crate) fn take_turn() -> bool {
    ADMITTED.try_with(|admitted| admitted.replace(false)).unwrap_or(false)
}

/// Lets the first attempt of one operation spend `permit`, which was acquired beforehand.
///
/// For callers that must know before they build the request whether it may be sent. Retries acquire anew
/// if the client is [attached](crate::attach); on a client that is not, switch them
/// [off](super::no_retries).
///
/// ```
/// # async fn of(client: &aws_sdk_kinesis::Client, throttle: &dyn tidegate_throttle::Throttle)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use tidegate_throttle::{Call, aws};
///
/// let permit = throttle.acquire(&Call::new("kinesis", "DescribeLimits")).await?;
/// let limits = client.describe_limits().customize().interceptor(aws::with_permit(permit)).send().await?;
/// # let _ = limits;
/// # Ok(())
/// # }
/// ```
#[must_use = "a permit that is dropped at once admits nothing"]
pub fn with_permit(permit: Permit) -> HandedPermit {
    HandedPermit(Mutex::new(Some(permit)))
}

/// The interceptor that [`with_permit`] makes.
pub struct HandedPermit(Mutex<Option<Permit>>);

impl fmt::Debug for HandedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandedPermit")
    }
}

impl Intercept for HandedPermit {
    fn name(&self) -> &'static str {
        "tidegate_throttle::HandedPermit"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Every attempt gets a slot, so that retries are finished as the first one is.
        let slot = slot_of_attempt(cfg);
        if let Some(permit) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            slot.fill(permit, Deadlines::of(cfg).ends());
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The client's own interceptor may have done so already, if it has one.
        Attempts.read_before_transmit(context, components, cfg)
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Attempts.read_after_attempt(context, components, cfg)
    }
}
