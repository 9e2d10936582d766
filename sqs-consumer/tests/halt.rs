//! A key whose message fails again and again is given back to the queue, on the embedded AWS, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{future::ready, time::Duration};

use tidegate_local_aws::QueueMessage;
use tidegate_sqs_consumer::{
    Attempt, Concurrency, Failure, Handling, Message, Policy, Running, consumer::Builder,
};
use tokio::time::{Instant, sleep};

use self::world::{FIFO, Log, QUEUE, World};

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(30);

/// Retried after 1 s and after 10 s, and then halted for 10 s.
fn policy() -> Policy {
    Policy::default().retries(|| [SECOND, 10 * SECOND])
}

/// Logs what it is given, like `a 1 at 12 s`; what says `poison` fails until then.
fn run(consumer: Builder, log: &Log, concurrency: Concurrency, cured: Duration) -> Running {
    let (log, begun) = (log.clone(), Instant::now());
    let handler = move |message: Message, _: Attempt| {
        let poison = message.body().contains("poison") && begun.elapsed() < cured;
        log.push(format!("{} at {} s", message.body(), begun.elapsed().as_secs()));
        ready(if poison { Err(Failure::retry("poison")) } else { Ok(()) })
    };
    let handling = Handling::new(handler).concurrency(concurrency).on_failure(policy());
    let handling = handling.key_by(|message| message.body()[..1].to_owned());
    consumer.build().unwrap().run(handling)
}

#[tokio::test(start_paused = true)]
async fn a_halted_key_holds_no_room_and_keeps_its_order() {
    let world = World::new().await;
    world.sqs.send(QUEUE, ["a 1 poison", "a 2", "a 3"]).unwrap();
    let consumer = world.consumer(QUEUE).max_unprocessed(3);
    let mut running = run(consumer, &world.log, Concurrency::per_key(8), 15 * SECOND);
    // All the room is the key's, until it is halted.
    sleep(5 * SECOND).await;
    world.sqs.send(QUEUE, ["b 1", "b 2"]).unwrap();
    sleep(5 * SECOND).await;
    assert_eq!((running.health().held, world.log.all().len()), (3, 2));
    sleep(2 * SECOND).await;
    assert_eq!(running.health().held, 0, "it is given back");
    // What comes of the key meanwhile does not overtake.
    world.sqs.send(QUEUE, ["a 4"]).unwrap();
    world.empties(QUEUE).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    let mut log = world.log.all();
    // Nothing is between these two but the queue.
    log[3..5].sort_unstable();
    assert_eq!(
        log[..5],
        ["a 1 poison at 0 s", "a 1 poison at 1 s", "a 1 poison at 11 s", "b 1 at 11 s", "b 2 at 11 s"]
    );
    let after: Vec<_> = log[5..].iter().map(|it| &it[..3]).collect();
    assert_eq!(after, ["a 1", "a 2", "a 3", "a 4"], "{log:?}");
    assert!(log[5].ends_with(" 21 s") || log[5].ends_with(" 22 s"), "{log:?}");
    assert!(report.is_whole() && report.totals.given_back >= 4 && report.totals.dropped == 0, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_halted_group_of_a_fifo_queue_keeps_its_order() {
    let world = World::new().await;
    let messages = ["a 1 poison", "a 2", "a 3", "b 1", "b 2"];
    let messages = messages.map(|body| QueueMessage::new(body).group(&body[..1]));
    world.sqs.send(FIFO, messages).unwrap();
    let mut running = run(world.consumer(FIFO), &world.log, Concurrency::per_key(8), 15 * SECOND);
    world.empties(FIFO).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    let log: Vec<_> = world.log.all().iter().map(|it| it[..3].to_owned()).collect();
    let of = |group: &str| log.iter().filter(|it| it.starts_with(group)).cloned().collect::<Vec<_>>();
    assert_eq!(of("a"), ["a 1", "a 1", "a 1", "a 1", "a 2", "a 3"]);
    assert_eq!(of("b"), ["b 1", "b 2"]);
}

#[tokio::test(start_paused = true)]
async fn with_one_order_for_all_everything_waits() {
    let world = World::new().await;
    world.sqs.send(QUEUE, ["a poison", "b", "c"]).unwrap();
    let mut running = run(world.consumer(QUEUE), &world.log, Concurrency::Serial, 15 * SECOND);
    sleep(15 * SECOND).await;
    world.sqs.send(QUEUE, ["d"]).unwrap();
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    let log: Vec<_> = world.log.all().iter().map(|it| it[..1].to_owned()).collect();
    assert_eq!(log, ["a", "a", "a", "a", "b", "c", "d"], "{:?}", world.log.all());
}

#[tokio::test(start_paused = true)]
async fn without_an_order_nobody_waits() {
    let world = World::new().await;
    world.sqs.send(QUEUE, ["a poison", "a 2", "a 3"]).unwrap();
    let mut running = run(world.consumer(QUEUE), &world.log, Concurrency::unordered(8), 15 * SECOND);
    sleep(SECOND / 2).await;
    assert_eq!(world.log.all().len(), 3);
    world.empties(QUEUE).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(report.totals.given_back, 1);
}

#[tokio::test(start_paused = true)]
async fn the_redrive_policy_ends_it_and_the_key_goes_on() {
    let world = World::new().await;
    world.sqs.create_queue("dead", [("VisibilityTimeout", "30")]).unwrap();
    let redrive =
        r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"3"}"#;
    world.sqs.create_queue("redriven", [("RedrivePolicy", redrive)]).unwrap();
    world.sqs.send("redriven", ["a poison"]).unwrap();
    let never = Duration::MAX;
    let mut running = run(world.consumer("redriven"), &world.log, Concurrency::per_key(8), never);
    sleep(55 * SECOND).await;
    // It comes while the key waits for a message that is not in the queue any more.
    world.sqs.send("redriven", ["a 2"]).unwrap();
    world.empties("redriven").await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!((world.left("dead"), world.log.all().len()), (1, 10), "{:?}", world.log.all());
    assert!(world.log.all()[9].starts_with("a 2"));
}

#[tokio::test(start_paused = true)]
async fn by_default_a_message_that_fails_comes_back_to_its_queue() {
    let world = World::new().await;
    world.send(0..1);
    let handling = Handling::new(|_: Message, _: Attempt| ready(Err(Failure::retry("poison"))));
    let mut running = world.consumer(QUEUE).build().unwrap().run(handling);
    sleep(600 * SECOND).await;
    let totals = running.health().totals;
    assert!((3..100).contains(&totals.given_back), "{totals:?}");
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert!(report.is_whole() && world.left(QUEUE) == 1, "{report:?}");
}

/// Times that a clock or SQS cannot count to were panics, and messages that were not given back.
#[tokio::test(start_paused = true)]
async fn times_without_an_end_are_cut() {
    let world = World::new().await;
    world.send(0..1);
    let handler = |_: Message, _: Attempt| ready(Err(Failure::retry_after(Duration::MAX, "never again")));
    let handling = Handling::new(handler).on_failure(Policy::default().retries(|| []));
    let mut running = world.consumer(QUEUE).build().unwrap().run(handling);
    sleep(60 * SECOND).await;
    assert_eq!((running.health().held, world.sqs.queue(QUEUE).unwrap().in_flight), (0, 1), "for 12 h");
    let report = running.shutdown(Duration::MAX).await.unwrap();
    assert!(report.is_whole() && report.totals.given_back == 1, "{report:?}");

    let mut messages = world.consumer(QUEUE).build().unwrap().messages();
    assert!(messages.shutdown(Duration::MAX).await.unwrap().is_whole());
}
