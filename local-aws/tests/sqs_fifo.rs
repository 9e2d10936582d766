//! FIFO queues: groups, deduplication, attempts.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use aws_sdk_sqs::types::MessageSystemAttributeName as System;
use sqs::{World, bodies, code, seconds, system, world};
use tidegate_local_aws::{Limits, QueueMessage};
use tokio::time::advance;

const CONTENT: (&str, &str) = ("ContentBasedDeduplication", "true");

fn send(world: &World, messages: &[(&str, &str)]) {
    let messages = messages.iter().map(|(group, body)| QueueMessage::new(*body).group(*group));
    world.handle.send(world.queue, messages).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_is_closed_while_one_of_its_messages_is_in_flight() {
    let world = world("orders.fifo", &[("VisibilityTimeout", "10")]).await;
    send(&world, &[("a", "a0"), ("b", "b0"), ("a", "a1"), ("b", "b1"), ("a", "a2")]);
    let receive =
        |most| world.sqs.receive_message().queue_url(world.url()).max_number_of_messages(most).send();
    // Several of one group come at once, in order.
    let first = receive(2).await.unwrap().messages.unwrap();
    assert_eq!(bodies(&first), ["a0", "a1"]);
    let second = world.receive().await;
    assert_eq!(bodies(&second), ["b0", "b1"]);
    assert!(world.receive().await.is_empty());
    world.delete(&first[0]).await;
    assert!(world.receive().await.is_empty());
    // All are visible again: what was not deleted comes before what follows it in its group.
    advance(seconds(10)).await;
    assert_eq!(bodies(&world.receive().await), ["b0", "b1", "a1", "a2"]);
    // An expired handle of a FIFO queue is an error.
    let late = world.sqs.delete_message().queue_url(world.url());
    let late = late.set_receipt_handle(first[1].receipt_handle.clone()).send().await;
    assert_eq!(code(&late), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_poll_wakes_when_a_group_opens() {
    let world = world("orders.fifo", &[]).await;
    send(&world, &[("a", "a0"), ("a", "a1")]);
    let receive = world.sqs.receive_message().queue_url(world.url());
    let first = receive.send().await.unwrap().messages.unwrap();
    let start = tokio::time::Instant::now();
    let (next, ()) = tokio::join!(world.poll(world.queue, 20), async {
        tokio::time::sleep(seconds(2)).await;
        world.delete(&first[0]).await;
    });
    assert_eq!((bodies(&next), start.elapsed()), (vec!["a1"], seconds(2)));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_taken_once_in_five_minutes() {
    let world = world("orders.fifo", &[CONTENT]).await;
    let send =
        |body: &str| world.sqs.send_message().queue_url(world.url()).message_group_id("a").message_body(body);
    let first = send("x").send().await.unwrap();
    let second = send("x").send().await.unwrap();
    assert_eq!(
        (first.message_id(), first.sequence_number()),
        (second.message_id(), second.sequence_number())
    );
    assert_eq!(first.sequence_number().unwrap().len(), 20);
    send("y").message_deduplication_id("own").send().await.unwrap();
    send("z").message_deduplication_id("own").send().await.unwrap();
    let messages = world.receive().await;
    assert_eq!(bodies(&messages), ["x", "y"]);
    // SHA-256 of "x".
    let hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    assert_eq!(system(&messages[0], System::MessageDeduplicationId), Some(hash));
    assert_eq!(system(&messages[0], System::SequenceNumber), first.sequence_number());
    assert!(system(&messages[0], System::SequenceNumber) < system(&messages[1], System::SequenceNumber));
    // It is remembered beyond the delete, for five minutes.
    world.delete(&messages[0]).await;
    world.delete(&messages[1]).await;
    advance(seconds(299)).await;
    send("x").send().await.unwrap();
    assert_eq!(world.counts(), (0, 0, 0));
    advance(seconds(1)).await;
    assert_ne!(send("x").send().await.unwrap().message_id(), first.message_id());
    assert_eq!(world.counts(), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_scope_of_deduplication_may_be_the_group() {
    let world = world("orders.fifo", &[CONTENT, ("DeduplicationScope", "messageGroup")]).await;
    for group in ["a", "b", "a"] {
        let send = world.sqs.send_message().queue_url(world.url()).message_group_id(group).message_body("x");
        send.send().await.unwrap();
    }
    assert_eq!(world.counts(), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_fifo_queue_refuses() {
    let world = world("orders.fifo", &[]).await;
    let send = || world.sqs.send_message().queue_url(world.url()).message_body("x");
    assert_eq!(code(&send().send().await), "MissingParameter");
    assert_eq!(code(&send().message_group_id("a").send().await), "InvalidParameterValue");
    let full = || send().message_group_id("a").message_deduplication_id("1");
    assert_eq!(code(&full().delay_seconds(1).send().await), "InvalidParameterValue");
    assert_eq!(code(&full().message_group_id("a b").send().await), "InvalidParameterValue");
    assert_eq!(code(&full().send().await), "success");
    world.handle.create_queue("plain", [("DelaySeconds", "0")]).unwrap();
    let plain = world.sqs.send_message().queue_url(sqs::url("plain")).message_body("x");
    assert_eq!(code(&plain.clone().message_deduplication_id("1").send().await), "InvalidParameterValue");
    assert_eq!(code(&plain.message_group_id("tenant").send().await), "success");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_brings_the_same_again() {
    let world = world("orders.fifo", &[("VisibilityTimeout", "30")]).await;
    send(&world, &[("a", "a0"), ("a", "a1"), ("b", "b0")]);
    let attempt = |id: &str| {
        let receive = world.sqs.receive_message().queue_url(world.url()).receive_request_attempt_id(id);
        receive.max_number_of_messages(2).send()
    };
    let handles = |messages: &[aws_sdk_sqs::types::Message]| {
        messages.iter().map(|message| message.receipt_handle().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = attempt("one").await.unwrap().messages.unwrap();
    advance(seconds(20)).await;
    let again = attempt("one").await.unwrap().messages.unwrap();
    assert_eq!((bodies(&again), handles(&again)), (bodies(&first), handles(&first)));
    // The timeout began anew.
    advance(seconds(29)).await;
    assert_eq!(world.counts(), (1, 2, 0));
    // Once one of them has changed, the attempt is an ordinary receive.
    world.delete(&first[0]).await;
    assert_eq!(bodies(&attempt("one").await.unwrap().messages.unwrap()), ["b0"]);
}

#[tokio::test(start_paused = true)]
async fn calls_are_limited_unless_throughput_is_high() {
    let world = world("orders.fifo", &[CONTENT]).await;
    world.aws.set_limits(Limits::aws());
    let high =
        [CONTENT, ("DeduplicationScope", "messageGroup"), ("FifoThroughputLimit", "perMessageGroupId")];
    world.handle.create_queue("fast.fifo", high).unwrap();
    world.handle.create_queue("plain", [("DelaySeconds", "0")]).unwrap();
    for (queue, passes) in [("orders.fifo", 300), ("fast.fifo", 400), ("plain", 400)] {
        world.aws.reset_counters();
        let mut seen = Vec::new();
        for n in 0..400 {
            let send = world.sqs.send_message().queue_url(sqs::url(queue)).message_body(n.to_string());
            seen.push(code(&send.message_group_id("a").send().await).to_owned());
        }
        assert_eq!(seen.iter().filter(|code| *code == "success").count(), passes, "{queue}");
        assert!(seen.iter().all(|code| code == "success" || code == "RequestThrottled"), "{queue}");
        let asked = world.aws.counters().action("sqs", "SendMessage");
        assert_eq!((asked.accepted, asked.throttled), (passes as u64, 400 - passes as u64), "{queue}");
    }
    // Each action has a limit of its own.
    assert_eq!(world.receive().await.len(), 10);
}
