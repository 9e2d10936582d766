//! The publisher on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_sqs::{primitives::Blob, types::MessageAttributeValue};
use futures_util::{FutureExt, future::join_all};
use tidegate_lanes::{Amount, Budget};
use tidegate_local_aws::{Fault, FaultMode, Faults};
use tidegate_sqs_consumer::{
    ErrorKind, Publication, PublishError, PublishErrorKind, Publisher, Sent, publisher::Builder,
};
use tidegate_throttle::{Call, Permit, Refused, Throttle, Unlimited};
use tokio::{
    task::yield_now,
    time::{Instant, sleep, timeout},
};

use self::world::{FIFO, QUEUE, World};

const SECOND: Duration = Duration::from_secs(1);
const MIB: usize = 1 << 20;

fn to(world: &World, queue: &str) -> Builder {
    Publisher::builder(world.client.clone(), World::url(queue))
}

fn bodies(world: &World, queue: &str) -> Vec<String> {
    world.sqs.messages(queue).unwrap().into_iter().map(|message| message.body).collect()
}

fn calls(world: &World) -> u64 {
    world.aws.counters().action("sqs", "SendMessageBatch").accepted
}

fn numbers(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

/// All of them, in their order.
async fn all_sent(
    sends: impl IntoIterator<Item = impl Future<Output = Result<Sent, PublishError>>>,
) -> Vec<Sent> {
    join_all(sends).await.into_iter().map(Result::unwrap).collect()
}

fn fault(mode: FaultMode, probability: f64) -> Fault {
    Fault::new(mode, probability).service("sqs").actions(["SendMessageBatch"])
}

#[tokio::test(start_paused = true)]
async fn all_is_sent_in_full_calls_and_each_is_told_where_it_is() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    let sends = (0..1_000).map(|n| publisher.send(Publication::new(n.to_string())));
    let sent = all_sent(sends).await;
    assert_eq!(calls(&world), 100);
    assert_eq!(publisher.unsent(), Amount::NONE);
    let there = world.sqs.messages(QUEUE).unwrap();
    let there: BTreeMap<_, _> = there.into_iter().map(|message| (message.body, message.id)).collect();
    for (n, sent) in sent.iter().enumerate() {
        assert_eq!(there[&n.to_string()], sent.message_id.as_str());
        assert_eq!(sent.sequence_number, None);
    }
}

#[tokio::test(start_paused = true)]
async fn one_alone_lingers_and_no_longer() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).linger(SECOND / 5).start().unwrap();
    let begun = Instant::now();
    publisher.send(Publication::new("alone")).await.unwrap();
    assert!((SECOND / 5..SECOND / 4).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let send = publisher.send(Publication::new("in a hurry"));
    publisher.flush().await;
    assert!(begun.elapsed() < SECOND / 10);
    assert!(send.now_or_never().unwrap().is_ok());
    let begun = Instant::now();
    publisher.send(Publication::new("alone again")).await.unwrap();
    assert!(begun.elapsed() >= SECOND / 5, "a flush is over when it is over");
}

#[tokio::test(start_paused = true)]
async fn a_call_has_a_mebibyte_at_most() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    // Three fit into one call.
    let sends = (0..9).map(|_| publisher.send(Publication::new("x".repeat(MIB / 3))));
    all_sent(sends).await;
    assert_eq!(calls(&world), 3);
    let largest = || Publication::new("x".repeat(MIB - 14)).attribute("color", "dun");
    assert_eq!(largest().bytes(), MIB);
    let sends = [publisher.send(largest()), publisher.send(Publication::new("y")), publisher.send(largest())];
    all_sent(sends).await;
    assert_eq!((calls(&world), world.left(QUEUE)), (6, 12));
}

#[tokio::test(start_paused = true)]
async fn what_sqs_cannot_take_is_refused_before_it_is_sent() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    let large = publisher.send(Publication::new("x".repeat(MIB)).attribute("a", "b")).await.unwrap_err();
    assert_eq!(large.kind(), PublishErrorKind::TooLarge);
    assert_eq!(
        large.to_string(),
        "a message of 1048584 bytes, its attributes included, is too large: SQS takes 1048576 at most"
    );
    let fifo = to(&world, FIFO).start().unwrap();
    let refused = [
        (publisher.send(Publication::new("")).await, "the body is empty; it must have one character or more"),
        (
            publisher.send(Publication::new("x").delay(901 * SECOND)).await,
            "delay is 901s; it must be whole seconds, 0 to 900",
        ),
        (
            publisher.send(Publication::new("x").delay(SECOND / 2)).await,
            "delay is 500ms; it must be whole seconds, 0 to 900",
        ),
        (
            fifo.send(Publication::new("x")).await,
            "the message has no group; on a FIFO queue it must have one",
        ),
        (
            fifo.send(Publication::new("x").group("g").delay(SECOND)).await,
            "the message has a delay; a FIFO queue has one for all its messages",
        ),
    ];
    for (refused, line) in refused {
        let refused = refused.unwrap_err();
        assert_eq!((refused.kind(), refused.to_string().as_str()), (PublishErrorKind::InvalidInput, line));
    }
    assert_eq!(calls(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn settings_out_of_their_range_are_named() {
    let world = World::new().await;
    let wrong = [
        (to(&world, QUEUE).max_unsent(0), "max_unsent is 0; it must be 1 or more"),
        (to(&world, QUEUE).max_bytes(0), "max_bytes is 0; it must be 1 or more"),
        (to(&world, QUEUE).parallelism(0), "parallelism is 0; it must be 1 or more"),
        (to(&world, QUEUE).patience(SECOND / 2), "patience is 500ms; it must be 1 s or more"),
    ];
    for (builder, line) in wrong {
        let error = builder.start().unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, line));
    }
    let error = Publisher::builder(world.client.clone(), "orders").start().unwrap_err();
    assert!(error.to_string().starts_with("\"orders\" is no URL of a queue"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_message_says_of_itself_arrives() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    let number = MessageAttributeValue::builder().data_type("Number").string_value("7").build().unwrap();
    let message = Publication::new("body").attribute("tenant", "blue").typed_attribute("version", number);
    publisher.send(message.delay(5 * SECOND).group("g")).await.unwrap();
    assert_eq!(world.sqs.queue(QUEUE).unwrap().delayed, 1);
    sleep(5 * SECOND).await;
    let receive = world.client.receive_message().queue_url(World::url(QUEUE)).message_attribute_names("All");
    let received = receive
        .message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    let attributes = message.message_attributes.as_ref().unwrap();
    let text = |name: &str| (attributes[name].data_type(), attributes[name].string_value().unwrap());
    assert_eq!((text("tenant"), text("version")), (("String", "blue"), ("Number", "7")));
    let group = aws_sdk_sqs::types::MessageSystemAttributeName::MessageGroupId;
    assert_eq!(message.attributes.as_ref().unwrap()[&group], "g");
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_all_is_sent_and_each_entry_for_itself() {
    let world = World::new().await;
    world.aws.set_faults(
        Faults::none()
            .with(fault(FaultMode::FailedEntry, 0.5))
            .with(fault(FaultMode::Error500, 0.1))
            .with(fault(FaultMode::Drop, 0.1)),
    );
    let publisher = to(&world, QUEUE).start().unwrap();
    let sends = (0..500).map(|n| publisher.send(Publication::new(n.to_string())));
    all_sent(sends).await;
    let mut there = bodies(&world, QUEUE);
    there.sort_unstable_by_key(|body| body.parse::<usize>().unwrap());
    assert_eq!(there, numbers(0..500), "once each: no answer was lost");
}

/// A standard queue does not know a message again.
#[tokio::test(start_paused = true)]
async fn where_answers_are_lost_nothing_else_is() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::LostReply, 0.2)));
    let publisher = to(&world, QUEUE).start().unwrap();
    let sends = (0..500).map(|n| publisher.send(Publication::new(n.to_string())));
    all_sent(sends).await;
    let there = bodies(&world, QUEUE);
    let distinct: BTreeSet<_> = there.iter().cloned().collect();
    assert_eq!(distinct, numbers(0..500).into_iter().collect());
    assert!(there.len() > 500, "the faults were there");
}

/// An entry that failed was overtaken by later ones of its group, in its own call and in others that were in flight with it.
#[tokio::test(start_paused = true)]
async fn groups_stay_in_order_whatever_fails() {
    for (unsent, groups) in [(10_000, 20), (7, 3), (25, 1)] {
        let world = World::new().await;
        world.sqs.create_queue("plain.fifo", [("FifoQueue", "true")]).unwrap();
        world.aws.set_faults(
            Faults::none()
                .with(fault(FaultMode::FailedEntry, 0.4))
                .with(fault(FaultMode::LostReply, 0.1))
                .with(fault(FaultMode::Drop, 0.1))
                .with(fault(FaultMode::Error503, 0.1)),
        );
        let publisher = to(&world, "plain.fifo").max_unsent(unsent).start().unwrap();
        let sends = (0..groups * 20).map(|n| {
            let message = Publication::new(n.to_string()).group((n % groups).to_string());
            publisher.send(message.deduplication(n.to_string()))
        });
        let sent = all_sent(sends).await;
        let mut by_group: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for message in world.sqs.messages("plain.fifo").unwrap() {
            by_group.entry(message.group.unwrap()).or_default().push(message.body.parse().unwrap());
        }
        assert_eq!(by_group.len(), groups);
        for (group, there) in by_group {
            let group: usize = group.parse().unwrap();
            assert_eq!(there, (0..20).map(|n| n * groups + group).collect::<Vec<_>>(), "once, and in order");
            let places = there.iter().map(|n| sent[*n].sequence_number.as_deref().unwrap());
            assert!(places.is_sorted_by(|one, next| one < next));
        }
    }
}

/// The place is that of the call: the futures may be polled in any order, by any task.
#[tokio::test(start_paused = true)]
async fn the_order_of_a_group_is_that_of_the_calls() {
    let world = World::new().await;
    let publisher = to(&world, FIFO).max_unsent(4).start().unwrap();
    let mut sends: Vec<_> =
        (0..50).map(|n| publisher.send(Publication::new(n.to_string()).group("g"))).collect();
    sends.reverse();
    let sends = sends.into_iter().map(tokio::spawn);
    assert!(join_all(sends).await.into_iter().all(|sent| sent.unwrap().is_ok()));
    assert_eq!(bodies(&world, FIFO), numbers(0..50));
}

/// A group that lingered for each of its messages had 20 a second.
#[tokio::test(start_paused = true)]
async fn the_next_of_a_group_does_not_linger_again() {
    let world = World::new().await;
    let publisher = to(&world, FIFO).linger(SECOND).start().unwrap();
    let begun = Instant::now();
    let sends = (0..100).map(|n| publisher.send(Publication::new(n.to_string()).group("g")));
    all_sent(sends).await;
    assert_eq!(bodies(&world, FIFO), numbers(0..100));
    assert!(begun.elapsed() < 2 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn on_a_standard_queue_a_group_has_no_order_and_full_calls() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    let sends = (0..100).map(|n| publisher.send(Publication::new(n.to_string()).group("tenant")));
    all_sent(sends).await;
    assert_eq!(calls(&world), 10);
}

#[tokio::test(start_paused = true)]
async fn what_sqs_refuses_is_told_why_and_its_neighbours_are_sent() {
    let world = World::new().await;
    world.sqs.create_queue("small", [("MaximumMessageSize", "1024")]).unwrap();
    world.sqs.create_queue("plain.fifo", [("FifoQueue", "true")]).unwrap();
    let publisher = to(&world, "small").start().unwrap();
    let sends = [1, 1025, 2].map(|size| publisher.send(Publication::new("x".repeat(size))));
    let [first, second, third] = join_all(sends).await.try_into().unwrap();
    assert!(first.is_ok() && third.is_ok());
    let second: PublishError = second.unwrap_err();
    assert_eq!(second.kind(), PublishErrorKind::Refused);
    let line = second.to_string();
    assert!(
        line.starts_with("SQS refused the message: InvalidParameterValue: ") && line.contains("1024"),
        "{line}"
    );
    assert_eq!(calls(&world), 1);

    // What follows in its group is sent.
    let publisher = to(&world, "plain.fifo").start().unwrap();
    let wrong = publisher.send(Publication::new("1").group("g"));
    let right = publisher.send(Publication::new("2").group("g").deduplication("2"));
    let line = wrong.await.unwrap_err().to_string();
    assert!(line.contains("ContentBasedDeduplication"), "{line}");
    assert!(right.await.is_ok());
}

/// SQS counts more than is documented here and there, and refuses the call and not the message. The embedded one counts
/// base64 with its padding.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_for_what_is_in_it_is_made_message_by_message() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    let blob =
        MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([7])).build().unwrap();
    let message = |size: usize| Publication::new("x".repeat(size - 8)).typed_attribute("b", blob.clone());
    assert_eq!(message(MIB / 2).bytes(), MIB / 2);
    let sends = [publisher.send(message(MIB / 2)), publisher.send(message(MIB / 2))];
    all_sent(sends).await;
    assert_eq!((calls(&world), world.left(QUEUE)), (3, 2));
    let alone = publisher.send(message(MIB)).await.unwrap_err();
    assert_eq!(alone.kind(), PublishErrorKind::Refused, "{alone}");
    assert!(alone.to_string().contains("Batch requests cannot be longer"), "{alone}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_is_said_at_once_and_one_that_was_is_waited_for() {
    let world = World::new().await;
    let nowhere = to(&world, "nowhere").start().unwrap();
    let begun = Instant::now();
    let error = nowhere.send(Publication::new("x")).await.unwrap_err();
    assert_eq!(error.kind(), PublishErrorKind::Queue);
    assert!(error.to_string().starts_with("queue nowhere cannot be sent to: "), "{error}");
    assert!(begun.elapsed() < SECOND);

    let publisher = to(&world, QUEUE).start().unwrap();
    publisher.send(Publication::new("first")).await.unwrap();
    let delete = world.client.delete_queue().queue_url(World::url(QUEUE));
    delete.send().await.unwrap();
    let send = tokio::spawn(publisher.send(Publication::new("second")));
    sleep(100 * SECOND).await;
    world.sqs.create_queue::<&str, &str>(QUEUE, []).unwrap();
    assert!(send.await.unwrap().is_ok());
    assert_eq!(bodies(&world, QUEUE), ["second"]);
}

#[tokio::test(start_paused = true)]
async fn patience_has_an_end_and_is_not_spent_in_line() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let publisher = to(&world, FIFO).patience(10 * SECOND).start().unwrap();
    let begun = Instant::now();
    let first = publisher.send(Publication::new("1").group("g"));
    let second = tokio::spawn(publisher.send(Publication::new("2").group("g")));
    let error = first.await.unwrap_err();
    assert_eq!(error.kind(), PublishErrorKind::Expired, "{error}");
    assert!((9 * SECOND..16 * SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    world.aws.set_faults(Faults::none());
    assert!(second.await.unwrap().is_ok());
    assert_eq!(bodies(&world, FIFO), ["2"]);
}

/// The longest times that there are: nothing overflows.
#[tokio::test(start_paused = true)]
async fn patience_may_have_no_end() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let publisher = to(&world, QUEUE).patience(Duration::MAX).linger(Duration::MAX).start().unwrap();
    let send = publisher.send(Publication::new("x"));
    let flush = tokio::spawn(async move { publisher.flush().await });
    sleep(600 * SECOND).await;
    world.aws.set_faults(Faults::none());
    assert!(send.await.is_ok());
    flush.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_is_taken_than_there_is_room_for() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let shared = Budget::new(5, MIB);
    let publisher = to(&world, QUEUE).max_unsent(7).max_bytes(100).within(&shared).start().unwrap();
    let few: Vec<_> = (0..20).map(|_| tokio::spawn(publisher.send(Publication::new("x")))).collect();
    sleep(SECOND).await;
    assert_eq!(shared.in_use(), Amount::new(5, 5));
    assert_eq!(publisher.unsent(), Amount::new(6, 6), "and the one that waits for what is shared");
    world.aws.set_faults(Faults::none());
    assert!(join_all(few).await.into_iter().all(|sent| sent.unwrap().is_ok()));

    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let heavy =
        (0..4).map(|_| tokio::spawn(publisher.send(Publication::new("x".repeat(40))))).collect::<Vec<_>>();
    sleep(SECOND).await;
    assert_eq!(publisher.unsent(), Amount::new(2, 80));
    world.aws.set_faults(Faults::none());
    assert!(join_all(heavy).await.into_iter().all(|sent| sent.unwrap().is_ok()));
    // One that weighs more than all that may be taken is taken alone.
    assert!(publisher.send(Publication::new("x".repeat(1_000))).await.is_ok());
    assert_eq!((publisher.unsent(), shared.in_use()), (Amount::NONE, Amount::NONE));
}

#[tokio::test(start_paused = true)]
async fn dropped_without_room_it_is_not_sent_and_later_it_is() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let publisher = to(&world, QUEUE).max_unsent(2).start().unwrap();
    let mut sends: Vec<_> = (0..6).map(|n| Some(publisher.send(Publication::new(n.to_string())))).collect();
    sleep(SECOND).await;
    assert_eq!(publisher.unsent().count, 2);
    // One that was taken, the first in line, and one behind it.
    for dropped in [1, 2, 4] {
        sends[dropped] = None;
    }
    // One that never was, not even polled.
    drop(publisher.send(Publication::new("6")));
    world.aws.set_faults(Faults::none());
    all_sent(sends.into_iter().flatten()).await;
    publisher.flush().await;
    let there: BTreeSet<_> = bodies(&world, QUEUE).into_iter().collect();
    assert_eq!(there, ["0", "1", "3", "5"].map(str::to_owned).into());
    assert_eq!(publisher.unsent(), Amount::NONE);
}

/// The publisher hears of so many messages that it does not hear at once that nobody wants them.
#[tokio::test(start_paused = true)]
async fn dropped_before_it_is_heard_it_is_not_sent() {
    let world = World::new().await;
    let publisher = to(&world, QUEUE).start().unwrap();
    drop((0..1_000).map(|_| publisher.send(Publication::new("x"))).collect::<Vec<_>>());
    publisher.flush().await;
    assert_eq!(calls(&world), 0);
}

/// Whoever gives up in a loop while nothing is sent leaves nothing behind: what waits is what somebody waits for.
#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_line() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let publisher = to(&world, FIFO).max_unsent(1).start().unwrap();
    let first = tokio::spawn(publisher.send(Publication::new("0").group("g")));
    sleep(SECOND).await;
    for n in 1..100 {
        let send = publisher.send(Publication::new(n.to_string()).group("g"));
        assert!(timeout(SECOND / 10, send).await.is_err());
    }
    world.aws.set_faults(Faults::none());
    assert!(first.await.unwrap().is_ok());
    publisher.send(Publication::new("100").group("g")).await.unwrap();
    assert_eq!(bodies(&world, FIFO), ["0", "100"]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_what_came_before_it_and_not_after() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::FailedEntry, 0.5)));
    let publisher = to(&world, FIFO).max_unsent(5).start().unwrap();
    let before: Vec<_> =
        (0..40).map(|n| publisher.send(Publication::new(n.to_string()).group((n % 4).to_string()))).collect();
    let clone = publisher.clone();
    clone.flush().await;
    for send in before {
        assert!(send.now_or_never().unwrap().is_ok(), "it has come to its end");
    }
    // What comes afterwards does not hold it up.
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Drop, 1.0)));
    let before = publisher.send(Publication::new("before").group("g"));
    let flush = tokio::spawn(async move { clone.flush().await });
    yield_now().await;
    let after: Vec<_> =
        (0..30).map(|n| publisher.send(Publication::new(format!("after {n}")).group("g"))).collect();
    world.aws.set_faults(Faults::none().with(fault(FaultMode::FailedEntry, 0.9)));
    flush.await.unwrap();
    assert!(before.now_or_never().unwrap().is_ok());
    let finished = after.into_iter().filter_map(FutureExt::now_or_never).count();
    assert!(finished < 30, "{finished}");
}

/// Nobody waits for anything, and nobody has a handle: what was taken is sent, and the task ends.
#[tokio::test(start_paused = true)]
async fn after_the_last_handle_what_was_taken_is_sent() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::FailedEntry, 0.5)));
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let publisher = to(&world, FIFO).linger(3_600 * SECOND).start().unwrap();
    let sends: Vec<_> =
        (0..45).map(|n| publisher.send(Publication::new(n.to_string()).group((n % 2).to_string()))).collect();
    sleep(SECOND / 100).await;
    drop((sends, publisher));
    sleep(200 * SECOND).await;
    let there: BTreeSet<_> = bodies(&world, FIFO).into_iter().collect();
    assert_eq!(there, numbers(0..45).into_iter().collect());
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}

/// Counts whom it admits, and refuses the first.
#[derive(Debug, Default)]
struct Counting {
    calls: AtomicUsize,
}

#[async_trait]
impl Throttle for Counting {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        assert_eq!((call.service_name(), call.operation_name()), ("sqs", "SendMessageBatch"));
        if self.calls.fetch_add(1, SeqCst) == 0 {
            return Err(Refused::new("not yet"));
        }
        Unlimited.acquire(call).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_throttle_admits_each_call_once() {
    let world = World::new().await;
    world.aws.set_faults(Faults::none().with(fault(FaultMode::Error500, 0.3)));
    let throttle = Arc::new(Counting::default());
    let publisher = to(&world, QUEUE).throttle(Arc::<Counting>::clone(&throttle)).start().unwrap();
    let sends = (0..200).map(|n| publisher.send(Publication::new(n.to_string())));
    all_sent(sends).await;
    let admitted = throttle.calls.load(SeqCst) as u64;
    assert_eq!(admitted, calls(&world) + 1, "the one that was refused was not sent");
    assert!(admitted > 21, "the faults were there");
}

/// What is not known to have been sent is said so.
#[test]
fn a_runtime_that_is_shut_down_interrupts() {
    let first = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let second = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (send, publisher, _world) = first.block_on(async {
        let world = World::new().await;
        let publisher = to(&world, QUEUE).linger(3_600 * SECOND).start().unwrap();
        (publisher.send(Publication::new("x")), publisher, world)
    });
    drop(first);
    second.block_on(async {
        assert_eq!(send.await.unwrap_err().kind(), PublishErrorKind::Interrupted);
        let late = publisher.send(Publication::new("y")).await;
        assert_eq!(late.unwrap_err().kind(), PublishErrorKind::Interrupted);
        publisher.flush().await;
    });
}
