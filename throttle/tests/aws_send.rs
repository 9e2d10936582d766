//! `send` admits a call on nothing but the SDK's public results.

#![cfg(feature = "aws")]

mod aws_support;

use std::time::Duration;

use aws_support::{Answer, Recorder, Script, chain, config, kinesis};
use tidegate_throttle::{Call, aws};

fn fixture(answers: impl IntoIterator<Item = Answer>) -> (Recorder, aws_sdk_kinesis::Client) {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, answers);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    (throttle, aws_sdk_kinesis::Client::new(&config))
}

fn call() -> Call {
    Call::new("kinesis", "DescribeLimits")
}

const ACQUIRE: &str = "acquire kinesis DescribeLimits";

#[tokio::test(start_paused = true)]
async fn throttles_are_retried_under_a_permit_each() {
    let (throttle, client) = fixture([
        Answer::code(400, "LimitExceededException"),
        Answer::throttle().header("x-amz-retry-after", "1500"),
        Answer::new(429, ""),
        Answer::ok(),
    ]);
    let operation = client.describe_limits();
    aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap();
    assert_eq!(
        throttle.log.events(),
        [
            [ACQUIRE, "sent", "http", "finish Throttled"],
            [ACQUIRE, "sent", "http", "finish Throttled 1.5s"],
            [ACQUIRE, "sent", "http", "finish Throttled"],
            [ACQUIRE, "sent", "http", "finish Accepted"],
        ]
        .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn once_is_once_and_the_verdict_is_told() {
    for (answer, verdict, outcome) in [
        (Answer::throttle(), "Rate", "finish Throttled"),
        (Answer::ok(), "Accepted", "finish Accepted"),
        (Answer::ok().lost(), "Unknown", "finish Unknown"),
    ] {
        let (throttle, client) = fixture([answer]);
        let (_, told) = aws::send_once(&throttle, &call(), || client.describe_limits().send()).await;
        assert!(format!("{told:?}").starts_with(verdict), "{told:?}");
        assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", outcome]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_is_given_the_time_that_it_asks_for() {
    let asked = Answer::throttle().header("retry-after", "7");
    let (throttle, client) = fixture([asked, Answer::throttle(), Answer::ok()]);
    let operation = client.describe_limits();
    aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap();
    let events = throttle.log.timed();
    let sent: Vec<_> = events.iter().filter(|(_, it)| it == "http").map(|(at, _)| *at).collect();
    assert_eq!(sent, [0, 7000, 7001]);
}

#[tokio::test(start_paused = true)]
async fn every_other_failure_is_given_back_at_once() {
    for (answer, outcome) in [
        (Answer::code(400, "ResourceNotFoundException"), "finish Accepted"),
        (Answer::code(500, "InternalFailure"), "finish Unknown"),
        (Answer::ok().lost(), "finish Unknown"),
        (Answer::new(200, "not json"), "finish Accepted"),
    ] {
        let (throttle, client) = fixture([answer]);
        let operation = client.describe_limits();
        aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap_err();
        assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", outcome]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_source_of_the_error() {
    let (throttle, client) = fixture([Answer::ok()]);
    let throttle = Recorder { refuse: true, ..throttle };
    let operation = client.describe_limits();
    let error = aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap_err();
    assert!(chain(&error).contains(&"the throttle refused the call".to_owned()));
    assert_eq!(throttle.log.events(), [ACQUIRE]);
}

#[tokio::test(start_paused = true)]
async fn dropped_in_flight_the_permit_ends_as_unknown() {
    let (throttle, client) = fixture([Answer::ok().after(Duration::from_mins(1))]);
    let operation = client.describe_limits();
    let call = call();
    let sending = aws::send(&throttle, &call, || operation.clone().send());
    tokio::time::timeout(Duration::from_secs(1), sending).await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn dropped_in_the_queue_it_leaves_the_queue() {
    let (throttle, client) = fixture([Answer::ok()]);
    let throttle = Recorder { wait: Duration::from_mins(1), ..throttle };
    let operation = client.describe_limits();
    let call = call();
    let sending = aws::send(&throttle, &call, || operation.clone().send());
    tokio::time::timeout(Duration::from_secs(1), sending).await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "left the queue"]);
}

#[tokio::test(start_paused = true)]
async fn on_an_attached_client_the_call_is_admitted_once_and_its_retries_too() {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::code(500, ""), Answer::ok()]);
    let client = kinesis(&config(&script), &throttle);
    let operation = client.describe_limits();
    aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap();
    assert_eq!(
        throttle.log.events(),
        [
            ACQUIRE,
            "sent",
            "http",
            "acquire 123456789012 eu-west-1 kinesis DescribeLimits",
            "sent",
            "http",
            "finish Accepted",
            "finish Accepted"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_built_was_not_sent() {
    let throttle = Recorder::default();
    let client = aws_sdk_s3::Client::new(&config(&Script::new(&throttle.log, [Answer::ok()])));
    let get = client.get_object();
    aws::send(&throttle, &Call::new("s3", "GetObject"), || get.clone().send()).await.unwrap_err();
    assert_eq!(throttle.log.events(), ["acquire s3 GetObject", "sent", "finish Unsent"]);
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_is_tried_again_ever_more_slowly() {
    let hot = r#"{"__type":"ThrottlingException","ThrottlingReasons":[{"reason":"TableReadKeyRangeThroughputExceeded"}]}"#;
    let answers = std::iter::repeat_n(Answer::new(400, hot), 12).chain([Answer::ok()]);
    let (throttle, client) = fixture(answers);
    let operation = client.describe_limits();
    aws::send(&throttle, &call(), || operation.clone().send()).await.unwrap();
    let sent: Vec<_> =
        throttle.log.timed().into_iter().filter(|(_, it)| it == "http").map(|(at, _)| at).collect();
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2023, 3023]);
    assert_eq!(throttle.log.count("finish Unknown"), 12);
}
