//! A throttle that writes down what it is asked, and an AWS that answers from a script.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, future},
};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::TimeSource,
};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{
    body::SdkBody,
    byte_stream::ByteStream,
    retry::{RetryConfig, RetrySpec},
};
use aws_types::{SdkConfig, region::Region};
use tidegate_throttle::{Blame, Call, Outcome, Permit, Refused, Throttle, Ticket};
use tokio::time::Instant;

/// What happened, in order, with the milliseconds at which it did.
#[derive(Clone, Debug)]
pub struct Log(Arc<Mutex<Vec<(u64, String)>>>, Instant);

impl Default for Log {
    fn default() -> Self {
        Self(Arc::default(), Instant::now())
    }
}

impl Log {
    pub fn note(&self, event: impl Into<String>) {
        let at = u64::try_from(self.1.elapsed().as_millis()).unwrap();
        self.0.lock().unwrap().push((at, event.into()));
    }

    pub fn events(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
    }

    /// Each event with the milliseconds since the log began.
    pub fn timed(&self) -> Vec<(u64, String)> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, prefix: &str) -> usize {
        self.events().iter().filter(|event| event.starts_with(prefix)).count()
    }
}

/// A foreign throttle: admits every call after a wait, or refuses, and writes everything down.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    pub log: Log,
    pub wait: Duration,
    pub refuse: bool,
    /// Refuse at once what cannot be admitted by its deadline.
    pub punctual: bool,
    /// Write down `expires` as well.
    pub expiry: bool,
    /// Comes before each event of this throttle.
    pub name: &'static str,
}

#[async_trait]
impl Throttle for Recorder {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let waiting = Waiting(Some(self.log.clone()));
        self.log.note(format!("{}acquire {call}", self.name));
        if self.refuse {
            std::mem::forget(waiting);
            return Err(Refused::new("the test says no"));
        }
        if self.punctual && call.deadline_at().is_some_and(|at| at < Instant::now() + self.wait) {
            waiting.done();
            return Err(Refused::new("too late"));
        }
        tokio::time::sleep(self.wait).await;
        waiting.done();
        Ok(Permit::new(Recorded(self.clone())))
    }
}

struct Waiting(Option<Log>);

impl Waiting {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(log) = &self.0 {
            log.note("left the queue");
        }
    }
}

struct Recorded(Recorder);

impl Ticket for Recorded {
    fn sent(&mut self) {
        self.0.log.note(format!("{}sent", self.0.name));
    }

    fn expires(&mut self, at: Instant) {
        if self.0.expiry {
            let at = at.duration_since(self.0.log.1).as_millis();
            self.0.log.note(format!("{}expires {at}", self.0.name));
        }
    }

    fn blame(&mut self, blame: Blame) {
        self.0.log.note(format!("{}blame {blame:?}", self.0.name));
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        self.0.log.note(match outcome {
            Outcome::Throttled { retry_after: Some(after) } => {
                format!("{}finish Throttled {after:?}", self.0.name)
            }
            Outcome::Throttled { retry_after: None } => format!("{}finish Throttled", self.0.name),
            other => format!("{}finish {other:?}", self.0.name),
        });
    }
}

/// One answer of the script.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    after: Duration,
    lost: bool,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), after: Duration::ZERO, lost: false }
    }

    pub fn ok() -> Self {
        Self::new(
            200,
            r#"{"ShardLimit":1,"OpenShardCount":1,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":1}"#,
        )
    }

    pub fn throttle() -> Self {
        Self::code(400, "ThrottlingException")
    }

    /// A JSON error.
    pub fn code(status: u16, code: &str) -> Self {
        Self::new(status, format!(r#"{{"__type":"{code}","message":"scripted"}}"#))
    }

    /// An error of S3.
    pub fn xml(status: u16, code: &str) -> Self {
        Self::new(status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>"))
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Answers after a while.
    pub fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    /// Loses the connection instead of answering.
    pub fn lost(mut self) -> Self {
        self.lost = true;
        self
    }
}

/// Answers from a script, and then without end with its last line.
#[derive(Clone, Debug)]
pub struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    log: Log,
    /// The dates of the signatures seen, in Unix seconds.
    pub signed: Arc<Mutex<Vec<u64>>>,
    /// The lengths of the request bodies seen.
    pub bodies: Arc<Mutex<Vec<usize>>>,
}

impl Script {
    pub fn new(log: &Log, answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, log: log.clone(), signed: Arc::default(), bodies: Arc::default() }
    }

    fn next(&self) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
    }
}

impl HttpClient for Script {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let answer = this.next();
            this.log.note("http");
            if let Some(date) = request.headers().get("x-amz-date") {
                let date = chrono_of(date);
                this.signed.lock().unwrap().push(date);
            }
            let body = ByteStream::new(request.into_parts().body).collect().await.unwrap();
            this.bodies.lock().unwrap().push(body.into_bytes().len());
            tokio::time::sleep(answer.after).await;
            if answer.lost {
                return Err(ConnectorError::io("scripted loss".into()));
            }
            let mut response =
                HttpResponse::new(answer.status.try_into().unwrap(), SdkBody::from(answer.body.as_str()));
            for (name, value) in answer.headers {
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        })
    }
}

/// The clock of the SDK, driven by tokio's: begins at the epoch + 1 000 000 000 s.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

pub const START: u64 = 1_000_000_000;

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(START) + self.0.elapsed()
    }
}

/// `20010909T014640Z` in Unix seconds, for dates within a day of [`START`].
fn chrono_of(date: &str) -> u64 {
    let number = |range: std::ops::Range<usize>| date[range].parse::<u64>().unwrap();
    let day = number(6..8) - 9;
    let start_of_day = START - (3600 + 46 * 60 + 40);
    start_of_day + day * 86_400 + number(9..11) * 3600 + number(11..13) * 60 + number(13..15)
}

/// Credentials that are made anew, after a while, whenever they are asked for.
pub struct Provider<F> {
    make: F,
    after: Duration,
}

impl<F: Fn() -> Credentials + Send + Sync> Provider<F> {
    pub fn new(make: F) -> Self {
        Self { make, after: Duration::ZERO }
    }

    pub fn after(make: F, after: Duration) -> Self {
        Self { make, after }
    }
}

impl<F> std::fmt::Debug for Provider<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider")
    }
}

impl<F: Fn() -> Credentials + Send + Sync> ProvideCredentials for Provider<F> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            tokio::time::sleep(self.after).await;
            Ok((self.make)())
        })
    }
}

pub const ACCOUNT: &str = "123456789012";

pub fn credentials() -> Credentials {
    Credentials::builder()
        .access_key_id("test")
        .secret_access_key("test")
        .account_id(ACCOUNT)
        .provider_name("test")
        .build()
}

/// A config whose requests `script` answers: a paused clock, three attempts at once.
pub fn config(script: &Script) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://aws.test")
        .credentials_provider(SharedCredentialsProvider::new(credentials()))
        .http_client(SharedHttpClient::new(script.clone()))
        .time_source(Clock::default())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .build()
}

pub fn kinesis(config: &SdkConfig, throttle: &Recorder) -> aws_sdk_kinesis::Client {
    let builder = aws_sdk_kinesis::config::Builder::from(config);
    aws_sdk_kinesis::Client::from_conf(tidegate_throttle::attach!(builder, throttle).build())
}

pub fn s3(config: &SdkConfig, throttle: &Recorder) -> aws_sdk_s3::Client {
    let builder = aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    aws_sdk_s3::Client::from_conf(tidegate_throttle::attach!(builder, throttle).build())
}

/// Both of the SDK's retry generations.
pub fn generations() -> [RetryConfig; 2] {
    let base = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    [base.clone().with_retry_spec(RetrySpec::v2_0()), base.with_retry_spec(RetrySpec::v2_1())]
}

/// Every source of an error, in order.
pub fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut at = error.source();
    while let Some(source) = at {
        messages.push(source.to_string());
        at = source.source();
    }
    messages
}
