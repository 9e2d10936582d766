//! Faults of SQS, as a client meets them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use sqs::{bodies, code, world};
use tidegate_local_aws::{Fault, FaultMode, Faults, Limits};

#[tokio::test(start_paused = true)]
async fn a_duplicate_comes_even_after_the_delete() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["one"]).unwrap();
    world.aws.set_faults(Faults::none().with(Fault::new(FaultMode::Duplicate, 1.0)));
    let first = world.receive().await;
    assert_eq!(bodies(&first), ["one"]);
    world.aws.set_faults(Faults::none());
    world.delete(&first[0]).await;
    let again = world.receive().await;
    assert_eq!((bodies(&again), again[0].message_id()), (vec!["one"], first[0].message_id()));
    assert_ne!(again[0].receipt_handle(), first[0].receipt_handle());
    world.delete(&again[0]).await;
    assert_eq!(world.counts(), (0, 0, 0));
    // It is no failure of the call.
    assert_eq!(world.aws.counters().action("sqs", "ReceiveMessage").failed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_short_poll_may_miss_what_a_long_one_finds() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["one"]).unwrap();
    world.aws.set_faults(Faults::none().with(Fault::new(FaultMode::EmptyReceive, 1.0)));
    assert!(world.receive().await.is_empty());
    assert_eq!(world.poll("orders", 1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_entry_of_a_batch_fails() {
    let world = world("orders", &[]).await;
    world.aws.set_faults(Faults::none().with(Fault::new(FaultMode::FailedEntry, 1.0)));
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(id).build().unwrap();
    let send = world.sqs.send_message_batch().queue_url(world.url());
    let answer = send.entries(entry("a")).entries(entry("b")).entries(entry("c")).send().await.unwrap();
    assert_eq!((answer.successful().len(), answer.failed().len()), (2, 1));
    assert_eq!((answer.failed()[0].code(), answer.failed()[0].sender_fault()), ("InternalError", false));
    assert_eq!(world.counts(), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_front_fails_in_the_words_of_sqs() {
    let world = world("orders", &[]).await;
    world.aws.set_limits(Limits::single("sqs", "SendMessage", 1, 1));
    let send = || world.sqs.send_message().queue_url(world.url()).message_body("x").send();
    assert_eq!(code(&send().await), "success");
    assert_eq!(code(&send().await), "ThrottlingException");
    let asked = world.aws.counters().action("sqs", "SendMessage");
    assert_eq!((asked.accepted, asked.throttled), (1, 1));
}
