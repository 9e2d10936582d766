//! The adaptive throttle under a real client, against an AWS that is nothing but one token bucket.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use aws_support::{Answer, Log, Script, config};
use tidegate_throttle::{Adaptive, attach, aws};
use tokio::time::Instant;

/// A token bucket that answers in 20 ms, and counts.
#[derive(Clone, Debug)]
struct Bucket(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rate: f64,
    burst: f64,
    level: f64,
    at: Instant,
    accepted: u32,
    throttled: u32,
}

impl Bucket {
    fn new(rate: f64, burst: f64) -> Self {
        let at = Instant::now();
        Self(Arc::new(Mutex::new(State { rate, burst, level: burst, at, accepted: 0, throttled: 0 })))
    }

    fn take(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        let now = Instant::now();
        let refill = (now - state.at).as_secs_f64() * state.rate;
        state.level = (state.level + refill).min(state.burst);
        state.at = now;
        let taken = state.level >= 1.0;
        if taken {
            state.level -= 1.0;
            state.accepted += 1;
        } else {
            state.throttled += 1;
        }
        taken
    }
}

impl HttpConnector for Bucket {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let bucket = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let (status, body) = if bucket.take() {
                (
                    200,
                    r#"{"ShardLimit":1,"OpenShardCount":1,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":1}"#,
                )
            } else {
                (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#)
            };
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Attach,
    SdkConfig,
    Send,
}

/// Sixty-four callers without pause for half a minute: what they used of the limit, the share that was
/// throttled, and what failed.
async fn run(way: Way) -> (f64, f64, u32) {
    const SECONDS: f64 = 30.0;
    let (rate, burst) = (20.0, 100.0);
    let bucket = Bucket::new(rate, burst);
    let connector = bucket.clone();
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let config = config(&Script::new(&Log::default(), [Answer::ok()])).into_builder().http_client(http);
    let throttle = Adaptive::new();
    let client = match way {
        Way::Attach => {
            let config = config.retry_config(aws::retry_config()).build();
            let builder = aws_sdk_kinesis::config::Builder::from(&config);
            aws_sdk_kinesis::Client::from_conf(attach!(builder, &throttle).build())
        }
        Way::SdkConfig => {
            let config = aws::sdk_config(&config.retry_config(aws::retry_config()).build(), &throttle);
            let builder = aws_sdk_kinesis::config::Builder::from(&config);
            aws_sdk_kinesis::Client::from_conf(builder.retry_partition(aws::retry_partition()).build())
        }
        Way::Send => aws_sdk_kinesis::Client::new(&config.retry_config(aws::no_retries()).build()),
    };
    let end = Instant::now() + Duration::from_secs_f64(SECONDS);
    let failed = Arc::new(Mutex::new(0));
    let callers = (0..64).map(|_| {
        let (client, throttle, failed) = (client.clone(), throttle.clone(), Arc::clone(&failed));
        tokio::spawn(tokio::time::timeout_at(end, async move {
            loop {
                let operation = client.describe_limits();
                let call = tidegate_throttle::Call::new("kinesis", "DescribeLimits");
                let result = match way {
                    Way::Send => aws::send(&throttle, &call, || operation.clone().send()).await,
                    _ => operation.send().await,
                };
                if result.is_err() {
                    *failed.lock().unwrap() += 1;
                }
            }
        }))
    });
    futures_util::future::join_all(callers).await;
    let state = bucket.0.lock().unwrap();
    let (accepted, throttled) = (f64::from(state.accepted), f64::from(state.throttled));
    let failed = *failed.lock().unwrap();
    (accepted / (burst + rate * SECONDS), throttled / (accepted + throttled), failed)
}

#[tokio::test(start_paused = true)]
async fn every_way_in_uses_the_limit_and_fails_nothing() {
    for way in [Way::Attach, Way::SdkConfig, Way::Send] {
        let (used, throttled, failed) = run(way).await;
        println!("{way:?}: {used:.3} of the limit, {throttled:.3} throttled, {failed} failed");
        assert!(used >= 0.98 && throttled <= 0.06 && failed == 0, "{way:?} {used} {throttled} {failed}");
    }
}
