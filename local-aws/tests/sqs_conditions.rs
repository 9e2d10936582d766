//! Faults of SQS, as a client meets them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use std::collections::BTreeSet;

use aws_sdk_sqs::{
    error::SdkError,
    types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName, SendMessageBatchRequestEntry},
};
use sqs::{bodies, code, seconds, system, world};
use tidegate_local_aws::{Fault, FaultMode, Faults, Limits, LocalAws, MessageState};
use tokio::time::sleep;

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
async fn a_seeded_share_of_receives_comes_twice() {
    let duplicates = async |seed| {
        let faults = r#"{"faults":[{"mode":"duplicate","probability":0.2,"service":"sqs"}]}"#;
        let faults = Faults::from_json(faults).unwrap();
        let aws = LocalAws::builder().faults(faults).seed(seed).in_process().start().await.unwrap();
        aws.sqs().create_queue::<&str, &str>("orders", []).unwrap();
        aws.sqs().send("orders", (0..200).map(|n| n.to_string())).unwrap();
        let client = aws_sdk_sqs::Client::new(&aws.sdk_config());
        let mut received = Vec::new();
        loop {
            let answer = client.receive_message().queue_url(sqs::url("orders")).send().await.unwrap();
            let Some(message) = answer.messages.and_then(|mut messages| messages.pop()) else { break };
            let delete = client.delete_message().queue_url(sqs::url("orders"));
            delete.set_receipt_handle(message.receipt_handle).send().await.unwrap();
            received.push(message.body.unwrap());
        }
        received
    };
    let received = duplicates(1).await;
    // One in five receives leaves a copy, and so does one in five of these: 250 are to be expected.
    assert!((220..290).contains(&received.len()), "{}", received.len());
    assert_eq!(received.iter().collect::<BTreeSet<_>>().len(), 200);
    assert_eq!(received, duplicates(1).await);
    assert_ne!(received, duplicates(2).await);
}

#[tokio::test(start_paused = true)]
async fn a_receive_whose_reply_is_lost_holds_its_messages() {
    let world = world("orders", &[("VisibilityTimeout", "30")]).await;
    world.handle.send("orders", ["one", "two"]).unwrap();
    let lost = Fault::new(FaultMode::LostReply, 1.0).service("sqs").actions(["ReceiveMessage"]);
    world.aws.set_faults(Faults::none().with(lost));
    let receive = world.sqs.receive_message().queue_url(world.url()).max_number_of_messages(10).send().await;
    assert!(matches!(receive, Err(SdkError::DispatchFailure(_))), "{receive:?}");
    world.aws.set_faults(Faults::none());
    assert_eq!((world.counts(), world.receive().await.len()), ((0, 2, 0), 0));
    sleep(seconds(30)).await;
    let again = world.receive().await;
    assert_eq!(bodies(&again), ["one", "two"]);
    assert_eq!(system(&again[0], MessageSystemAttributeName::ApproximateReceiveCount), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_reply_is_lost_has_deleted() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["one"]).unwrap();
    let message = world.receive().await.remove(0);
    let lost = Fault::new(FaultMode::LostReply, 1.0).actions(["DeleteMessage", "DeleteMessageBatch"]);
    world.aws.set_faults(Faults::none().with(lost));
    let handle = message.receipt_handle.clone().unwrap();
    let entry = DeleteMessageBatchRequestEntry::builder().id("a").receipt_handle(handle).build().unwrap();
    let delete = world.sqs.delete_message_batch().queue_url(world.url()).entries(entry).send().await;
    assert!(matches!(delete, Err(SdkError::DispatchFailure(_))), "{delete:?}");
    assert_eq!(world.counts(), (0, 0, 0));
    // Asked again, it is as deleted as ever.
    world.aws.set_faults(Faults::none());
    world.delete(&message).await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_fails_stays_in_flight() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", (0..10).map(|n| n.to_string())).unwrap();
    let messages = world.receive().await;
    let fault = Fault::new(FaultMode::FailedEntry, 1.0).actions(["DeleteMessageBatch"]);
    world.aws.set_faults(Faults::none().with(fault));
    let entries = messages.iter().enumerate().map(|(index, message)| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
        entry.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
    });
    let delete = world.sqs.delete_message_batch().queue_url(world.url());
    let answer = delete.set_entries(Some(entries.collect())).send().await.unwrap();
    assert_eq!((answer.successful().len(), answer.failed().len()), (9, 1));
    let left = &world.handle.messages("orders").unwrap()[0];
    assert_eq!((left.body.as_str(), left.state), (answer.failed()[0].id(), MessageState::InFlight));
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
