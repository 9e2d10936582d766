//! The interceptor of [`attach!`](crate::attach): a slot for each attempt, and the verdict on it.

use std::sync::Once;

use super::{Verdict, deadline::Began, details, key, reply, slot::Slot};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
        },
        orchestrator::Metadata,
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    config_bag::ConfigBag,
    retry::{RetryConfig, RetryMode},
};

/// Puts a slot into the bag for each attempt, and finishes the permit that admission left in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts;

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "tidegate_throttle::Attempts"
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Began::note(cfg);
        details::note(context.request(), cfg);
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        warn_of_adaptive_mode(cfg);
        slot_of_attempt(cfg);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A request that is signed in its query is presigned: it is given to the caller, and not sent.
        if !context.request().uri().contains("X-Amz-Signature=")
            && let Some(slot) = cfg.load::<Slot>()
        {
            slot.sent();
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(slot) = cfg.load::<Slot>() {
            slot.finish(verdict(context, cfg));
        }
        Ok(())
    }
}

/// The slot of the attempt that begins: the one that another layer has made for it, or a new one.
pub(crate) fn slot_of_attempt(cfg: &mut ConfigBag) -> Slot {
    let attempt = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
    match cfg.load::<Slot>() {
        Some(slot) if slot.attempt() == attempt => slot.clone(),
        _ => {
            let slot = Slot::new(attempt);
            cfg.interceptor_state().store_put(slot.clone());
            slot
        }
    }
}

/// How the attempt ended; nothing if there is no answer.
fn verdict(context: &FinalizerInterceptorContextRef<'_>, cfg: &ConfigBag) -> Option<Verdict> {
    let response = context.response()?;
    if matches!(context.output_or_error(), Some(Ok(_))) {
        return Some(Verdict::Accepted);
    }
    let service = cfg.load::<Metadata>().map_or_else(String::new, |it| key::service(it.service()));
    Some(reply::verdict(&service, response))
}

fn warn_of_adaptive_mode(cfg: &ConfigBag) {
    static WARNED: Once = Once::new();
    if cfg.load::<RetryConfig>().is_some_and(|it| it.mode() == RetryMode::Adaptive) {
        WARNED.call_once(|| {
            tracing::warn!(
                "a client under a throttle is in the SDK's adaptive retry mode, which paces it a second time: \
                 use the standard mode"
            );
        });
    }
}
