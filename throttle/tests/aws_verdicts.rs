//! What each answer of AWS tells the throttle, through real clients.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_support::{Answer, Recorder, Script, config, kinesis, s3};
use tidegate_throttle::aws::{self, Verdict};

/// The outcome that a Kinesis answer ends with: under `attach!`, under `sdk_config`, and in `send`.
async fn kinesis_outcomes(answer: Answer) -> [String; 3] {
    let last = |throttle: &Recorder| throttle.log.events().pop().unwrap();
    let (attached, configured, sent) = (Recorder::default(), Recorder::default(), Recorder::default());
    let config = |throttle: &Recorder| {
        let script = Script::new(&throttle.log, [answer.clone()]);
        config(&script).to_builder().retry_config(aws::no_retries()).build()
    };
    let _ = kinesis(&config(&attached), &attached).describe_limits().send().await;
    let paced = aws::sdk_config(&config(&configured), &configured);
    let _ = aws_sdk_kinesis::Client::new(&paced).describe_limits().send().await;
    let plain = aws_sdk_kinesis::Client::new(&config(&sent)).describe_limits();
    let call = tidegate_throttle::Call::new("kinesis", "DescribeLimits");
    // A throttle is sent again without end.
    let sending = aws::send(&sent, &call, || {
        let plain = plain.clone();
        async move {
            let result = plain.send().await;
            tokio::time::sleep(Duration::from_mins(1)).await;
            result
        }
    });
    let _ = tokio::time::timeout(Duration::from_secs(61), sending).await;
    let of_send = sent.log.events().into_iter().find(|event| event.starts_with("finish")).unwrap();
    [last(&attached), last(&configured), of_send]
}

#[tokio::test(start_paused = true)]
async fn all_three_ways_in_tell_the_same() {
    for (answer, expected) in [
        (Answer::ok(), "finish Accepted"),
        (Answer::throttle(), "finish Throttled"),
        (Answer::throttle().header("retry-after", "3"), "finish Throttled 3s"),
        (Answer::throttle().header("x-amz-retry-after", "250"), "finish Throttled 250ms"),
        (Answer::code(400, "LimitExceededException"), "finish Throttled"),
        (Answer::code(400, "com.amazonaws.kinesis#LimitExceededException"), "finish Throttled"),
        (Answer::code(400, "ProvisionedThroughputExceededException"), "finish Throttled"),
        (Answer::new(429, ""), "finish Throttled"),
        (Answer::new(400, r#"{"__type":"Odd","message":"Rate exceeded"}"#), "finish Throttled"),
        (
            Answer::new(400, "{}").header("x-amzn-errortype", "ThrottlingException:http://aws/"),
            "finish Throttled",
        ),
        (Answer::code(400, "ResourceNotFoundException"), "finish Accepted"),
        (Answer::code(400, "TransactionInProgressException"), "finish Accepted"),
        (Answer::code(400, "ServiceQuotaExceededException"), "finish Accepted"),
        (Answer::new(403, "<html>"), "finish Accepted"),
        (Answer::code(400, "KMSThrottlingException"), "finish Throttled"),
        (
            Answer::new(400, r#"{"__type":"ThrottlingException","retryAfterSeconds":9}"#),
            "finish Throttled 9s",
        ),
        (
            Answer::new(
                400,
                r#"{"__type":"ProvisionedThroughputExceededException","ThrottlingReasons":[{"reason":"TableReadKeyRangeThroughputExceeded"}]}"#,
            ),
            "finish Unknown",
        ),
        (Answer::code(500, "InternalFailure"), "finish Unknown"),
        (Answer::new(503, ""), "finish Unknown"),
        (Answer::ok().lost(), "finish Unknown"),
    ] {
        assert_eq!(kinesis_outcomes(answer.clone()).await, [expected; 3], "{answer:?}");
    }
}

async fn s3_events<F: Future>(answer: Answer, call: impl FnOnce(aws_sdk_s3::Client) -> F) -> String {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [answer]);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    call(s3(&config, &throttle)).await;
    throttle.log.events().pop().unwrap()
}

#[tokio::test(start_paused = true)]
async fn s3_throttles_in_its_own_ways() {
    let head = |client: aws_sdk_s3::Client| async move {
        client.head_object().bucket("b").key("k").send().await.unwrap_err();
    };
    let copy = |client: aws_sdk_s3::Client| async move {
        client.copy_object().bucket("b").key("k").copy_source("a/k").send().await.unwrap_err();
    };
    let get = |client: aws_sdk_s3::Client| async move {
        client.get_object().bucket("b").key("k").send().await.unwrap_err();
    };
    let put = |client: aws_sdk_s3::Client| async move {
        let body = ByteStream::from_static(b"body");
        client.put_object().bucket("b").key("k").body(body).send().await.unwrap_err();
    };
    assert_eq!(s3_events(Answer::new(503, ""), head).await, "finish Throttled", "a HEAD has no code");
    assert_eq!(s3_events(Answer::new(404, ""), head).await, "finish Accepted");
    assert_eq!(s3_events(Answer::xml(503, "SlowDown"), put).await, "finish Throttled");
    assert_eq!(s3_events(Answer::xml(503, "SlowDown"), get).await, "finish Throttled");
    assert_eq!(s3_events(Answer::xml(200, "SlowDown"), copy).await, "finish Throttled", "an error in a 200");
    assert_eq!(
        s3_events(Answer::xml(200, "InternalError"), copy).await,
        "finish Unknown",
        "an error in a 200"
    );
    assert_eq!(s3_events(Answer::xml(500, "InternalError"), copy).await, "finish Unknown");
    assert_eq!(s3_events(Answer::xml(404, "NoSuchKey"), get).await, "finish Accepted");
    assert_eq!(s3_events(Answer::xml(503, "ServiceUnavailable"), get).await, "finish Unknown");
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_is_finished_when_its_headers_are_there() {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::new(200, "the object")]);
    let client = s3(&config(&script), &throttle);
    let object = client.get_object().bucket("b").key("k").send().await.unwrap();
    assert_eq!(throttle.log.count("finish Accepted"), 1);
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "the object");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_the_service_names_is_blamed_before_the_end() {
    let answer = r#"{"__type":"ThrottlingException","serviceCode":"kinesis","quotaCode":"L-1194F27D"}"#;
    let told = |throttle: &Recorder| throttle.log.events()[3..5].to_vec();
    let config = |throttle: &Recorder| {
        let script = Script::new(&throttle.log, [Answer::new(400, answer), Answer::ok()]);
        config(&script).to_builder().retry_config(aws::no_retries()).build()
    };
    let (attached, configured, sent) = (Recorder::default(), Recorder::default(), Recorder::default());
    kinesis(&config(&attached), &attached).describe_limits().send().await.unwrap_err();
    let paced = aws::sdk_config(&config(&configured), &configured);
    aws_sdk_kinesis::Client::new(&paced).describe_limits().send().await.unwrap_err();
    let plain = aws_sdk_kinesis::Client::new(&config(&sent)).describe_limits();
    let call = tidegate_throttle::Call::new("kinesis", "DescribeLimits");
    aws::send(&sent, &call, || plain.clone().send()).await.unwrap();
    for throttle in [&attached, &configured, &sent] {
        assert_eq!(told(throttle), ["blame Quota(L-1194F27D)", "finish Throttled"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_verdict_on_a_result_is_public() {
    let of = async |answer: Answer, timeout: Duration| {
        let script = Script::new(&aws_support::Log::default(), [answer]);
        let timeouts = TimeoutConfig::builder().operation_timeout(timeout).build();
        let config = config(&script).to_builder().retry_config(aws::no_retries()).timeout_config(timeouts);
        let client = aws_sdk_kinesis::Client::new(&config.build());
        aws::verdict("kinesis", &client.describe_limits().send().await)
    };
    let (long, short) = (Duration::from_mins(1), Duration::from_secs(1));
    let rate = |retry_after| Verdict::Rate { retry_after, blame: None };
    assert_eq!(of(Answer::ok(), long).await, Verdict::Accepted);
    assert_eq!(of(Answer::throttle(), long).await, rate(None));
    assert_eq!(of(Answer::throttle().header("retry-after", "1"), long).await, rate(Some(short)));
    assert_eq!(of(Answer::new(429, ""), long).await, rate(None));
    assert_eq!(of(Answer::code(400, "ServiceQuotaExceededException"), long).await, Verdict::Quota);
    assert_eq!(of(Answer::new(200, "not json"), long).await, Verdict::Accepted);
    assert_eq!(of(Answer::ok().lost(), long).await, Verdict::Unknown);
    assert_eq!(of(Answer::ok().after(long), short).await, Verdict::Unknown);

    let script = Script::new(&aws_support::Log::default(), [Answer::ok()]);
    let refusing = Recorder { refuse: true, ..Recorder::default() };
    let refused = kinesis(&config(&script), &refusing).describe_limits().send().await;
    assert_eq!(aws::verdict("kinesis", &refused), Verdict::Unsent);
    let unbuilt = aws_sdk_s3::Client::new(&config(&script)).get_object().send().await;
    assert_eq!(aws::verdict("s3", &unbuilt), Verdict::Unsent);
}
