//! The layer admits each request of a `tower` service, and judges each answer.

#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recorder;

use std::{error::Error, sync::Arc, time::Duration};

use recorder::Recorder;
use tidegate_throttle::{
    Adaptive, Call, Outcome, Refused, Throttle,
    tower::{ThrottleLayer, ThrottleService},
};
use tokio::time::{Instant, timeout};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::{assert_request_eq, mock};

type Answer = Result<u16, Box<dyn Error + Send + Sync>>;
type Mock = mock::Mock<&'static str, u16>;
type Throttled<T> = ThrottleService<Mock, T, fn(&&'static str) -> Call, fn(&Answer) -> Outcome>;

const SECOND: Duration = Duration::from_secs(1);

fn call(resource: &&'static str) -> Call {
    Call::new("billing", "GetInvoice").resource(*resource)
}

fn judge(answer: &Answer) -> Outcome {
    match answer {
        Ok(429) => Outcome::Throttled { retry_after: None },
        Ok(_) => Outcome::Accepted,
        Err(_) => Outcome::Unknown,
    }
}

/// A service that panics if it is called without having said that it is ready.
fn under<T: Throttle + Clone + 'static>(throttle: T) -> (Throttled<T>, mock::Handle<&'static str, u16>) {
    let (mock, handle) = mock::pair();
    let layer = ThrottleLayer::new(throttle, call as fn(&_) -> _, judge as fn(&_) -> _);
    (ServiceBuilder::new().layer(layer).service(mock), handle)
}

#[tokio::test(start_paused = true)]
async fn each_answer_is_judged() {
    let throttle = Recorder::default();
    let (mut service, mut handle) = under(throttle.clone());
    for answer in [200, 429] {
        let response = service.ready().await.unwrap().call("7");
        let serve = async { assert_request_eq!(handle, "7").send_response(answer) };
        assert_eq!(tokio::join!(response, serve).0.unwrap(), answer);
    }
    let response = service.ready().await.unwrap().call("8");
    let serve = async { assert_request_eq!(handle, "8").send_error("lost") };
    assert_eq!(tokio::join!(response, serve).0.unwrap_err().to_string(), "lost");
    let attempt = |call, outcome| [call, "sent", outcome];
    let expected = [
        attempt("acquire billing GetInvoice 7", "finish Accepted"),
        attempt("acquire billing GetInvoice 7", "finish Throttled"),
        attempt("acquire billing GetInvoice 8", "finish Unknown"),
    ];
    assert_eq!(throttle.events(), expected.concat());
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_when_the_service_inside_is() {
    let throttle = Recorder::default();
    let (mut service, mut handle) = under(throttle.clone());
    handle.allow(0);
    timeout(SECOND, service.ready()).await.unwrap_err();
    handle.allow(1);
    let response = timeout(SECOND, service.ready()).await.unwrap().unwrap().call("7");
    let serve = async { assert_request_eq!(handle, "7").send_response(200) };
    assert_eq!(tokio::join!(response, serve).0.unwrap(), 200);
    timeout(SECOND, service.ready()).await.unwrap_err();
    handle.send_error("broken");
    assert_eq!(service.ready().await.unwrap_err().to_string(), "broken");
    assert_eq!(throttle.times("acquire billing GetInvoice 7").len(), 1, "readiness asks for no permit");
}

#[tokio::test(start_paused = true)]
async fn the_service_is_called_when_the_request_is_admitted() {
    let throttle = Recorder { wait: 5 * SECOND, ..Recorder::default() };
    let (mut service, mut handle) = under(throttle.clone());
    let response = tokio::spawn(service.ready().await.unwrap().call("7"));
    timeout(4 * SECOND, handle.next_request()).await.unwrap_err();
    assert_request_eq!(handle, "7").send_response(200);
    response.await.unwrap().unwrap();
    assert_eq!(throttle.times("sent"), [5000]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_error_and_the_service_is_not_called() {
    let (mut service, mut handle) = under(Recorder { refuse: true, ..Recorder::default() });
    let error = service.ready().await.unwrap().call("7").await.unwrap_err();
    assert!(error.is::<Refused>(), "{error:?}");
    timeout(SECOND, handle.next_request()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_dropped_drops_its_permit() {
    let throttle = Recorder { wait: 2 * SECOND, ..Recorder::default() };
    let (mut service, mut handle) = under(throttle.clone());
    let response = service.ready().await.unwrap().call("queued");
    timeout(SECOND, response).await.unwrap_err();
    assert_eq!(throttle.events(), ["acquire billing GetInvoice queued", "left the queue"]);

    let response = service.ready().await.unwrap().call("sent");
    timeout(3 * SECOND, response).await.unwrap_err();
    assert_request_eq!(handle, "sent");
    assert_eq!(throttle.events()[2..], ["acquire billing GetInvoice sent", "sent", "finish Unknown"]);

    // Nothing is asked for before the response is polled.
    drop(service.ready().await.unwrap().call("never polled"));
    assert_eq!(throttle.events().len(), 5);
}

/// Clones, and services made by one layer, share one line; limits do not.
#[tokio::test(start_paused = true)]
async fn the_adaptive_throttle_paces_all_clones() {
    let throttle: Arc<dyn Throttle> = Arc::new(Adaptive::new());
    let judge = |answer: &Result<u16, &'static str>| match answer {
        Ok(429) => Outcome::Throttled { retry_after: Some(5 * SECOND) },
        _ => Outcome::Accepted,
    };
    let layer = ThrottleLayer::new(throttle, call as fn(&&'static str) -> Call, judge);
    let answering = |status: u16| {
        layer.layer(service_fn(move |_: &'static str| async move { Ok::<_, &'static str>(status) }))
    };
    assert_eq!(answering(429).oneshot("7").await.unwrap(), 429);
    let start = Instant::now();
    let service = answering(200);
    let (other, same) = (service.clone().oneshot("8"), service.oneshot("7"));
    other.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    same.await.unwrap();
    assert!(start.elapsed() >= 5 * SECOND, "admitted during the pause");
}
