//! What the SDK's timeouts count: the attempt's all but the queue, the operation's everything.
//!
//! That rests on a claim about the SDK, and fails here if a new release breaks it: the timer of an attempt is
//! made by the client's `sleep_impl`, and polled right after the attempt, in the same poll.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_support::{Answer, Provider, Recorder, Script, chain, config, credentials, generations, kinesis};
use aws_types::SdkConfig;
use tidegate_throttle::{Call, Permit, Refused, Throttle, attach, aws};
use tokio::sync::watch;

const ACQUIRE: &str = "acquire 123456789012 eu-west-1 kinesis DescribeLimits";
const QUEUE: Duration = Duration::from_secs(40);
const SHORT: Duration = Duration::from_secs(2);

fn recorder() -> Recorder {
    Recorder::default()
}

fn attempts(timeout: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(timeout).build()
}

fn with(script: &Script, retries: RetryConfig, timeouts: TimeoutConfig) -> SdkConfig {
    config(script).to_builder().retry_config(retries).timeout_config(timeouts).build()
}

/// The client under `attach!`, and one of a paced config.
fn both_ways(config: &SdkConfig, throttle: &Recorder) -> [aws_sdk_kinesis::Client; 2] {
    [kinesis(config, throttle), aws_sdk_kinesis::Client::new(&aws::sdk_config(config, throttle))]
}

/// When an event happened, in milliseconds.
fn times(throttle: &Recorder, event: &str) -> Vec<u64> {
    let events = throttle.log.timed();
    events.iter().filter(|(_, it)| it.starts_with(event)).map(|(at, _)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_timeout_does_not_count_the_queue() {
    for way in [0, 1] {
        for retries in generations() {
            let throttle = Recorder { wait: QUEUE, expiry: true, ..recorder() };
            let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_millis(1900))]);
            let client = &both_ways(&with(&script, retries, attempts(SHORT)), &throttle)[way];
            client.describe_limits().send().await.unwrap();
            let end = (40_000, "expires 42000".to_owned());
            assert!(throttle.log.timed().contains(&end), "{:?}", throttle.log.timed());
            assert_eq!(throttle.log.count("acquire"), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_given_the_attempt_timeout_and_the_retry_queues_again() {
    for way in [0, 1] {
        for retries in generations() {
            let throttle = Recorder { wait: QUEUE, ..recorder() };
            let slow = Answer::ok().after(Duration::from_mins(1));
            let script = Script::new(&throttle.log, [slow, Answer::ok()]);
            let client = &both_ways(&with(&script, retries, attempts(SHORT)), &throttle)[way];
            client.describe_limits().send().await.unwrap();
            assert_eq!(times(&throttle, "finish Unknown"), [42_000]);
            let (again, sent) = (times(&throttle, "acquire")[1], times(&throttle, "sent")[1]);
            // The SDK's backoff is up to a second.
            assert!((42_000..=43_000).contains(&again), "{again}");
            assert_eq!(sent, again + 40_000);
            assert_eq!(throttle.log.count("finish Accepted"), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_timeout_that_the_user_set() {
    for way in [0, 1] {
        let throttle = Recorder { wait: QUEUE, ..recorder() };
        let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_mins(1))]);
        let client = &both_ways(&with(&script, aws::no_retries(), attempts(SHORT)), &throttle)[way];
        let error = client.describe_limits().send().await.unwrap_err();
        assert_eq!(
            chain(&error),
            ["request has timed out", "operation attempt timeout (single attempt) occurred after 2s"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_timeout_bounds_the_queue_be_it_as_long_as_the_attempts() {
    for attempt in [SHORT, Duration::from_secs(7)] {
        for way in [0, 1] {
            let throttle = Recorder { wait: QUEUE, ..recorder() };
            let script = Script::new(&throttle.log, [Answer::ok()]);
            let timeouts = attempts(attempt).to_builder().operation_timeout(Duration::from_secs(7)).build();
            let client = &both_ways(&with(&script, aws::retry_config(), timeouts), &throttle)[way];
            let error = client.describe_limits().send().await.unwrap_err();
            assert_eq!(
                chain(&error)[1],
                "operation timeout (all attempts including retries) occurred after 7s"
            );
            assert_eq!(throttle.log.timed(), [(0, ACQUIRE.to_owned()), (7000, "left the queue".to_owned())]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_expires_with_the_operation_if_that_is_sooner() {
    for way in [0, 1] {
        let throttle = Recorder { wait: QUEUE, expiry: true, ..recorder() };
        let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_mins(1))]);
        let timeouts = attempts(SHORT).to_builder().operation_timeout(Duration::from_secs(41)).build();
        let client = &both_ways(&with(&script, aws::no_retries(), timeouts), &throttle)[way];
        client.describe_limits().send().await.unwrap_err();
        assert!(throttle.log.timed().contains(&(40_000, "expires 41000".to_owned())));
        assert_eq!(times(&throttle, "finish Unknown"), [41_000]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_timeout_counts_the_fetching_of_credentials() {
    let throttle = Recorder { wait: QUEUE, ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_millis(1500))]);
    let builder = aws_sdk_kinesis::config::Builder::from(&with(&script, aws::no_retries(), attempts(SHORT)))
        .credentials_provider(Provider::after(credentials, Duration::from_secs(1)));
    let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &throttle).build());
    client.describe_limits().send().await.unwrap_err();
    assert_eq!(times(&throttle, "finish Unknown"), [42_000]);
}

#[tokio::test(start_paused = true)]
async fn a_client_attached_under_a_paced_config_counts_no_queue_either() {
    let throttle = Recorder { wait: QUEUE, ..recorder() };
    let slow = Answer::ok().after(Duration::from_mins(1));
    let script = Script::new(&throttle.log, [slow, Answer::ok()]);
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let paced = aws::sdk_config(&with(&script, retries, attempts(SHORT)), &throttle);
    kinesis(&paced, &throttle).describe_limits().send().await.unwrap();
    assert_eq!(times(&throttle, "finish"), [42_000, times(&throttle, "acquire")[1] + 40_000]);
}

#[tokio::test(start_paused = true)]
async fn operations_at_once_in_one_task_keep_their_timers_apart() {
    let throttle = Recorder { wait: QUEUE, ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_mins(1))]);
    let queued = kinesis(&with(&script, aws::no_retries(), attempts(SHORT)), &throttle);
    let sent = kinesis(&with(&script, aws::no_retries(), attempts(SHORT)), &recorder());
    let start = tokio::time::Instant::now();
    let at = async |client: &aws_sdk_kinesis::Client| {
        client.describe_limits().send().await.unwrap_err();
        start.elapsed().as_secs()
    };
    assert_eq!(tokio::join!(at(&queued), at(&sent), at(&queued), at(&sent)), (42, 2, 42, 2));
}

/// On several threads there is no paused clock: the timers ring when the test says so, and the queue moves
/// when it says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_a_timer_that_would_ring_in_the_queue_does_not() {
    #[derive(Clone, Debug)]
    struct Bell(watch::Sender<()>);

    impl AsyncSleep for Bell {
        fn sleep(&self, _: Duration) -> Sleep {
            let mut rung = self.0.subscribe();
            Sleep::new(async move { drop(rung.changed().await) })
        }
    }

    #[derive(Clone, Debug)]
    struct Gate(watch::Sender<bool>, watch::Sender<usize>);

    #[async_trait]
    impl Throttle for Gate {
        async fn acquire(&self, _: &Call) -> Result<Permit, Refused> {
            let mut open = self.0.subscribe();
            self.1.send_modify(|queued| *queued += 1);
            drop(open.wait_for(|open| *open).await);
            Ok(Permit::unlimited())
        }
    }

    let (bell, gate) = (Bell(watch::Sender::new(())), Gate(watch::Sender::new(false), watch::Sender::new(0)));
    let script = Script::new(&recorder().log, [Answer::ok()]);
    let config =
        with(&script, aws::no_retries(), attempts(SHORT)).to_builder().sleep_impl(bell.clone()).build();
    let builder = aws_sdk_kinesis::config::Builder::from(&config);
    let client = aws_sdk_kinesis::Client::from_conf(attach!(builder, &gate).build());
    let calls: Vec<_> = (0..64).map(|_| tokio::spawn(client.describe_limits().send())).collect();
    gate.1.subscribe().wait_for(|queued| *queued == 64).await.unwrap();
    // The last ones may still be on their way from the queue to their timers.
    for _ in 0..100_000 {
        if bell.0.receiver_count() == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    bell.0.send_replace(());
    gate.0.send_replace(true);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_admitted_in_time_is_refused_at_once_and_not_retried() {
    for way in [0, 1] {
        for retries in generations() {
            let throttle = Recorder { wait: QUEUE, punctual: true, ..recorder() };
            let script = Script::new(&throttle.log, [Answer::ok()]);
            let late = TimeoutConfig::builder().operation_timeout(Duration::from_secs(39)).build();
            let client = &both_ways(&with(&script, retries.clone(), late), &throttle)[way];
            let error = client.describe_limits().send().await.unwrap_err();
            assert!(chain(&error).ends_with(&["the throttle refused the call".into(), "too late".into()]));
            assert_eq!(throttle.log.timed(), [(0, ACQUIRE.to_owned())]);

            let throttle = Recorder { wait: QUEUE, punctual: true, ..recorder() };
            let script = Script::new(&throttle.log, [Answer::ok()]);
            let in_time = TimeoutConfig::builder().operation_timeout(Duration::from_secs(41)).build();
            let client = &both_ways(&with(&script, retries, in_time), &throttle)[way];
            client.describe_limits().send().await.unwrap();
        }
    }
}

/// Attempts before it have used up the time of the operation.
#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_retry_is_that_of_its_operation() {
    for retries in generations() {
        let throttle = Recorder { wait: QUEUE, punctual: true, ..recorder() };
        let script = Script::new(&throttle.log, [Answer::code(500, ""), Answer::ok()]);
        let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_mins(1)).build();
        let client = kinesis(&with(&script, retries, timeouts), &throttle);
        let error = client.describe_limits().send().await.unwrap_err();
        assert_eq!(chain(&error).last().unwrap(), "too late");
        assert!(throttle.log.timed().last().unwrap().0 <= 41_000);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_timeout_ends_the_permit_as_unknown_and_the_retry_acquires_anew() {
    for retries in generations() {
        let throttle = Recorder { expiry: true, ..recorder() };
        let slow = Answer::ok().after(Duration::from_mins(1));
        let script = Script::new(&throttle.log, [slow, Answer::ok()]);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5)).build();
        let config = config(&script).to_builder().retry_config(retries).timeout_config(timeouts).build();
        kinesis(&config, &throttle).describe_limits().send().await.unwrap();
        let events = throttle.log.timed();
        let names: Vec<_> = events.iter().map(|(_, event)| event.split(' ').next().unwrap()).collect();
        assert_eq!(
            names,
            [
                ["acquire", "expires", "sent", "http", "finish"],
                ["acquire", "expires", "sent", "http", "finish"]
            ]
            .concat()
        );
        assert_eq!(events[1].1, "expires 5000");
        assert_eq!(events[4], (5000, "finish Unknown".to_owned()));
        assert_eq!(events[9].1, "finish Accepted");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_timeout_leaves_the_queue() {
    let throttle = Recorder { wait: Duration::from_mins(1), ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(7)).build();
    let config = config(&script).to_builder().timeout_config(timeouts).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
    assert_eq!(throttle.log.timed(), [(0, ACQUIRE.to_owned()), (7000, "left the queue".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_timeout_ends_the_permit_in_flight() {
    let throttle = Recorder { expiry: true, ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok().after(Duration::from_mins(1))]);
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(7)).build();
    let config = config(&script).to_builder().timeout_config(timeouts).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap_err();
    assert_eq!(throttle.log.events(), [ACQUIRE, "expires 7000", "sent", "http", "finish Unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_without_end_is_none() {
    let throttle = Recorder { expiry: true, ..recorder() };
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::MAX).build();
    let config = config(&script).to_builder().timeout_config(timeouts).build();
    kinesis(&config, &throttle).describe_limits().send().await.unwrap();
    assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "http", "finish Accepted"]);
}
