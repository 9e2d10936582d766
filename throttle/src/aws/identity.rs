//! The identity cache that admits: the one place where the SDK lets a user wait before a request is signed.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        identity::{IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver},
        interceptors::Intercept,
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

use super::{deadline::Deadlines, handoff::Handoff, handover, key, slot::Slot, timeout};
use crate::{Permit, Throttle};

/// After a wait of this length the credentials are asked for again: they may have expired in the queue.
const LONG: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The operation that an outer cache is about to admit.
    static ADMITTING: usize;
}

/// Admits an attempt once its identity is there.
#[derive(Debug)]
pub(crate) struct Admitting {
    inner: SharedIdentityCache,
    throttle: Arc<dyn Throttle>,
    /// Where a permit goes if no interceptor has made a slot for it.
    handoff: Option<Handoff>,
}

impl Admitting {
    pub(crate) fn new(
        inner: SharedIdentityCache,
        throttle: Arc<dyn Throttle>,
        handoff: Option<Handoff>,
    ) -> Self {
        Self { inner, throttle, handoff }
    }

    /// Whether this cache is the one to admit the attempt.
    fn claims(
        operation: usize,
        slot: Option<&Slot>,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> bool {
        let first = match slot {
            Some(slot) => slot.claim(),
            None => ADMITTING.try_with(|outer| *outer != operation).unwrap_or(true),
        };
        first && !handover::take_turn() && !presigns(components, cfg)
    }
}

impl ResolveCachedIdentity for Admitting {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        cfg: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let operation = operation_id(components);
        if let Some(handoff) = &self.handoff {
            handoff.clear(operation);
        }
        let slot = cfg.load::<Slot>();
        if !Self::claims(operation, slot, components, cfg) {
            return self.inner.resolve_cached_identity(resolver, components, cfg);
        }
        let deadlines = Deadlines::of(cfg);
        let admission = async move {
            // Credentials first: fetching them can take seconds, and a permit should not wait for it.
            let identity = self.inner.resolve_cached_identity(resolver.clone(), components, cfg).await?;
            let mut call = key::call(cfg, &identity);
            if let Some(at) = deadlines.operation {
                call = call.deadline(at);
            }
            let began = Instant::now();
            let permit = timeout::queued(deadlines.attempt, (*self.throttle).acquire(&call)).await?;
            let ends = deadlines.ends();
            let identity = if began.elapsed() < LONG {
                identity
            } else {
                self.inner.resolve_cached_identity(resolver, components, cfg).await?
            };
            match (slot, &self.handoff) {
                (Some(slot), _) => slot.fill(permit, ends),
                (None, Some(handoff)) => handoff.leave(operation, permit, call.service_name(), ends),
                (None, None) => sent_unseen(permit),
            }
            Ok(identity)
        };
        // With a slot, an inner cache finds the attempt claimed.
        if slot.is_some() {
            IdentityFuture::new(admission)
        } else {
            IdentityFuture::new(ADMITTING.scope(operation, admission))
        }
    }

    fn validate_final_config(&self, components: &RuntimeComponents, _: &ConfigBag) -> Result<(), BoxError> {
        // The inner cache's own validation cannot be reached through its shared handle; this is what the
        // lazy one, which panics otherwise, needs.
        if components.time_source().is_none() || components.sleep_impl().is_none() {
            return Err("a client under a throttle needs a time source and a sleep implementation".into());
        }
        Ok(())
    }
}

/// Tells operations that run at the same time apart: each has components of its own, in one place while it
/// runs.
pub(crate) fn operation_id(components: &RuntimeComponents) -> usize {
    std::ptr::from_ref(components).addr()
}

/// Nobody will see this request leave, nor how it ends.
fn sent_unseen(mut permit: Permit) {
    permit.sent();
}

/// The services, by the SDK's ids, some of whose operations can be presigned: the others need no look.
///
/// Source: `presigned` in the docs of the SDK's crates.
const PRESIGNED: [&str; 2] = ["S3", "Polly"];

/// A presigned request is given to the caller: whoever sends it, it is not this client.
fn presigns(components: &RuntimeComponents, cfg: &ConfigBag) -> bool {
    let service = cfg.load::<Metadata>().map_or("", Metadata::service);
    PRESIGNED.contains(&service)
        && components.interceptors().any(|it| it.name() == "SigV4PresigningInterceptor")
}
