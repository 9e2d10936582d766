//! [`Service`]: an EC2 that does nothing but limit, by the token buckets that AWS documents.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use tidegate_throttle::{Call, catalog::Catalog};
use tokio::time::Instant;

/// A token, in what a millionth of a token a second refills in a nanosecond.
const TOKEN: u128 = 1_000_000_000_000_000;

/// What EC2 answers a throttled call.
const REFUSAL: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
    <Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors>\
    <RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>";

/// A token bucket that begins full.
#[derive(Debug)]
pub(super) struct Bucket {
    /// In millionths of a token a second.
    refill: u64,
    burst: u32,
    level: u128,
    at: Duration,
}

impl Bucket {
    /// After how long a bucket lets the last of `calls` pass, if it is asked for all of them at once and again.
    pub(super) fn time_of(&self, calls: u32) -> Duration {
        let refilled = TOKEN * u128::from(calls.saturating_sub(self.burst));
        Duration::from_nanos_u128(refilled.div_ceil(u128::from(self.refill)))
    }

    fn take(&mut self, now: Duration) -> bool {
        let gained = now.saturating_sub(self.at).as_nanos() * u128::from(self.refill);
        self.at = self.at.max(now);
        self.level = (self.level + gained).min(TOKEN * u128::from(self.burst));
        let pays = self.level >= TOKEN;
        self.level -= if pays { TOKEN } else { 0 };
        pays
    }
}

/// The bucket that is documented for `call`.
pub(super) fn bucket(call: &Call) -> Bucket {
    let draws = Catalog::aws().draws(call);
    let [draw] = draws.as_slice() else { panic!("{call} draws from {} limits", draws.len()) };
    let Some(hint) = draw.hint else { panic!("no size of {} is documented", draw.limit) };
    let level = TOKEN * u128::from(hint.burst);
    Bucket { refill: hint.rate.as_micros_per_second(), burst: hint.burst, level, at: Duration::ZERO }
}

/// An EC2 that does nothing but limit.
#[derive(Clone, Debug)]
pub(super) struct Service(Arc<State>);

#[derive(Debug)]
struct State {
    began: Instant,
    reply: Duration,
    /// By action.
    buckets: HashMap<String, Mutex<Bucket>>,
    accepted: AtomicU32,
    throttled: AtomicU32,
}

impl Service {
    /// Answers these calls after `reply`.
    pub(super) fn new(calls: impl Iterator<Item = Call>, reply: Duration) -> Self {
        let buckets = calls.map(|call| (call.operation_name().to_owned(), Mutex::new(bucket(&call))));
        Self(Arc::new(State {
            began: Instant::now(),
            reply,
            buckets: buckets.collect(),
            accepted: AtomicU32::new(0),
            throttled: AtomicU32::new(0),
        }))
    }

    /// How many calls were let pass, and how many throttled.
    pub(super) fn counted(&self) -> (u32, u32) {
        (self.0.accepted.load(Ordering::Relaxed), self.0.throttled.load(Ordering::Relaxed))
    }

    async fn answer(self, action: String) -> HttpResponse {
        tokio::time::sleep(self.0.reply / 2).await;
        let Some(bucket) = self.0.buckets.get(&action) else { panic!("nobody asks for {action}") };
        let passes = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(self.0.began.elapsed());
        tokio::time::sleep(self.0.reply / 2).await;
        let (count, status, body) = if passes {
            (&self.0.accepted, 200_u16, "<Response/>")
        } else {
            (&self.0.throttled, 503, REFUSAL)
        };
        count.fetch_add(1, Ordering::Relaxed);
        match status.try_into() {
            Ok(status) => HttpResponse::new(status, SdkBody::from(body)),
            Err(error) => panic!("{error}"),
        }
    }
}

impl HttpClient for Service {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let action =
            body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned();
        let this = self.clone();
        HttpConnectorFuture::new(async move { Ok(this.answer(action).await) })
    }
}
