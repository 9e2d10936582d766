//! `retry` retries throttles as the throttle paces them, and other failures after a delay each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recorder;

use std::{
    error::Error,
    fmt,
    future::pending,
    iter::{empty, repeat, repeat_n},
    time::Duration,
};

use recorder::Recorder;
use tidegate_throttle::{Adaptive, Call, Judgement, Outcome, RetryError, Throttle, Unlimited, retry};
use tokio::time::{Instant, sleep, timeout};

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Wrong,
    Lost,
    Throttled(Option<Duration>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Error for Answer {}

const THROTTLED: Result<(), Answer> = Err(Answer::Throttled(None));
const LOST: Result<(), Answer> = Err(Answer::Lost);
const SECOND: Duration = Duration::from_secs(1);

fn judge(result: &Result<(), Answer>) -> Judgement {
    match *result {
        Ok(()) | Err(Answer::Wrong) => Judgement::Final(Outcome::Accepted),
        Err(Answer::Lost) => Judgement::Again(Outcome::Unknown),
        Err(Answer::Throttled(retry_after)) => Judgement::Again(Outcome::Throttled { retry_after }),
    }
}

fn call() -> Call {
    Call::new("billing", "GetInvoice")
}

/// Retries against a service that answers from a script, which must last.
async fn run(
    throttle: &Recorder,
    call: &Call,
    delays: impl IntoIterator<Item = Duration>,
    script: impl IntoIterator<Item = Result<(), Answer>>,
) -> Result<(), RetryError<Answer>> {
    let mut script = script.into_iter();
    let result = retry(throttle, call, delays, || std::future::ready(script.next().unwrap()), judge).await;
    assert_eq!(script.next(), None, "the service was called too seldom");
    result
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_permit_of_its_own() {
    let throttle = Recorder::default();
    run(&throttle, &call(), [SECOND], [THROTTLED, LOST, Ok(())]).await.unwrap();
    let attempt = |outcome| ["acquire billing GetInvoice", "sent", outcome];
    let expected =
        [attempt("finish Throttled"), attempt("finish Unknown"), attempt("finish Accepted")].concat();
    assert_eq!(throttle.events(), expected);
}

#[tokio::test(start_paused = true)]
async fn failures_wait_a_delay_each_and_end_with_the_delays() {
    let throttle = Recorder::default();
    let delays = [SECOND, 2 * SECOND];
    let error = run(&throttle, &call(), delays, [LOST, LOST, LOST]).await.unwrap_err();
    assert!(matches!(error, RetryError::Operation(Answer::Lost)), "{error:?}");
    assert_eq!(throttle.times("sent"), [0, 1000, 3000]);
}

/// A delay is waited before the queue is joined: whoever backs off holds no permit.
#[tokio::test(start_paused = true)]
async fn no_permit_is_held_during_a_delay() {
    let throttle = Recorder { wait: Duration::from_millis(100), ..Recorder::default() };
    run(&throttle, &call(), [SECOND], [LOST, Ok(())]).await.unwrap();
    assert_eq!(throttle.times("acquire billing GetInvoice"), [0, 1100]);
    assert_eq!(throttle.times("sent"), [100, 1200]);
}

#[tokio::test(start_paused = true)]
async fn throttles_use_no_delay_up() {
    let throttle = Recorder::default();
    run(&throttle, &call(), empty(), repeat_n(THROTTLED, 50).chain([Ok(())])).await.unwrap();
    // The recorder does not pace: there is a millisecond between two attempts all the same.
    assert_eq!(throttle.times("sent"), (0..=50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_service_is_given_the_time_that_it_asks_for() {
    let throttle = Recorder::default();
    let asked = Err(Answer::Throttled(Some(7 * SECOND)));
    run(&throttle, &call(), empty(), [asked, Ok(())]).await.unwrap();
    assert_eq!(throttle.times("sent"), [0, 7000]);
    assert!(throttle.events().contains(&"finish Throttled 7s".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_final_is_given_back_at_once() {
    let throttle = Recorder::default();
    let error = run(&throttle, &call(), repeat(SECOND), [Err(Answer::Wrong)]).await.unwrap_err();
    assert_eq!(error.to_string(), "the call failed");
    assert_eq!(error.source().unwrap().to_string(), "Wrong");
    assert_eq!(throttle.times("sent"), [0]);
}

/// A judge that counts bounds the throttles.
#[tokio::test(start_paused = true)]
async fn a_throttle_can_be_final() {
    let throttle = Recorder::default();
    let mut left = 3;
    let judge = |_: &Result<(), Answer>| {
        left -= 1;
        let outcome = Outcome::Throttled { retry_after: None };
        if left == 0 { Judgement::Final(outcome) } else { Judgement::Again(outcome) }
    };
    let error = retry(&throttle, &call(), empty(), async || THROTTLED, judge).await.unwrap_err();
    assert!(matches!(error, RetryError::Operation(Answer::Throttled(None))), "{error:?}");
    assert_eq!(throttle.times("finish Throttled").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_delay_is_waited_that_ends_after_the_deadline() {
    let throttle = Recorder::default();
    let call = call().deadline(Instant::now() + 5 * SECOND);
    let error = run(&throttle, &call, repeat(2 * SECOND), [LOST, LOST, LOST]).await.unwrap_err();
    assert!(matches!(error, RetryError::Operation(Answer::Lost)), "{error:?}");
    assert_eq!(throttle.times("sent"), [0, 2000, 4000]);
    assert_eq!(throttle.events().last().unwrap(), "finish Unknown");
    assert_eq!(Instant::now() + SECOND, call.deadline_at().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_given_back() {
    let throttle = Recorder { refuse: true, ..Recorder::default() };
    let error = run(&throttle, &call(), repeat(SECOND), []).await.unwrap_err();
    assert!(matches!(error, RetryError::Refused(_)), "{error:?}");
    assert_eq!(error.to_string(), "the call was not sent");
    assert_eq!(error.source().unwrap().to_string(), "the throttle refused the call");
}

#[tokio::test(start_paused = true)]
async fn dropped_it_leaves_the_queue_or_gives_the_attempt_up() {
    let throttle = Recorder { wait: 2 * SECOND, ..Recorder::default() };
    let call = call();
    let hangs = || async {
        let () = pending().await;
        Ok(())
    };
    timeout(SECOND, retry(&throttle, &call, empty(), hangs, judge)).await.unwrap_err();
    assert_eq!(throttle.events(), ["acquire billing GetInvoice", "left the queue"]);
    timeout(3 * SECOND, retry(&throttle, &call, empty(), hangs, judge)).await.unwrap_err();
    assert_eq!(throttle.events()[2..], ["acquire billing GetInvoice", "sent", "finish Unknown"]);
}

/// Dropped while it waits for the time that the service asked for, its permit comes back unsent.
#[tokio::test(start_paused = true)]
async fn dropped_before_it_may_send_it_gives_the_permit_back() {
    let throttle = Recorder::default();
    let call = call();
    let asked = || async { Err(Answer::Throttled(Some(7 * SECOND))) };
    timeout(SECOND, retry(&throttle, &call, empty(), asked, judge)).await.unwrap_err();
    assert_eq!(throttle.events()[3..], ["acquire billing GetInvoice", "finish Unsent"]);
}

/// The adaptive throttle paces the retries of throttles: few are needed, and none is lost.
#[tokio::test(start_paused = true)]
async fn the_adaptive_throttle_paces_the_retries() {
    let throttle = Adaptive::new();
    let (call, start) = (call(), Instant::now());
    let mut accepted = 0_u32;
    for _ in 0..200 {
        // A bucket that refills 10 tokens a second, and holds 10.
        let answer = || {
            let refilled = 10.0 + (start.elapsed().as_secs_f64() * 10.0).floor();
            let full = f64::from(accepted) < refilled;
            accepted += u32::from(full);
            async move {
                sleep(Duration::from_millis(20)).await;
                if full { Ok(()) } else { THROTTLED }
            }
        };
        retry(&throttle, &call, empty(), answer, judge).await.unwrap();
    }
    let state = &throttle.snapshot()[0];
    assert_eq!((state.accepted, state.in_flight), (200, 0));
    assert!(state.throttled > 0 && state.throttled < 20, "{state:?}");
}

/// It can be spawned, and takes a throttle of unknown type.
#[tokio::test(start_paused = true)]
async fn it_is_send_and_takes_any_throttle() {
    let throttle: Box<dyn Throttle> = Box::new(Unlimited);
    let task = tokio::spawn(async move {
        retry(&*throttle, &call(), repeat_n(SECOND, 1), || std::future::ready(Ok(())), judge).await
    });
    task.await.unwrap().unwrap();
}

/// No time is too long to be asked for, and none makes it panic.
#[tokio::test(start_paused = true)]
async fn times_without_end_are_waited_for_and_no_more() {
    let endless = Err(Answer::Throttled(Some(Duration::MAX)));
    let call = call();
    let throttled = retry(&Unlimited, &call, empty(), || std::future::ready(endless), judge);
    assert!(timeout(SECOND * 86_400, throttled).await.is_err());

    let call = call.deadline(Instant::now() + SECOND);
    let lost = retry(&Unlimited, &call, [Duration::MAX], || std::future::ready(LOST), judge);
    assert!(matches!(lost.await, Err(RetryError::Operation(Answer::Lost))));
}
