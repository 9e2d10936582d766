//! [`Service`]: takes numbers, as fast as it is told to.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

/// Takes numbers, on a port of its own.
pub(crate) struct Service {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    taken: Vec<usize>,
    /// Records a second.
    limit: Option<u32>,
    /// The tokens of that limit, and when they were counted.
    bucket: Option<(f64, Instant)>,
    /// Each so many requests one fails, and one has no answer.
    stumble: Option<u64>,
    refuse: BTreeSet<usize>,
    asked: u64,
    throttled: u64,
    at_once: usize,
    most_at_once: usize,
}

enum Verdict {
    Answer(StatusCode),
    Silence,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, state) = (listener.local_addr().unwrap().port(), Arc::<Mutex<State>>::default());
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/orders?from=stream", self.port)
    }

    pub(crate) fn limit(&self, records: u32) {
        self.lock().limit = Some(records);
    }

    pub(crate) fn stumble(&self, each: u64) {
        self.lock().stumble = Some(each);
    }

    pub(crate) fn refuse(&self, numbers: impl IntoIterator<Item = usize>) {
        self.lock().refuse.extend(numbers);
    }

    /// What it took, in order.
    pub(crate) fn taken(&self) -> Vec<usize> {
        self.lock().taken.clone()
    }

    /// Requests, and those of them that were throttled.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.asked, state.throttled)
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn take(&mut self, number: usize, now: Instant) -> Verdict {
        self.asked += 1;
        if let Some(limit) = self.limit.map(f64::from) {
            let (tokens, at) = self.bucket.unwrap_or((limit / 10.0, now));
            let tokens = (tokens + limit * (now - at).as_secs_f64()).min(limit / 10.0);
            if tokens < 1.0 {
                self.bucket = Some((tokens, now));
                self.throttled += 1;
                return Verdict::Answer(StatusCode::TOO_MANY_REQUESTS);
            }
            self.bucket = Some((tokens - 1.0, now));
        }
        let place = self.stumble.map_or(u64::MAX, |each| self.asked % each);
        if place == 0 {
            return Verdict::Answer(StatusCode::BAD_GATEWAY);
        }
        if self.refuse.contains(&number) {
            return Verdict::Answer(StatusCode::UNPROCESSABLE_ENTITY);
        }
        self.taken.push(number);
        if place == 1 { Verdict::Silence } else { Verdict::Answer(StatusCode::NO_CONTENT) }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A connection that a client gives up is none of the test's concern.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), ("POST", "/orders?from=stream"));
    assert_eq!(header("authorization"), "Bearer key");
    let identity = format!("orders:{}:{}", header("x-sequence-number"), header("x-sub-sequence-number"));
    assert_eq!(header("idempotency-key"), identity);
    let body = body.collect().await?.to_bytes();
    let number: usize = str::from_utf8(&body).unwrap().parse().unwrap();
    assert!(
        header("x-partition-key") == format!("key%20{}", number % super::KEYS)
            || header("x-partition-key") == "late"
    );
    {
        let mut state = state.lock().unwrap();
        state.at_once += 1;
        state.most_at_once = state.most_at_once.max(state.at_once);
    }
    let guard = AtOnce(Arc::clone(&state));
    sleep(Duration::from_millis(5)).await;
    let verdict = state.lock().unwrap().take(number, Instant::now());
    let status = match verdict {
        Verdict::Answer(status) => status,
        Verdict::Silence => std::future::pending().await,
    };
    drop(guard);
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

/// A request that is being answered, until it is dropped.
struct AtOnce(Arc<Mutex<State>>);

impl Drop for AtOnce {
    fn drop(&mut self) {
        self.0.lock().unwrap().at_once -= 1;
    }
}
