//! [`Requests`]: one request of a lease table, until it has an answer that stands.

use std::{
    error::Error,
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use tidegate_throttle::{
    Call, Throttle,
    aws::{self, Verdict},
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::lease::Unavailable;

/// How often a request is sent, throttles not counted.
pub(super) const TRIES: u32 = 3;
/// Before the second time it is sent; before the third, twice this.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends the requests of one table: each admitted by the throttle, and answered in time or not at all.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    pub(super) client: Client,
    pub(super) throttle: Arc<dyn Throttle>,
    /// Whether writes are admitted by the throttle, too.
    pub(super) paces_writes: bool,
    /// How long one request may take, with all that it waits for.
    pub(super) patience: Duration,
}

/// A request under way: it has a time to end at, and remembers whether an attempt may have had its effect.
pub(super) struct Request<'a> {
    requests: &'a Requests,
    call: Call,
    table: &'a str,
    is_paced: bool,
    until: Instant,
    /// Whether an attempt that has no answer may have had its effect.
    pub(super) maybe_done: bool,
}

/// Why a request has no answer that it was sent for.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// The service refused it.
    Refused(E, Unavailable),
    /// To send it again can help.
    Transient(Unavailable),
    /// It does not, or there is no time for it.
    Final(Unavailable),
}

impl<E> Failure<E> {
    pub(super) fn into_unavailable(self) -> Unavailable {
        match self {
            Self::Refused(_, why) | Self::Transient(why) | Self::Final(why) => why,
        }
    }
}

impl Requests {
    pub(super) fn begin<'a>(
        &'a self,
        operation: &'static str,
        table: &'a str,
        direction: Direction,
    ) -> Request<'a> {
        let region = self.client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("dynamodb", operation).region(region);
        let call = match direction {
            Direction::Control => call,
            // As the throttle's own seam names them.
            Direction::Read => call.resource(format!("{table}/read")),
            Direction::Write => call.resource(format!("{table}/write")),
        };
        Request {
            requests: self,
            call,
            table,
            is_paced: self.paces_writes || direction != Direction::Write,
            until: Instant::now() + self.patience,
            maybe_done: false,
        }
    }
}

/// Which of a table's limits a request falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
    Control,
}

impl Request<'_> {
    /// Sends it until the service answers, or refuses it; only so often, and so long.
    pub(super) async fn send<T, E, F>(&mut self, operation: impl FnMut() -> F) -> Result<T, Failure<E>>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.send_up_to(TRIES, operation).await
    }

    /// [`Self::send`], `tries` times at most.
    pub(super) async fn send_up_to<T, E, F>(
        &mut self,
        tries: u32,
        mut operation: impl FnMut() -> F,
    ) -> Result<T, Failure<E>>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let mut pause = PAUSE;
        for _ in 1..tries {
            match self.send_once(&mut operation).await {
                Err(Failure::Transient(_)) if Instant::now() + pause < self.until => sleep(pause).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.send_once(operation).await
    }

    /// Sends it once, throttles not counted.
    #[allow(clippy::result_large_err, reason = "the SDK's own error, between two of its calls")]
    async fn send_once<T, E, F>(&mut self, mut operation: impl FnMut() -> F) -> Result<T, Failure<E>>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        // So that the last try has as much time as the first.
        let patience = self.requests.patience / (TRIES + 1);
        if !self.is_paced {
            let patience = patience.min(self.until.saturating_duration_since(Instant::now()));
            let answer = timeout(patience, Box::pin(operation())).await;
            let answer = answer.unwrap_or_else(|elapsed| Err(SdkError::timeout_error(elapsed)));
            return match aws::verdict(self.call.service_name(), &answer) {
                Verdict::Rate { .. } | Verdict::HotKey => {
                    Err(Failure::Final(self.unavailable("throttled").throttled()))
                }
                _ => answer.map_err(|error| self.failure(error)),
            };
        }
        let under_way = AtomicBool::new(false);
        let sent = aws::send(&*self.requests.throttle, &self.call, || {
            under_way.store(true, Relaxed);
            // Boxed, for it is large, and the futures around it would hold it more than once.
            let answer = timeout(patience, Box::pin(operation()));
            let under_way = &under_way;
            async move {
                let answer = answer.await.unwrap_or_else(|elapsed| Err(SdkError::timeout_error(elapsed)));
                under_way.store(false, Relaxed);
                answer
            }
        });
        match timeout_at(self.until, sent).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) if under_way.load(Relaxed) => {
                self.maybe_done = true;
                Err(Failure::Final(self.unavailable("no answer in time")))
            }
            Err(_) => Err(Failure::Final(self.unavailable("throttled for too long").throttled())),
        }
    }

    fn failure<E>(&mut self, error: SdkError<E, HttpResponse>) -> Failure<E>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let unanswered = match &error {
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
            SdkError::DispatchFailure(failure) => !failure.is_user(),
            SdkError::ServiceError(service) => service.raw().status().is_server_error(),
            _ => false,
        };
        if unanswered {
            self.maybe_done = true;
            let why = error.code().unwrap_or("no answer").to_owned();
            return Failure::Transient(self.unavailable(&why).because(error));
        }
        let code = error.code().unwrap_or("not sent").to_owned();
        let message = error.message().map(|message| format!("{code}: {message}")).unwrap_or(code);
        match error {
            SdkError::ServiceError(service) => {
                Failure::Refused(service.into_err(), self.unavailable(&message))
            }
            error => Failure::Final(self.unavailable(&message).because(error)),
        }
    }

    fn unavailable(&self, why: impl fmt::Display) -> Unavailable {
        let (operation, table) = (self.call.operation_name(), self.table);
        Unavailable::new(format!("{operation} of table {table} failed: {why}"))
    }

    /// That it cannot be told whether it was done.
    pub(super) fn unknown(&self) -> Unavailable {
        self.unavailable("its answer was lost, and others have written since")
    }
}
