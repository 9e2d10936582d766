//! However its layers are combined, a client is admitted once for each attempt.

#![cfg(feature = "aws")]

mod aws_support;

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime::client::identity::IdentityCache;
use aws_support::{Answer, Log, Provider, Recorder, Script, config, credentials, kinesis, s3};
use tidegate_throttle::{Call, Class, Throttle, Unlimited, attach, aws};

const ACQUIRE: &str = "acquire 123456789012 eu-west-1 kinesis DescribeLimits";

fn fixture(answers: impl IntoIterator<Item = Answer>) -> (Recorder, Script) {
    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, answers);
    (throttle, script)
}

fn named(name: &'static str, log: &Log) -> Recorder {
    Recorder { name, log: log.clone(), ..Recorder::default() }
}

#[tokio::test(start_paused = true)]
async fn attached_twice_the_last_throttle_admits() {
    let (_, script) = fixture([Answer::throttle(), Answer::ok()]);
    let log = Log::default();
    let builder = aws_sdk_kinesis::config::Builder::from(&config(&script));
    let builder = attach!(builder, &named("inner ", &log));
    let builder = attach!(builder, &named("outer ", &log));
    aws_sdk_kinesis::Client::from_conf(builder.build()).describe_limits().send().await.unwrap();
    let acquire = &*format!("outer {ACQUIRE}");
    assert_eq!(
        log.events(),
        [acquire, "outer sent", "outer finish Throttled", acquire, "outer sent", "outer finish Accepted"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_sdk_config_paces_every_client_made_from_it() {
    let (throttle, script) = fixture([Answer::throttle(), Answer::ok(), Answer::new(200, "")]);
    let config = aws::sdk_config(&config(&script), &throttle);
    aws_sdk_kinesis::Client::new(&config).describe_limits().send().await.unwrap();
    let buckets = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(buckets).head_object().bucket("b").key("k").send().await.unwrap();
    assert_eq!(
        throttle.log.events(),
        [
            [ACQUIRE, "sent", "http", "finish Throttled"],
            [ACQUIRE, "sent", "http", "finish Accepted"],
            ["acquire 123456789012 eu-west-1 s3 HeadObject b", "sent", "http", "finish Accepted"],
        ]
        .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn an_sdk_config_paced_twice_admits_once() {
    let (_, script) = fixture([Answer::ok()]);
    let log = Log::default();
    let paced = aws::sdk_config(&config(&script), &named("inner ", &log));
    let paced = aws::sdk_config(&paced, &named("outer ", &log));
    aws_sdk_kinesis::Client::new(&paced).describe_limits().send().await.unwrap();
    assert_eq!(log.events(), [&*format!("outer {ACQUIRE}"), "outer sent", "outer finish Accepted"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_paced_config_that_is_attached_too_is_admitted_once() {
    let (_, script) = fixture([Answer::throttle(), Answer::ok()]);
    let log = Log::default();
    let paced = aws::sdk_config(&config(&script), &named("config ", &log));
    kinesis(&paced, &named("client ", &log)).describe_limits().send().await.unwrap();
    let acquire = &*format!("client {ACQUIRE}");
    assert_eq!(
        log.events(),
        [acquire, "client sent", "client finish Throttled", acquire, "client sent", "client finish Accepted"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_paced_config_reads_an_error_and_leaves_it_whole() {
    let (throttle, script) = fixture([Answer::code(400, "ResourceNotFoundException")]);
    let config = aws::sdk_config(&config(&script), &throttle);
    let error = aws_sdk_kinesis::Client::new(&config).describe_limits().send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().message(), Some("scripted"));
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Accepted"]);
}

#[tokio::test(start_paused = true)]
async fn a_paced_config_drops_the_permit_of_an_attempt_that_is_given_up() {
    let (throttle, script) = fixture([Answer::ok().after(Duration::from_mins(1))]);
    let client = aws_sdk_kinesis::Client::new(&aws::sdk_config(&config(&script), &throttle));
    tokio::time::timeout(Duration::from_secs(1), client.describe_limits().send()).await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn presigning_under_a_paced_config_acquires_nothing() {
    let (throttle, script) = fixture([Answer::ok()]);
    let client = aws_sdk_s3::Client::new(&aws::sdk_config(&config(&script), &throttle));
    let hour = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
    client.put_object().bucket("b").key("k").presigned(hour).await.unwrap();
    assert_eq!(throttle.log.events(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_identity_cache_of_the_users_is_kept() {
    let (throttle, script) = fixture([Answer::ok()]);
    let fetches = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let builder = aws_sdk_kinesis::config::Builder::from(&config(&script))
        .credentials_provider(Provider::new(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            credentials()
        }))
        .identity_cache(IdentityCache::no_cache());
    let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &throttle).build());
    for _ in 0..3 {
        client.describe_limits().send().await.unwrap();
    }
    assert_eq!(fetches.load(std::sync::atomic::Ordering::SeqCst), 3);
    assert_eq!(throttle.log.count("acquire"), 3);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_in_the_queue_are_fetched_again() {
    let (throttle, script) = fixture([Answer::ok()]);
    let throttle = Recorder { wait: Duration::from_mins(30), ..throttle };
    let fetches = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let builder = aws_sdk_kinesis::config::Builder::from(&config(&script)).credentials_provider(
        Provider::new(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            credentials()
        }),
    );
    let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &throttle).build());
    client.describe_limits().send().await.unwrap();
    assert_eq!(fetches.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Accepted"]);
}

#[tokio::test(start_paused = true)]
async fn two_clients_share_one_throttle_behind_a_dyn_handle() {
    let (recorder, script) = fixture([Answer::new(200, "{}")]);
    let throttle: Arc<dyn Throttle> = Arc::new(recorder.clone());
    let config = config(&script);
    let one = attach!(aws_sdk_kinesis::config::Builder::from(&config), &throttle);
    let other = attach!(aws_sdk_s3::config::Builder::from(&config).force_path_style(true), &throttle);
    aws_sdk_kinesis::Client::from_conf(one.build()).list_streams().send().await.unwrap();
    aws_sdk_s3::Client::from_conf(other.build()).head_bucket().bucket("b").send().await.unwrap();
    assert_eq!(recorder.log.count("acquire"), 2);
    assert_eq!(recorder.log.count("finish Accepted"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_client_is_admitted() {
    let (throttle, script) = fixture([Answer::new(200, "")]);
    let builder = aws_sdk_s3::config::Builder::from(&config(&script)).force_path_style(true).allow_no_auth();
    let builder = builder.auth_scheme_preference(["noAuth".into()]);
    let client = aws_sdk_s3::Client::from_conf(attach!(builder, &throttle).build());
    client.head_object().bucket("b").key("k").send().await.unwrap();
    assert_eq!(
        throttle.log.events(),
        ["acquire eu-west-1 s3 HeadObject b", "sent", "http", "finish Accepted"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_handed_permit_is_spent_by_the_first_attempt_and_retries_acquire_anew() {
    let (throttle, script) = fixture([Answer::throttle(), Answer::ok()]);
    let client = kinesis(&config(&script), &throttle);
    let permit = throttle.acquire(&Call::new("by", "hand")).await.unwrap();
    client.describe_limits().customize().interceptor(aws::with_permit(permit)).send().await.unwrap();
    assert_eq!(
        throttle.log.events(),
        [
            ["acquire by hand", "sent", "http", "finish Throttled"],
            [ACQUIRE, "sent", "http", "finish Accepted"],
        ]
        .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn a_handed_permit_is_finished_by_a_client_that_is_not_attached() {
    let (throttle, script) = fixture([Answer::throttle()]);
    let config = config(&script).to_builder().retry_config(aws::no_retries()).build();
    let permit = throttle.acquire(&Call::new("by", "hand")).await.unwrap();
    let call = aws_sdk_kinesis::Client::new(&config).describe_limits().customize();
    call.interceptor(aws::with_permit(permit)).send().await.unwrap_err();
    assert_eq!(throttle.log.events(), ["acquire by hand", "sent", "http", "finish Throttled"]);
}

#[tokio::test(start_paused = true)]
async fn a_handed_permit_is_spent_under_a_paced_config() {
    let (throttle, script) = fixture([Answer::throttle(), Answer::ok()]);
    let config = aws::sdk_config(&config(&script), &throttle);
    let permit = throttle.acquire(&Call::new("by", "hand")).await.unwrap();
    let call = aws_sdk_kinesis::Client::new(&config).describe_limits().customize();
    call.interceptor(aws::with_permit(permit)).send().await.unwrap();
    assert_eq!(
        throttle.log.events(),
        [
            ["acquire by hand", "sent", "http", "finish Throttled"],
            [ACQUIRE, "sent", "http", "finish Accepted"],
        ]
        .concat()
    );
}

#[tokio::test(start_paused = true)]
async fn a_handed_permit_of_a_call_that_is_never_sent_is_refunded() {
    let (throttle, script) = fixture([Answer::ok()]);
    let client = kinesis(&config(&script), &throttle);
    let permit = throttle.acquire(&Call::new("by", "hand")).await.unwrap();
    drop(client.describe_limits().customize().interceptor(aws::with_permit(permit)));
    assert_eq!(throttle.log.events(), ["acquire by hand", "finish Unsent"]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_completes_the_call() {
    #[derive(Clone, Debug, Default)]
    struct Seen(Arc<std::sync::Mutex<Vec<Call>>>);

    #[async_trait::async_trait]
    impl Throttle for Seen {
        async fn acquire(
            &self,
            call: &Call,
        ) -> Result<tidegate_throttle::Permit, tidegate_throttle::Refused> {
            self.0.lock().unwrap().push(call.clone());
            Unlimited.acquire(call).await
        }
    }

    let (_, script) = fixture([Answer::ok()]);
    let seen = Seen::default();
    let builder = aws_sdk_kinesis::config::Builder::from(&config(&script));
    let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &seen).build());
    let hint = aws::CallHint::default()
        .resource("orders/shard-1")
        .cost(3.try_into().unwrap())
        .class(Class::LongPoll);
    client.describe_limits().customize().interceptor(hint).send().await.unwrap();
    let plain = Call::new("kinesis", "DescribeLimits").region("eu-west-1").account("123456789012");
    let hinted = plain.resource("orders/shard-1").cost(3.try_into().unwrap()).class(Class::LongPoll);
    assert_eq!(*seen.0.lock().unwrap(), [hinted]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_presigned_by_an_attached_client_is_left_alone() {
    let (throttle, script) = fixture([Answer::ok()]);
    let client = s3(&config(&script), &throttle);
    let minute = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let permit = throttle.acquire(&Call::new("by", "hand")).await.unwrap();
    let put = client.put_object().bucket("b").key("k").customize().interceptor(aws::with_permit(permit));
    put.presigned(minute).await.unwrap();
    assert_eq!(throttle.log.events(), ["acquire by hand", "finish Unsent"]);
}
