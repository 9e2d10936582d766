//! [`Fetch`]: what a mirror makes its calls with.

use std::sync::{Arc, Mutex, PoisonError};

use tidegate_throttle::{Blame, Call, Outcome, Permit, Refused, Throttle, Ticket};
use tokio::time::Instant;

use crate::{Api, Scope, calls::Calls};

/// What a mirror makes its calls with: where they go, and a throttle whose first permit has been waited for already.
///
/// Every call takes a permit from it, the first of a fetch too: `aws::send(cx, &cx.call(API), || …)` does so for an
/// operation of an SDK client, and `cx.acquire(&cx.call(API))` for anything else.
#[derive(Debug)]
pub struct Fetch {
    scope: Scope,
    group: Option<Arc<str>>,
    /// What was acquired before the batch was closed, and for what.
    first: Mutex<Option<(Call, Permit)>>,
    throttle: Arc<dyn Throttle>,
    calls: Arc<Calls>,
}

impl Fetch {
    pub(crate) fn new(
        scope: Scope,
        group: Option<Arc<str>>,
        first: Option<(Call, Permit)>,
        throttle: Arc<dyn Throttle>,
        calls: Arc<Calls>,
    ) -> Self {
        Self { scope, group, first: Mutex::new(first), throttle, calls }
    }

    /// Where the call goes.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The key of the resource whose list it is, for plans that are [within](crate::Plan::within) another type; else
    /// empty.
    #[must_use]
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// A call of an API in this scope.
    #[must_use]
    pub fn call(&self, api: Api) -> Call {
        call(&self.scope, api)
    }
}

/// A call of an API in a scope.
pub(crate) fn call(scope: &Scope, api: Api) -> Call {
    let call = Call::new(api.service(), api.operation()).account(scope.account().to_owned());
    match scope.region() {
        Some(region) => call.region(region.to_owned()),
        None => call,
    }
}

#[async_trait::async_trait]
impl Throttle for Fetch {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let permit = match first {
            Some((known, permit)) if known == *call => permit,
            // A permit for another call goes back.
            _ => self.throttle.acquire(call).await?,
        };
        let counted = Counted { permit, call: call.clone(), calls: Arc::clone(&self.calls) };
        Ok(Permit::new(counted))
    }
}

/// A permit whose use is counted.
struct Counted {
    permit: Permit,
    call: Call,
    calls: Arc<Calls>,
}

impl Ticket for Counted {
    fn sent(&mut self) {
        self.permit.sent();
        self.calls.sent(&self.call);
    }

    fn expires(&mut self, at: Instant) {
        self.permit.expires(at);
    }

    fn blame(&mut self, blame: Blame) {
        self.permit.blame(blame);
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        if matches!(outcome, Outcome::Throttled { .. }) {
            self.calls.throttled(&self.call);
        }
        self.permit.finish(outcome);
    }
}
