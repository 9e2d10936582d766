//! The canary for new SDK releases: each claim about the SDK's orchestrator that the seam stands on.
//!
//! Some more have files of their own: how the SDK's timers are polled (`aws_timeouts`), what stalled-stream
//! protection does to a wait (`aws_queue`), and what the retry quota lets through (`aws_retries`).

#![cfg(feature = "aws")]

mod aws_support;

use std::time::Duration;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, timeout::TimeoutConfig};
use aws_support::{
    Answer, Log, Provider, Recorder, START, Script, chain, config, credentials, generations, kinesis, s3,
};
use futures_util::future::join_all;
use tidegate_throttle::aws;

const ACQUIRE: &str = "acquire 123456789012 eu-west-1 kinesis DescribeLimits";

fn recorder() -> Recorder {
    Recorder::default()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_acquired_sent_and_finished_in_this_order() {
    let throttle = recorder();
    let script = Script::new(&throttle.log, [Answer::ok()]);
    kinesis(&config(&script), &throttle).describe_limits().send().await.unwrap();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Accepted"]);
}

#[tokio::test(start_paused = true)]
async fn the_request_is_signed_after_the_wait() {
    let throttle = Recorder { wait: Duration::from_secs(400), ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    kinesis(&config(&script), &throttle).describe_limits().send().await.unwrap();
    assert_eq!(*script.signed.lock().unwrap(), [START + 400]);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_acquired_in_both_retry_generations() {
    for retries in generations() {
        let throttle = recorder();
        let script = Script::new(&throttle.log, [Answer::throttle(), Answer::code(500, ""), Answer::ok()]);
        let config = config(&script).to_builder().retry_config(retries).build();
        kinesis(&config, &throttle).describe_limits().send().await.unwrap();
        assert_eq!(
            throttle.log.events(),
            [
                [ACQUIRE, "sent", "http", "finish Throttled"],
                [ACQUIRE, "sent", "http", "finish Unknown"],
                [ACQUIRE, "sent", "http", "finish Accepted"],
            ]
            .concat()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_in_the_source_chain_and_is_not_retried() {
    for retries in generations() {
        let throttle = Recorder { refuse: true, ..recorder() };
        let script = Script::new(&throttle.log, [Answer::ok()]);
        let config = config(&script).to_builder().retry_config(retries).build();
        let error = kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
        let chain = chain(&error);
        assert!(chain.contains(&"the throttle refused the call".to_owned()), "{chain:?}");
        assert_eq!(chain.last().unwrap(), "the test says no");
        assert_eq!(throttle.log.events(), [ACQUIRE]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_operation_drops_its_permit() {
    let throttle = recorder();
    let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_mins(1))]);
    let client = kinesis(&config(&script), &throttle);
    tokio::time::timeout(Duration::from_secs(1), client.describe_limits().send()).await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_unknown() {
    let throttle = recorder();
    let script = Script::new(&throttle.log, [Answer::ok().lost()]);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn presigning_spends_nothing_and_waits_for_nothing() {
    let throttle = Recorder { wait: Duration::from_mins(1), ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let client = s3(&config(&script), &throttle);
    let presigning = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let request = client.get_object().bucket("b").key("k").presigned(presigning).await.unwrap();
    assert!(request.uri().contains("X-Amz-Signature="));
    assert_eq!(throttle.log.events(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_call_is_that_of_one_written_by_hand() {
    let log = Log::default();
    let throttle = Recorder { log: log.clone(), ..recorder() };
    let script = Script::new(&log, [Answer::new(200, "")]);
    s3(&config(&script), &throttle).head_object().bucket("b").key("k").send().await.unwrap();
    let by_hand = tidegate_throttle::Call::new("s3", "HeadObject")
        .region("eu-west-1")
        .account("123456789012")
        .resource("b");
    assert_eq!(log.events()[0], format!("acquire {by_hand}"));
}

/// The identity of S3 Express has a cache of its own, which asks ours for the credentials of each attempt, be the
/// session cached or not. Nobody sees how the opening of its session ends: the SDK leaves the interceptors out.
#[tokio::test(start_paused = true)]
async fn s3_express_is_admitted_with_the_credentials_behind_its_session() {
    let session = "<CreateSessionResult><Credentials><AccessKeyId>a</AccessKeyId>\
        <SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>\
        <Expiration>2001-09-09T02:46:40Z</Expiration></Credentials></CreateSessionResult>";
    let throttle = recorder();
    let answers = || [Answer::new(200, session), Answer::new(200, "")];
    let paced = aws::sdk_config(&config(&Script::new(&throttle.log, answers())), &throttle);
    let client = aws_sdk_s3::Client::new(&paced);
    for _ in 0..2 {
        client.head_object().bucket("b--usw2-az1--x-s3").key("k").send().await.unwrap();
    }
    assert_eq!((throttle.log.count("acquire"), throttle.log.count("finish Accepted")), (3, 3));

    let throttle = recorder();
    let script = Script::new(&throttle.log, answers());
    let builder = aws_sdk_s3::config::Builder::from(&config(&script));
    let client = aws_sdk_s3::Client::from_conf(tidegate_throttle::attach!(builder, &throttle).build());
    for _ in 0..2 {
        client.head_object().bucket("b--usw2-az1--x-s3").key("k").send().await.unwrap();
    }
    let head = "acquire 123456789012 eu-west-1 s3 HeadObject b--usw2-az1--x-s3";
    let open = "acquire 123456789012 eu-west-1 s3 CreateSession b--usw2-az1--x-s3";
    assert_eq!(
        throttle.log.events(),
        [
            &[head][..],
            &[open, "sent", "finish Unknown", "http"],
            &["sent", "http", "finish Accepted"],
            &[head, "sent", "http", "finish Accepted"],
        ]
        .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_built_gives_its_permit_back() {
    #[derive(Debug)]
    struct Broken;

    impl Intercept for Broken {
        fn name(&self) -> &'static str {
            "Broken"
        }

        fn read_before_signing(
            &self,
            _: &BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            Err("broken".into())
        }
    }

    let throttle = Recorder { expiry: true, ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let config = config(&script);
    kinesis(&config, &throttle).describe_limits().customize().interceptor(Broken).send().await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "finish Unsent"]);

    // Without an interceptor of ours only the permit's own deadline can.
    let throttle = Recorder { expiry: true, ..recorder() };
    let client = aws_sdk_kinesis::Client::new(&aws::sdk_config(&config, &throttle));
    client.describe_limits().customize().interceptor(Broken).send().await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "expires 30000"]);
}

/// The SDK gives a call with credentials of its own an identity cache of its own.
#[tokio::test(start_paused = true)]
async fn credentials_of_one_call_need_an_attachment_of_their_own() {
    let throttle = recorder();
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let client = kinesis(&config(&script), &throttle);
    let own = || aws_sdk_kinesis::Config::builder().credentials_provider(credentials());
    client.describe_limits().customize().config_override(own()).send().await.unwrap();
    assert_eq!(throttle.log.count("acquire"), 0);
    let attached = tidegate_throttle::attach!(own(), &throttle);
    client.describe_limits().customize().config_override(attached).send().await.unwrap();
    assert_eq!(throttle.log.events(), ["http", ACQUIRE, "sent", "http", "finish Accepted"]);
}

/// What takes a permit from the identity cache to the HTTP client of a paced config: both are given the
/// components of their operation, at one address.
#[tokio::test(start_paused = true)]
async fn operations_at_once_keep_their_permits_apart() {
    let answers = (0..50).map(|i| {
        let answer = if i % 2 == 0 { Answer::throttle() } else { Answer::ok() };
        answer.after(Duration::from_millis(50 - i))
    });
    let throttle = recorder();
    let script = Script::new(&throttle.log, answers);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    let client = aws_sdk_kinesis::Client::new(&aws::sdk_config(&config, &throttle));
    let calls = (0..50).map(|_| client.describe_limits().send());
    let ended = join_all(calls).await;
    assert_eq!(ended.iter().filter(|it| it.is_ok()).count(), 25);
    assert_eq!(throttle.log.count("finish Throttled"), 25);
    assert_eq!(throttle.log.count("finish Accepted"), 25);
    assert_eq!(throttle.log.count("finish"), 50);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_fetched_before_the_call_is_admitted() {
    let throttle = recorder();
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let builder = aws_sdk_kinesis::config::Builder::from(&config(&script))
        .credentials_provider(Provider::after(credentials, Duration::from_secs(4)));
    let client = aws_sdk_kinesis::Client::from_conf(tidegate_throttle::attach!(builder, &throttle).build());
    client.describe_limits().send().await.unwrap();
    assert_eq!(throttle.log.timed()[0], (4000, ACQUIRE.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_override_of_one_call_keeps_the_throttle() {
    let throttle = Recorder { wait: Duration::from_secs(40), ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(2)).build();
    let elsewhere = aws_sdk_kinesis::config::Region::new("eu-north-1");
    let other = aws_sdk_kinesis::Config::builder().timeout_config(timeouts).region(elsewhere);
    let client = kinesis(&config(&script), &throttle);
    client.describe_limits().customize().config_override(other).send().await.unwrap();
    let elsewhere = ACQUIRE.replace("west", "north");
    assert_eq!(throttle.log.events(), [&elsewhere, "sent", "http", "finish Accepted"]);
}

/// The SDK signs and caches credentials by a clock that may be set while a call waits; the queue has its own.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_changes_nothing_for_the_queue() {
    #[derive(Debug)]
    struct Jumping(std::sync::atomic::AtomicU64);

    impl aws_smithy_async::time::TimeSource for Jumping {
        fn now(&self) -> std::time::SystemTime {
            let turn = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let hours = if turn.is_multiple_of(2) { 20 } else { 0 };
            std::time::UNIX_EPOCH + Duration::from_secs(START) + Duration::from_hours(hours)
        }
    }

    for way in [0, 1] {
        let throttle = Recorder { wait: Duration::from_secs(40), ..recorder() };
        let script = Script::new(&throttle.log, [Answer::throttle(), Answer::ok()]);
        let config = config(&script).to_builder().time_source(Jumping(0.into())).build();
        let clients =
            [kinesis(&config, &throttle), aws_sdk_kinesis::Client::new(&aws::sdk_config(&config, &throttle))];
        clients[way].describe_limits().send().await.unwrap();
        let sent: Vec<_> = throttle.log.timed().into_iter().filter(|(_, it)| it == "sent").collect();
        assert_eq!(sent[0].0, 40_000);
        assert!((80_000..=81_000).contains(&sent[1].0), "{sent:?}");
    }
}
