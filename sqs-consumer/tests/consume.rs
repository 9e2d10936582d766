//! The consumer on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use tidegate_lanes::dead_letter::Memory;
use tidegate_local_aws::QueueMessage;
use tidegate_sqs_consumer::{
    Attempt, Concurrency, ErrorKind, Failure, Handling, Message, Policy, poll::Standing,
};
use tokio::time::{Instant, sleep};

use self::world::{FIFO, QUEUE, World};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// Writes down what it sees, after a while.
macro_rules! logging {
    ($world:expr, $pause:expr) => {{
        let log = $world.log.clone();
        Handling::new(move |message: Message, _: Attempt| {
            let log = log.clone();
            async move {
                sleep($pause).await;
                log.push(message.body());
                Ok(())
            }
        })
    }};
}

#[tokio::test(start_paused = true)]
async fn all_is_handled_once_and_deleted() {
    let world = World::new().await;
    world.send(0..5_000);
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging!(world, SECOND / 50));
    world.empties(QUEUE).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(world.log.sorted(), (0..5_000).collect::<Vec<_>>());
    assert_eq!((report.totals.received, report.totals.deleted, report.abandoned), (5_000, 5_000, 0));
    assert!(report.is_whole());
    let calls = report.totals.receives + report.totals.deletes;
    assert!(calls <= 1_050, "{calls} calls");
}

/// The bound counts what the receives that are out may bring, and holds at every instant; the server counts.
#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_there_is_room_for() {
    for most in [1, 7, 10, 11, 100] {
        let world = World::new().await;
        world.send(0..300);
        let consumer = world.consumer(QUEUE).max_unprocessed(most).build().unwrap();
        let mut running = consumer.run(logging!(world, SECOND / 10));
        world.empties(QUEUE).await;
        let clients = world.sqs.clients(QUEUE).unwrap();
        let reserved = clients.values().map(|client| client.max_reserved).max().unwrap();
        assert_eq!(reserved, most, "it is reached, and no more");
        let _ = running.shutdown(DEADLINE).await.unwrap();
        assert_eq!(world.log.sorted(), (0..300).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_costs_three_calls_a_minute_and_wakes_at_once() {
    let world = World::new().await;
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging!(world, Duration::ZERO));
    sleep(10 * SECOND * 60).await;
    let receives = running.health().totals.receives;
    assert!((29..=32).contains(&receives), "{receives}");
    assert_eq!(running.health().standing, Standing::Idle);
    let sent = Instant::now();
    world.send(0..1);
    while world.log.all().is_empty() {
        sleep(SECOND / 100).await;
    }
    assert!(sent.elapsed() <= SECOND / 10, "{:?}", sent.elapsed());
    let _ = running.shutdown(DEADLINE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_long_handler_keeps_its_message() {
    let world = World::new().await;
    world.send(0..30);
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging!(world, SECOND * 3_600));
    world.empties(QUEUE).await;
    assert_eq!(world.log.sorted(), (0..30).collect::<Vec<_>>(), "none came twice");
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!((report.totals.lost, report.totals.joined), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn groups_of_a_fifo_queue_are_in_order_and_one_at_a_time() {
    let world = World::new().await;
    let messages = (0..200).map(|n| QueueMessage::new(format!("{} {n}", n % 7)).group((n % 7).to_string()));
    world.sqs.send(FIFO, messages).unwrap();
    let (log, running_now) = (world.log.clone(), Arc::new(Mutex::new(BTreeMap::<String, usize>::new())));
    let handler = move |message: Message, attempt: Attempt| {
        let (log, running_now) = (log.clone(), Arc::clone(&running_now));
        async move {
            let group = message.group_id().unwrap().to_owned();
            {
                let mut running = running_now.lock().unwrap();
                let at_once = running.entry(group.clone()).or_default();
                *at_once += 1;
                assert_eq!(*at_once, 1, "two of a group at once");
            }
            sleep(SECOND / 20).await;
            *running_now.lock().unwrap().get_mut(&group).unwrap() -= 1;
            // Some fail the first time.
            if attempt.number() == 1 && message.body().ends_with('3') {
                return Err(Failure::retry("not yet"));
            }
            log.push(message.body());
            Ok(())
        }
    };
    let mut running = world.consumer(FIFO).build().unwrap().run(Handling::new(handler));
    world.empties(FIFO).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    let mut last = BTreeMap::new();
    for entry in world.log.all() {
        let (group, number) = entry.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        let before = last.insert(group.to_owned(), number);
        assert!(before.is_none_or(|before| before < number), "{entry} after {before:?}");
    }
    assert_eq!(world.log.all().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_under_load_leaves_nothing_held_and_nothing_comes_back() {
    let world = World::new().await;
    world.send(0..2_000);
    let consumer = world.consumer(QUEUE).max_unprocessed(300).build().unwrap();
    let mut running = consumer.run(logging!(world, SECOND));
    sleep(5 * SECOND).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    let view = world.sqs.queue(QUEUE).unwrap();
    assert_eq!(view.in_flight, 0, "all of it is deleted or given back");
    let handled = world.log.all().len();
    assert_eq!(view.visible, 2_000 - handled, "what was handled is deleted");
    assert_eq!(report.totals.deleted, handled as u64);
    assert!(report.totals.given_back > 0 && report.totals.dropped == 0);
    sleep(100 * SECOND).await;
    assert_eq!(world.log.all().len(), handled);
}

/// What is given back while its own receives are out would be received by these, and come nearer to the dead letters.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_receive_what_it_gives_back() {
    let world = World::new().await;
    world.send(0..50);
    let consumer = world.consumer(QUEUE).build().unwrap();
    let handling = logging!(world, SECOND * 2).concurrency(Concurrency::per_key(1));
    let mut running = consumer.run(handling);
    sleep(SECOND).await;
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!((report.totals.received, report.totals.deleted, report.totals.given_back), (50, 1, 49));
    assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 49);
    assert!(world.sqs.messages(QUEUE).unwrap().iter().all(|message| message.receive_count == 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_still_running_at_the_deadline_is_given_back() {
    let world = World::new().await;
    world.send(0..10);
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging!(world, SECOND * 3_600));
    sleep(SECOND).await;
    let begun = Instant::now();
    let report = running.shutdown(DEADLINE).await.unwrap();
    assert!(begun.elapsed() <= DEADLINE);
    assert_eq!((report.totals.given_back, report.totals.deleted, report.abandoned), (10, 0, 0));
    assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 10);
}

/// A retry that ran was cut off a second after the shutdown, whatever its deadline; and what failed again and again was waited
/// for until then, if it ran at the wrong moment.
#[tokio::test(start_paused = true)]
async fn at_a_shutdown_a_retry_that_runs_goes_on_and_one_that_waits_is_left_to_others() {
    for (works, after, takes) in [(true, SECOND * 3 / 2, 5 * SECOND), (false, SECOND / 100, SECOND / 10)] {
        let world = World::new().await;
        world.send(0..1);
        let handler = move |_: Message, attempt: Attempt| async move {
            if attempt.number() > 1 {
                sleep(takes).await;
            }
            if works && attempt.number() > 1 { Ok(()) } else { Err(Failure::retry("not yet")) }
        };
        let policy = Policy::default().retries(move || std::iter::repeat(after));
        let handling = Handling::new(handler).on_failure(policy);
        let mut running = world.consumer(QUEUE).wait(SECOND).build().unwrap().run(handling);
        sleep(SECOND).await;
        let begun = Instant::now();
        let report = running.shutdown(DEADLINE).await.unwrap();
        assert_eq!((report.totals.deleted, report.totals.given_back), (u64::from(works), u64::from(!works)));
        assert!(begun.elapsed() < 7 * SECOND, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_goes_to_the_dead_letters_with_its_reason() {
    let world = World::new().await;
    world.sqs.send(QUEUE, ["1", "two", "3"]).unwrap();
    let (letters, log) = (Arc::new(Memory::new()), world.log.clone());
    let handler = move |message: Message, _: Attempt| {
        let log = log.clone();
        async move {
            let number: u64 = message.body().parse().map_err(Failure::dead_letter)?;
            log.push(number.to_string());
            Ok(())
        }
    };
    let handling = Handling::new(handler).on_failure(Policy::default().letters(Arc::clone(&letters) as _));
    let mut running = world.consumer(QUEUE).build().unwrap().run(handling);
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
    assert_eq!(world.log.sorted(), [1, 3]);
    let letters = letters.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (&*letters[0].body, letters[0].error.as_str()),
        (b"two".as_slice(), "invalid digit found in string")
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_tried_again_and_loses_no_room() {
    let world = World::new().await;
    world.send(0..50);
    let (tries, log) = (Arc::new(AtomicUsize::new(0)), world.log.clone());
    let handler = move |message: Message, attempt: Attempt| {
        let (tries, log) = (Arc::clone(&tries), log.clone());
        async move {
            tries.fetch_add(1, SeqCst);
            assert!(attempt.number() > 1, "the first time is hard");
            log.push(message.body());
            Ok(())
        }
    };
    let mut running = world.consumer(QUEUE).max_unprocessed(10).build().unwrap().run(Handling::new(handler));
    world.empties(QUEUE).await;
    assert_eq!(world.log.sorted(), (0..50).collect::<Vec<_>>());
    sleep(SECOND).await;
    assert_eq!(running.health().held, 0);
    let _ = running.shutdown(DEADLINE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_stops_stops_the_consumer_and_gives_the_message_back() {
    let world = World::new().await;
    world.send(0..1);
    let handling = Handling::new(|_: Message, _: Attempt| async { Err(Failure::retry("no")) });
    let policy = Policy::default().retries(|| [SECOND]).stop();
    let mut running = world.consumer(QUEUE).build().unwrap().run(handling.on_failure(policy));
    let error = running.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Handler);
    assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 1);
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_standard_queue_are_one_at_a_time() {
    let world = World::new().await;
    world.send(0..100);
    let running_now = Arc::new(Mutex::new(BTreeMap::<usize, usize>::new()));
    let handler = move |message: Message, _: Attempt| {
        let running_now = Arc::clone(&running_now);
        async move {
            let key = message.body().parse::<usize>().unwrap() % 5;
            let count = |change: fn(usize) -> usize| {
                let mut running = running_now.lock().unwrap();
                let at_once = running.entry(key).or_default();
                *at_once = change(*at_once);
                *at_once
            };
            assert_eq!(count(|it| it + 1), 1);
            sleep(SECOND / 10).await;
            count(|it| it - 1);
            Ok(())
        }
    };
    let handling = Handling::new(handler).concurrency(Concurrency::per_key(64));
    let handling = handling.key_by(|message| (message.body().parse::<usize>().unwrap() % 5).to_string());
    let begun = Instant::now();
    let mut running = world.consumer(QUEUE).build().unwrap().run(handling);
    world.empties(QUEUE).await;
    // Twenty of each key, five keys at once.
    assert!((2 * SECOND..=3 * SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let _ = running.shutdown(DEADLINE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_deliveries_is_acked_nacked_and_dropped() {
    let world = World::new().await;
    world.send(0..3);
    let mut messages = world.consumer(QUEUE).max_unprocessed(3).build().unwrap().messages();
    let first = messages.next().await.unwrap();
    assert!(first.ack().await, "it is deleted");
    messages.next().await.unwrap().nack(60 * SECOND);
    drop(messages.next().await.unwrap());
    // The dropped one comes at once, the other one later.
    let again = messages.next().await.unwrap();
    assert_eq!(again.message().receive_count(), 2);
    assert!(again.ack().await);
    assert_eq!(world.left(QUEUE), 1);
    let nacked = Instant::now();
    let last = messages.next().await.unwrap();
    assert!((55 * SECOND..=61 * SECOND).contains(&nacked.elapsed()), "{:?}", nacked.elapsed());
    let totals = messages.health().totals;
    assert_eq!((totals.deleted, totals.given_back, totals.dropped), (2, 2, 1));
    // What is out is waited for.
    let (report, acked) = tokio::join!(messages.shutdown(DEADLINE), async {
        sleep(SECOND).await;
        last.ack().await
    });
    assert!(acked && report.unwrap().is_whole());
    assert_eq!(world.left(QUEUE), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_was_not_asked_for_is_given_back_at_a_shutdown() {
    let world = World::new().await;
    world.send(0..20);
    let mut messages = world.consumer(QUEUE).build().unwrap().messages();
    assert!(messages.next().await.unwrap().ack().await);
    sleep(SECOND).await;
    let report = messages.shutdown(DEADLINE).await.unwrap();
    assert_eq!((report.totals.deleted, report.totals.given_back, report.totals.dropped), (1, 19, 0));
    assert_eq!(world.sqs.queue(QUEUE).unwrap().visible, 19);
}

/// What a receive that nobody waits for brings is nobody's until its visibility ends: the report says that there is one.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_does_not_wait_for_its_receives_says_so() {
    let world = World::new().await;
    let mut running = world.consumer(QUEUE).build().unwrap().run(logging!(world, SECOND));
    sleep(SECOND).await;
    let report = running.shutdown(5 * SECOND).await.unwrap();
    assert_eq!((report.abandoned, report.receives, report.is_whole()), (0, 1, false));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_is_named_at_the_start() {
    let world = World::new().await;
    let mut running = world.consumer("nowhere").build().unwrap().run(logging!(world, SECOND));
    let error = running.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), format!("there is no queue {}", World::url("nowhere")));
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_are_named() {
    let world = World::new().await;
    let consumer = || world.consumer(QUEUE);
    for (builder, problem) in [
        (consumer().max_unprocessed(0), "max_unprocessed is 0; it must be 1 or more"),
        (consumer().wait(SECOND * 21), "wait is 21s; it must be whole seconds, 1 to 20"),
        (consumer().visibility(SECOND / 2), "visibility is 500ms; it must be whole seconds, 3 to 43200"),
        (
            consumer().max_unprocessed(50_000).processes(3),
            "max_unprocessed of 50000 in 3 processes is 150000 messages; SQS gives 120000 of a queue to all consumers \
             together",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::InvalidInput, problem));
    }
}

/// The stalest bug of pollers: an empty answer because too much is in flight is taken for an empty queue.
#[tokio::test(start_paused = true)]
async fn a_queue_at_its_limit_is_limited_and_not_idle() {
    let world = World::new().await;
    world.sqs.set_in_flight_limit(QUEUE, 100).unwrap();
    world.send(0..200);
    let consumer = world.consumer(QUEUE).processes(1_200).max_unprocessed(100).build().unwrap();
    let mut running = consumer.run(logging!(world, 100 * SECOND).concurrency(Concurrency::per_key(100)));
    sleep(50 * SECOND).await;
    assert_eq!(running.health().held, 100);
    world.empties(QUEUE).await;
    let _ = running.shutdown(DEADLINE).await.unwrap();
}
