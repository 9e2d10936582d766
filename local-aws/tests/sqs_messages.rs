//! Messages of standard queues, as the SDK sees them: visibility, delays, receipts, polls and batches.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use aws_sdk_sqs::{
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue,
        MessageSystemAttributeName as System, MessageSystemAttributeNameForSends,
        MessageSystemAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
    },
};
use sqs::{World, bodies, code, seconds, system, world};
use tokio::time::{Instant, advance, sleep};

#[tokio::test(start_paused = true)]
async fn a_message_comes_with_what_was_sent() {
    let world = world("orders", &[]).await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("blue").build().unwrap();
    let binary = MessageAttributeValue::builder().data_type("Binary.gif").binary_value(Blob::new([0, 255]));
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let header =
        MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build().unwrap();
    let request = world.sqs.send_message().queue_url(world.url()).message_body("<body> & \u{1f30a}");
    let request =
        request.message_attributes("colour", text).message_attributes("image", binary.build().unwrap());
    let request =
        request.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, header);
    // The SDK checks neither digest here; boto3 checks both, in conformance/local_aws.
    let sent = request.message_group_id("tenant").send().await.unwrap();
    advance(seconds(2)).await;
    let messages = world.receive().await;
    let message = &messages[0];
    assert_eq!((message.body(), message.message_id()), (Some("<body> & \u{1f30a}"), sent.message_id()));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    let attributes = message.message_attributes().unwrap();
    assert_eq!(attributes["colour"].string_value(), Some("blue"));
    assert_eq!(attributes["image"].binary_value().unwrap().as_ref(), [0, 255]);
    assert_eq!(attributes["image"].data_type(), "Binary.gif");
    assert_eq!(system(message, System::ApproximateReceiveCount), Some("1"));
    assert_eq!(system(message, System::MessageGroupId), Some("tenant"));
    assert_eq!(system(message, System::AwsTraceHeader), Some(trace));
    assert_eq!(system(message, System::SequenceNumber), None);
    let millis = |name| system(message, name).unwrap().parse::<u64>().unwrap();
    assert_eq!(millis(System::ApproximateFirstReceiveTimestamp) - millis(System::SentTimestamp), 2_000);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_asked_for_comes_along() {
    let world = world("orders", &[]).await;
    let value = MessageAttributeValue::builder().data_type("Number").string_value("5").build().unwrap();
    let send = world.sqs.send_message().queue_url(world.url()).message_body("x");
    let send = send.message_attributes("a.one", value.clone()).message_attributes("b", value);
    send.send().await.unwrap();
    let receive = world.sqs.receive_message().queue_url(world.url()).visibility_timeout(0);
    let bare = receive.clone().send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(
        (bare.attributes(), bare.message_attributes(), bare.md5_of_message_attributes()),
        (None, None, None)
    );
    let some = receive.message_attribute_names("a.*").send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(some.message_attributes().unwrap().keys().collect::<Vec<_>>(), ["a.one"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_visible_again_when_its_time_is_over() {
    let world = world("orders", &[("VisibilityTimeout", "10")]).await;
    world.handle.send("orders", ["one"]).unwrap();
    let first = world.receive().await;
    assert_eq!(world.counts(), (0, 1, 0));
    advance(seconds(9)).await;
    assert!(world.receive().await.is_empty());
    advance(seconds(1)).await;
    assert_eq!(world.counts(), (1, 0, 0));
    // It is visible: its timeout cannot be changed, but it can be deleted.
    let change = world.sqs.change_message_visibility().queue_url(world.url()).visibility_timeout(5);
    let late = change.clone().set_receipt_handle(first[0].receipt_handle.clone()).send().await;
    assert_eq!(code(&late), "AWS.SimpleQueueService.MessageNotInflight");
    let second = world.receive().await;
    assert_eq!(system(&second[0], System::ApproximateReceiveCount), Some("2"));
    assert_ne!(first[0].receipt_handle(), second[0].receipt_handle());
    let late = change.clone().set_receipt_handle(first[0].receipt_handle.clone()).send().await;
    assert_eq!(code(&late), "InvalidParameterValue");
    // An old handle is taken, and deletes nothing.
    world.delete(&first[0]).await;
    assert_eq!(world.counts(), (0, 1, 0));
    world.delete(&second[0]).await;
    assert_eq!(world.counts(), (0, 0, 0));
    world.delete(&second[0]).await;
    let gone = change.set_receipt_handle(second[0].receipt_handle.clone()).send().await;
    assert_eq!(code(&gone), "InvalidParameterValue");
    let wrong = world.sqs.delete_message().queue_url(world.url()).receipt_handle("AQEB").send().await;
    assert_eq!(code(&wrong), "ReceiptHandleIsInvalid");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_changed_up_to_twelve_hours_in_all() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["one"]).unwrap();
    let handle = world.receive().await.remove(0).receipt_handle.unwrap();
    let change = |seconds| {
        let change = world.sqs.change_message_visibility().queue_url(world.url()).receipt_handle(&handle);
        change.visibility_timeout(seconds).send()
    };
    assert_eq!(code(&change(43_201).await), "InvalidParameterValue");
    advance(seconds(20)).await;
    assert_eq!(code(&change(43_200).await), "InvalidParameterValue");
    assert_eq!(code(&change(43_180).await), "success");
    advance(seconds(43_179)).await;
    assert_eq!(world.counts(), (0, 1, 0));
    assert_eq!(code(&change(0).await), "success");
    assert_eq!(world.counts(), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn delays_and_retention_end_in_time() {
    let world = world("orders", &[("DelaySeconds", "5"), ("MessageRetentionPeriod", "60")]).await;
    let send = |body: &str| world.sqs.send_message().queue_url(world.url()).message_body(body);
    send("queue's").send().await.unwrap();
    send("own").delay_seconds(10).send().await.unwrap();
    send("none").delay_seconds(0).send().await.unwrap();
    assert_eq!(code(&send("x").delay_seconds(901).send().await), "InvalidParameterValue");
    assert_eq!(world.counts(), (1, 0, 2));
    let delayed = world.attribute("orders", QueueAttributeName::ApproximateNumberOfMessagesDelayed).await;
    assert_eq!(delayed.as_deref(), Some("2"));
    assert_eq!(bodies(&world.receive().await), ["none"]);
    advance(seconds(5)).await;
    assert_eq!(bodies(&world.receive().await), ["queue's"]);
    advance(seconds(5)).await;
    assert_eq!(bodies(&world.receive().await), ["own"]);
    advance(seconds(50)).await;
    assert_eq!(world.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_wakes_when_there_is_something() {
    let world = world("orders", &[("VisibilityTimeout", "7")]).await;
    let start = Instant::now();
    assert!(world.poll("orders", 20).await.is_empty());
    assert_eq!(start.elapsed(), seconds(20));

    let start = Instant::now();
    let send = async {
        sleep(seconds(3)).await;
        world.sqs.send_message().queue_url(world.url()).message_body("sent").send().await.unwrap();
    };
    let (received, ()) = tokio::join!(world.poll("orders", 20), send);
    assert_eq!((bodies(&received), start.elapsed()), (vec!["sent"], seconds(3)));

    // Its visibility timeout ends while another poll waits.
    let again = world.poll("orders", 20).await;
    assert_eq!((bodies(&again), start.elapsed()), (vec!["sent"], seconds(10)));
    world.delete(&again[0]).await;

    let delayed = world.sqs.send_message().queue_url(world.url()).message_body("delayed").delay_seconds(4);
    delayed.send().await.unwrap();
    let received = world.poll("orders", 20).await;
    assert_eq!((bodies(&received), start.elapsed()), (vec!["delayed"], seconds(14)));
    // Given back, it is there at once.
    let change = world.sqs.change_message_visibility().queue_url(world.url()).visibility_timeout(0);
    let change = change.set_receipt_handle(received[0].receipt_handle.clone());
    let back = async {
        sleep(seconds(1)).await;
        change.send().await.unwrap();
    };
    let (received, ()) = tokio::join!(world.poll("orders", 20), back);
    assert_eq!((received.len(), start.elapsed()), (1, seconds(15)));
}

#[tokio::test(start_paused = true)]
async fn every_poll_that_waits_gets_its_message() {
    let world = world("orders", &[]).await;
    let one = || async {
        let receive = world.sqs.receive_message().queue_url(world.url()).wait_time_seconds(20);
        receive.send().await.unwrap().messages.unwrap_or_default().len()
    };
    let send = async {
        sleep(seconds(1)).await;
        world.handle.send("orders", ["a", "b", "c"]).unwrap();
    };
    let start = Instant::now();
    let (a, b, c, ()) = tokio::join!(one(), one(), one(), send);
    assert_eq!(([a, b, c], start.elapsed()), ([1, 1, 1], seconds(1)));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_given_up_strands_nothing() {
    let world = world("orders", &[]).await;
    for _ in 0..3 {
        assert!(tokio::time::timeout(seconds(1), world.poll("orders", 20)).await.is_err());
    }
    world.handle.send("orders", ["one"]).unwrap();
    assert_eq!(world.counts(), (1, 0, 0));
    // Two polls wait; the one that would have been woken goes away at the same moment.
    let message = world.receive().await.remove(0);
    world.delete(&message).await;
    let (gone, other) = tokio::join!(tokio::time::timeout(seconds(2), world.poll("orders", 20)), async {
        sleep(seconds(1)).await;
        let other = world.poll("orders", 20);
        let send = async {
            sleep(seconds(1)).await;
            world.handle.send("orders", ["two"]).unwrap();
        };
        tokio::join!(other, send).0
    });
    let first = gone.unwrap_or_default();
    assert_eq!(first.len() + other.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn polls_meet_the_limit_in_flight_as_aws_says() {
    let world = world("orders", &[("VisibilityTimeout", "3")]).await;
    world.handle.set_in_flight_limit("orders", 4).unwrap();
    world.handle.send("orders", (0..6).map(|n| n.to_string())).unwrap();
    let held = world.receive().await;
    assert_eq!((held.len(), world.counts()), (4, (2, 4, 0)));
    let short = world.sqs.receive_message().queue_url(world.url()).send().await;
    assert_eq!(code(&short), "OverLimit");
    let start = Instant::now();
    assert!(world.poll("orders", 1).await.is_empty());
    assert_eq!(start.elapsed(), seconds(1));
    let (received, ()) = tokio::join!(world.poll("orders", 20), world.delete(&held[0]));
    assert_eq!((received.len(), start.elapsed()), (1, seconds(1)));
}

fn entry(id: &str, body: impl Into<String>) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

async fn send_batch(world: &World, entries: Vec<SendMessageBatchRequestEntry>) -> String {
    let send = world.sqs.send_message_batch().queue_url(world.url()).set_entries(Some(entries));
    code(&send.send().await).to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_refuses_a_whole_batch() {
    const PREFIX: &str = "AWS.SimpleQueueService.";
    let world = world("orders", &[]).await;
    for (entries, expected) in [
        (vec![], "EmptyBatchRequest"),
        ((0..11).map(|n| entry(&n.to_string(), "x")).collect(), "TooManyEntriesInBatchRequest"),
        (vec![entry("a", "x"), entry("a", "y")], "BatchEntryIdsNotDistinct"),
        (vec![entry("a.b", "x")], "InvalidBatchEntryId"),
        (vec![entry(&"a".repeat(81), "x")], "InvalidBatchEntryId"),
        (vec![entry("a", "x".repeat(600_000)), entry("b", "x".repeat(600_000))], "BatchRequestTooLong"),
    ] {
        assert_eq!(send_batch(&world, entries).await, format!("{PREFIX}{expected}"));
    }
    assert_eq!(send_batch(&world, vec![entry("a", "x".repeat(1 << 20))]).await, "success");
    assert_eq!(world.counts(), (1, 0, 0));
    let long =
        world.sqs.send_message().queue_url(world.url()).message_body("x".repeat((1 << 20) + 1)).send().await;
    assert_eq!(code(&long), "InvalidParameterValue");
    let control = world.sqs.send_message().queue_url(world.url()).message_body("\u{1}").send().await;
    assert_eq!(code(&control), "InvalidMessageContents");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_entry_by_entry() {
    let world = world("orders", &[("MaximumMessageSize", "1024")]).await;
    let send = world.sqs.send_message_batch().queue_url(world.url());
    let entries = vec![entry("a", "1"), entry("b", "x".repeat(1_025)), entry("c", "3")];
    let answer = send.set_entries(Some(entries)).send().await.unwrap();
    let ids = answer.successful().iter().map(aws_sdk_sqs::types::SendMessageBatchResultEntry::id);
    assert_eq!(ids.collect::<Vec<_>>(), ["a", "c"]);
    let failed = &answer.failed()[0];
    assert_eq!((failed.id(), failed.sender_fault(), failed.code()), ("b", true, "InvalidParameterValue"));

    let messages = world.receive().await;
    assert_eq!(bodies(&messages), ["1", "3"]);
    let handle = |index: usize| messages[index].receipt_handle().unwrap();
    let change = |id: &str, handle: &str, timeout| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(timeout).build().unwrap()
    };
    let answer = world.sqs.change_message_visibility_batch().queue_url(world.url());
    let answer = answer.entries(change("a", handle(0), 100)).entries(change("b", handle(1), 43_201));
    let answer = answer.send().await.unwrap();
    assert_eq!((answer.successful().len(), answer.failed()[0].id()), (1, "b"));
    let delete = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap()
    };
    let answer = world.sqs.delete_message_batch().queue_url(world.url());
    let answer = answer.entries(delete("a", handle(0))).entries(delete("b", "nothing")).send().await.unwrap();
    assert_eq!((answer.successful()[0].id(), answer.failed()[0].code()), ("a", "ReceiptHandleIsInvalid"));
    assert_eq!(world.counts(), (0, 1, 0));
}
