//! [`Requester`]: sends one request until it has an answer that stands.

pub(crate) mod backoff;
mod fault;

use std::{
    future::{Future, poll_fn},
    num::NonZeroU32,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use tidegate_throttle::{Call, Permit, Refused, Throttle, aws};
use tokio::time::{sleep, timeout};

use self::backoff::Backoff;
pub(crate) use self::fault::{Cause, Fault};
use crate::{
    Location,
    counters::{Counters, Kind},
    stop::Stop,
};

/// Sends requests: each admitted by the throttle, counted, and sent again while that can help.
#[derive(Debug)]
pub(crate) struct Requester {
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) attempts: NonZeroU32,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: Arc<Stop>,
}

/// How one kind of request is sent.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) kind: Kind,
    pub(crate) call: Call,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// Whether it is sent, and sent again, even if the clone is to stop.
    pub(crate) until_done: bool,
    /// Whether it is never sent again after a failure: it is not the same twice.
    once: bool,
    /// The buckets that are expected to belong to an account, and these: a refusal does not say so.
    owners: Vec<(String, String)>,
}

impl Manner {
    pub(crate) fn new(kind: Kind, operation: &'static str, location: &Location, timeout: Duration) -> Self {
        let region = location.client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("s3", operation).region(region).resource(location.bucket.clone());
        Self {
            kind,
            call,
            timeout,
            until_done: false,
            once: false,
            owners: location.owned().into_iter().collect(),
        }
    }

    /// The same, never sent again after a failure that is no throttle.
    pub(crate) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The same for a request that has to do with another location too.
    pub(crate) fn from(mut self, location: &Location) -> Self {
        self.owners.extend(location.owned());
        self
    }

    pub(crate) fn until_done(self) -> Self {
        Self { until_done: true, ..self }
    }

    /// Allows more time for a request that moves `bytes`.
    pub(crate) fn longer_for(&self, bytes: u64) -> Duration {
        /// Slower than any copy within S3 was seen to be, in bytes a second.
        const SLOWEST: u64 = 4 << 20;
        self.timeout + Duration::from_secs(bytes / SLOWEST)
    }

    /// Says of a refusal what it may be about.
    fn explain(&self, mut fault: Fault) -> Fault {
        // The answer to a HEAD has no code.
        if matches!(&*fault.code, "AccessDenied" | "Http403") {
            for (bucket, account) in &self.owners {
                let owner = format!("; the bucket {bucket} is expected to belong to the account {account}");
                fault.message.push_str(&owner);
            }
        }
        fault
    }
}

impl Requester {
    /// Sends the request that `operation` makes until it succeeds, fails for good, or was tried as often as
    /// may be. Throttles do not count as tries.
    ///
    /// # Cancel safety
    ///
    /// Dropped, at most one request of unknown effect is left.
    pub(crate) async fn send<T, E, F>(
        &self,
        manner: &Manner,
        operation: impl FnMut() -> F,
    ) -> Result<T, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.send_within(manner, manner.timeout, operation).await
    }

    /// [`Self::send`] with another timeout for each attempt.
    pub(crate) async fn send_within<T, E, F>(
        &self,
        manner: &Manner,
        limit: Duration,
        operation: impl FnMut() -> F,
    ) -> Result<T, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.send_reading(manner, limit, operation, Some).await
    }

    /// [`Self::send_within`] for an answer that says something: one of which `read` makes nothing was cut
    /// off, or is no answer, and the request is sent again.
    pub(crate) async fn send_reading<T, U, E, F>(
        &self,
        manner: &Manner,
        limit: Duration,
        operation: impl FnMut() -> F,
        read: impl Fn(T) -> Option<U>,
    ) -> Result<U, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut maybe_done = false;
        let mut result = self.send_noting(manner, limit, &mut maybe_done, operation, read).await;
        if let Err(fault) = &mut result {
            fault.maybe_done = maybe_done;
        }
        result
    }

    /// [`Self::send_reading`], which notes whether an attempt that failed may have had its effect, even if a
    /// later one succeeded.
    pub(crate) async fn send_noting<T, U, E, F>(
        &self,
        manner: &Manner,
        limit: Duration,
        maybe_done: &mut bool,
        mut operation: impl FnMut() -> F,
        read: impl Fn(T) -> Option<U>,
    ) -> Result<U, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut backoff = Backoff::default();
        for attempt in 1.. {
            let result = self.attempt(manner, limit, &mut operation).await;
            let fault = match result {
                Some(Ok(output)) => match read(output) {
                    Some(read) => return Ok(read),
                    None => Fault::illegible(),
                },
                Some(Err(error)) => manner.explain(Fault::of(error)),
                None => Fault::stopped(),
            };
            *maybe_done |= fault.maybe_done;
            if fault.cause != Cause::Transient || manner.once || attempt >= self.attempts.get() {
                return Err(fault);
            }
            if !manner.until_done && self.stop.is_wished() {
                return Err(Fault::stopped());
            }
            self.counters.retries.fetch_add(1, Relaxed);
            let delay = sleep(backoff.next());
            if manner.until_done {
                delay.await;
            } else {
                tokio::select! {
                    () = delay => {}
                    () = self.stop.wished() => return Err(Fault::stopped()),
                }
            }
        }
        // `1..` has no end.
        Err(Fault::stopped())
    }

    /// One attempt, after as many throttles as it takes; none if the clone is to stop while it waits for its
    /// admission. What has been sent is waited for.
    async fn attempt<T, E, F>(
        &self,
        manner: &Manner,
        limit: Duration,
        operation: &mut impl FnMut() -> F,
    ) -> Option<Result<T, SdkError<E, HttpResponse>>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        if !manner.until_done && self.stop.is_wished() {
            return None;
        }
        let sending = AtomicBool::new(false);
        let patient = Patient { inner: &*self.throttle, pause: Mutex::new(None) };
        let mut sent = 0_u64;
        let mut throttled = Backoff::default();
        let result = {
            let mut admitted = pin!(aws::send(&patient, &manner.call, || {
                // All attempts but the last were throttled.
                if sent > 0 {
                    self.counters.throttled.fetch_add(1, Relaxed);
                }
                sent += 1;
                if sent > 1 {
                    patient.wait_longer(throttled.next());
                }
                self.counters.sent(manner.kind);
                sending.store(true, Relaxed);
                // Boxed, for it is large, and the futures around it would hold it more than once.
                let (sending, answer) = (&sending, timeout(limit, Box::pin(operation())));
                async move {
                    let answer = answer.await;
                    sending.store(false, Relaxed);
                    match answer {
                        Ok(answer) => answer,
                        Err(elapsed) => Err(SdkError::timeout_error(elapsed)),
                    }
                }
            }));
            let mut stop = pin!(self.stop.wished());
            let mut stopping = manner.until_done;
            poll_fn(|context| {
                if let Poll::Ready(result) = admitted.as_mut().poll(context) {
                    return Poll::Ready(Some(result));
                }
                stopping = stopping || stop.as_mut().poll(context).is_ready();
                if stopping && !manner.until_done && !sending.load(Relaxed) {
                    return Poll::Ready(None);
                }
                Poll::Pending
            })
            .await
        };
        if result.is_none() && sent > 0 {
            self.counters.throttled.fetch_add(1, Relaxed);
        }
        result
    }
}

/// A throttle whose caller waits before it asks again: one that does not pace would have a request refused
/// over and over.
#[derive(Debug)]
struct Patient<'a> {
    inner: &'a dyn Throttle,
    pause: Mutex<Option<Duration>>,
}

impl Patient<'_> {
    fn wait_longer(&self, pause: Duration) {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(pause);
    }
}

#[async_trait]
impl Throttle for Patient<'_> {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pause) = pause {
            sleep(pause).await;
        }
        self.inner.acquire(call).await
    }
}
