//! [`ThrottleLayer`]: a [`Throttle`] around any `tower` service.

use std::{error::Error, fmt, future::Future, mem, pin::Pin, task::Context, task::Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::{Call, Outcome, Throttle};

type BoxError = Box<dyn Error + Send + Sync>;

/// Puts a throttle around a service: each request waits for a permit before the service is called.
///
/// `call` says which limit a request falls under, `judge` what an answer says of that limit. Layers outside
/// of it see the wait, layers inside do not: a timeout outside bounds it, and a retry outside is admitted anew
/// for each attempt, as it should be.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::io;
/// use tidegate_throttle::{Adaptive, Call, Outcome, tower::ThrottleLayer};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// let layer = ThrottleLayer::new(
///     Adaptive::new(),
///     |_invoice: &u32| Call::new("billing", "GetInvoice"),
///     |result: &Result<u16, io::Error>| match result {
///         Ok(429) => Outcome::Throttled { retry_after: None },
///         Ok(_) => Outcome::Accepted,
///         Err(_) => Outcome::Unknown,
///     },
/// );
/// let mut billing = ServiceBuilder::new()
///     .layer(layer)
///     .service(service_fn(async |_invoice: u32| Ok::<u16, io::Error>(200)));
///
/// assert_eq!(billing.ready().await?.call(7).await?, 200);
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(()) }).map_err(|error| error.to_string())?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ThrottleLayer<T, C, J> {
    throttle: T,
    call: C,
    judge: J,
}

impl<T, C, J> ThrottleLayer<T, C, J> {
    /// Admits by `throttle`; all services that the layer makes share it, as its clones do.
    pub fn new<R, A, E>(throttle: T, call: C, judge: J) -> Self
    where
        T: Throttle + Clone + 'static,
        C: Fn(&R) -> Call,
        J: Fn(&Result<A, E>) -> Outcome,
    {
        Self { throttle, call, judge }
    }
}

impl<S, T: Clone, C: Clone, J: Clone> Layer<S> for ThrottleLayer<T, C, J> {
    type Service = ThrottleService<S, T, C, J>;

    fn layer(&self, inner: S) -> Self::Service {
        ThrottleService { inner, layer: self.clone() }
    }
}

impl<T: fmt::Debug, C, J> fmt::Debug for ThrottleLayer<T, C, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer").field("throttle", &self.throttle).finish_non_exhaustive()
    }
}

/// A service under a throttle: see [`ThrottleLayer`], which makes it.
///
/// It is ready when the service inside is. That service is held ready while the request waits for its permit,
/// so a request that waits keeps its place in a `Buffer` or a `ConcurrencyLimit` inside. The permit is finished
/// when the head of the answer is there; a body that streams after it is not waited for.
///
/// # Errors
///
/// The service's own, or [`Refused`](crate::Refused) if the throttle will not admit the request; both boxed.
///
/// # Cancel safety
///
/// Dropping the response's future leaves the queue, or gives the request in flight up: its effect is then
/// unknown, and its permit is dropped.
#[derive(Clone)]
pub struct ThrottleService<S, T, C, J> {
    inner: S,
    layer: ThrottleLayer<T, C, J>,
}

impl<R, S, T, C, J> Service<R> for ThrottleService<S, T, C, J>
where
    R: Send + 'static,
    S: Service<R, Error: Into<BoxError> + Send, Response: Send, Future: Send> + Clone + Send + 'static,
    T: Throttle + Clone + 'static,
    C: Fn(&R) -> Call,
    J: Fn(&Result<S::Response, S::Error>) -> Outcome + Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let call = (self.layer.call)(&request);
        let ThrottleLayer { throttle, judge, .. } = &self.layer;
        let (throttle, judge) = (throttle.clone(), judge.clone());
        // The clone has not been polled ready; the service that has been goes with the request.
        let next = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let mut permit = throttle.acquire(&call).await?;
            permit.sent();
            let result = ready.call(request).await;
            permit.finish(judge(&result));
            result.map_err(Into::into)
        })
    }
}

impl<S: fmt::Debug, T: fmt::Debug, C, J> fmt::Debug for ThrottleService<S, T, C, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleService").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}
