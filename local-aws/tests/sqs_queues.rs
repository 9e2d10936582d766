//! Queues: their names, attributes and tags, dead letters and the way back.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Name};
use sqs::{World, bodies, code, seconds, system, url, world};
use tidegate_local_aws::QueueMessage;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_queue_is_created_once() {
    let world = world("orders", &[("VisibilityTimeout", "40")]).await;
    let create = |name: &str| world.sqs.create_queue().queue_name(name);
    let same = create("orders").attributes(Name::VisibilityTimeout, "40").send().await.unwrap();
    assert_eq!(same.queue_url(), Some(&*url("orders")));
    assert_eq!(code(&create("orders").send().await), "success");
    let other = create("orders").attributes(Name::VisibilityTimeout, "41").send().await;
    assert_eq!(code(&other), "QueueAlreadyExists");
    for name in ["", "a b", "orders.fifo", &"a".repeat(81)] {
        assert_eq!(code(&create(name).send().await), "InvalidParameterValue", "{name}");
    }
    assert_eq!(
        code(&create("x").attributes(Name::DelaySeconds, "901").send().await),
        "InvalidAttributeValue"
    );
    let fifo = create("x").attributes(Name::FifoThroughputLimit, "perQueue").send().await;
    assert_eq!(code(&fifo), "InvalidAttributeName");
    let url = world.sqs.get_queue_url().queue_name("nothing").send().await;
    assert!(url.as_ref().unwrap_err().as_service_error().unwrap().is_queue_does_not_exist());
    assert_eq!(code(&url), "AWS.SimpleQueueService.NonExistentQueue");
}

#[tokio::test(start_paused = true)]
async fn a_name_rests_after_a_delete() {
    let world = world("orders", &[]).await;
    let poll = world.sqs.receive_message().queue_url(world.url()).wait_time_seconds(20);
    let start = Instant::now();
    let (poll, ()) = tokio::join!(poll.send(), async {
        tokio::time::sleep(seconds(1)).await;
        world.sqs.delete_queue().queue_url(world.url()).send().await.unwrap();
    });
    assert_eq!((code(&poll), start.elapsed()), ("AWS.SimpleQueueService.NonExistentQueue", seconds(1)));
    let create = || world.sqs.create_queue().queue_name("orders").send();
    assert_eq!(code(&create().await), "AWS.SimpleQueueService.QueueDeletedRecently");
    advance(seconds(60)).await;
    assert_eq!(code(&create().await), "success");
}

#[tokio::test(start_paused = true)]
async fn attributes_and_tags() {
    let world = world("orders", &[]).await;
    let set = world.sqs.set_queue_attributes().queue_url(world.url());
    set.clone().attributes(Name::VisibilityTimeout, "5").send().await.unwrap();
    assert_eq!(world.attribute("orders", Name::VisibilityTimeout).await.as_deref(), Some("5"));
    let arn = world.attribute("orders", Name::QueueArn).await;
    assert_eq!(arn.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:orders"));
    assert_eq!(world.attribute("orders", Name::MaximumMessageSize).await.as_deref(), Some("1048576"));
    let bad = set.attributes(Name::DelaySeconds, "7").attributes(Name::VisibilityTimeout, "-1").send().await;
    assert_eq!(code(&bad), "InvalidAttributeValue");
    // All or nothing.
    assert_eq!(world.attribute("orders", Name::DelaySeconds).await.as_deref(), Some("0"));

    let tags = |tags: &str| world.sqs.tag_queue().queue_url(world.url()).tags(tags, "v").send();
    tags("one").await.unwrap();
    tags("two").await.unwrap();
    world.sqs.untag_queue().queue_url(world.url()).tag_keys("one").send().await.unwrap();
    let listed = world.sqs.list_queue_tags().queue_url(world.url()).send().await.unwrap();
    assert_eq!(listed.tags().unwrap().keys().collect::<Vec<_>>(), ["two"]);

    let permit = world.sqs.add_permission().queue_url(world.url()).label("peer");
    permit.aws_account_ids("111122223333").actions("SendMessage").send().await.unwrap();
    let policy = world.attribute("orders", Name::Policy).await.unwrap();
    assert!(
        policy.contains("SQS:SendMessage") && policy.contains("arn:aws:iam::111122223333:root"),
        "{policy}"
    );
    world.sqs.remove_permission().queue_url(world.url()).label("peer").send().await.unwrap();
    assert_eq!(world.attribute("orders", Name::Policy).await, None);
}

#[tokio::test(start_paused = true)]
async fn queues_are_listed_in_pages() {
    let world = world("orders", &[]).await;
    for n in 0..5 {
        world.handle.create_queue(&format!("page-{n}"), [("DelaySeconds", "0")]).unwrap();
    }
    assert_eq!(world.sqs.list_queues().send().await.unwrap().queue_urls().len(), 6);
    let mut pages = world.sqs.list_queues().queue_name_prefix("page-").into_paginator().page_size(2).send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().queue_urls().len());
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_purge_takes_everything_once_a_minute() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["a", "b"]).unwrap();
    let held = world.receive().await.remove(0);
    let purge = || world.sqs.purge_queue().queue_url(world.url()).send();
    purge().await.unwrap();
    assert_eq!(world.counts(), (0, 0, 0));
    world.delete(&held).await;
    assert_eq!(code(&purge().await), "AWS.SimpleQueueService.PurgeQueueInProgress");
    advance(seconds(60)).await;
    assert_eq!(code(&purge().await), "success");
}

/// Two queues: what is received twice from the first goes to the second.
async fn with_dead_letters(name: &'static str, dead: &'static str) -> World {
    let world = world(dead, &[]).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"2"}}"#, world.handle.arn(dead));
    world.handle.create_queue(name, [("RedrivePolicy", &*redrive), ("VisibilityTimeout", "1")]).unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn what_is_received_too_often_is_a_dead_letter() {
    let world = with_dead_letters("orders", "dead").await;
    world.handle.send("orders", ["poison"]).unwrap();
    let id = world.poll("orders", 0).await[0].message_id.clone();
    advance(seconds(1)).await;
    assert_eq!(world.poll("orders", 0).await.len(), 1);
    advance(seconds(1)).await;
    // A poll of the dead letters wakes as the third receive moves it there.
    let (dead, received) = tokio::join!(world.poll("dead", 20), world.poll("orders", 0));
    assert_eq!((received.len(), dead[0].message_id.clone()), (0, id));
    assert_eq!(system(&dead[0], System::ApproximateReceiveCount), Some("3"));
    let source = system(&dead[0], System::DeadLetterQueueSourceArn);
    assert_eq!(source, Some("arn:aws:sqs:us-east-1:000000000000:orders"));
    assert_eq!(world.handle.queue("orders").unwrap().dead, 1);
    let sources = world.sqs.list_dead_letter_source_queues().queue_url(url("dead")).send().await.unwrap();
    assert_eq!(sources.queue_urls(), [url("orders")]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_of_a_group_opens_it() {
    let world = with_dead_letters("orders.fifo", "dead.fifo").await;
    let messages = ["poison", "next"].map(|body| QueueMessage::new(body).group("a"));
    world.handle.send("orders.fifo", messages).unwrap();
    for _ in 0..2 {
        let receive = world.sqs.receive_message().queue_url(url("orders.fifo")).send().await.unwrap();
        assert_eq!(bodies(receive.messages()), ["poison"]);
        advance(seconds(1)).await;
    }
    assert_eq!(bodies(&world.poll("orders.fifo", 0).await), ["next"]);
    let dead = world.poll("dead.fifo", 0).await;
    assert_eq!((bodies(&dead), system(&dead[0], System::MessageGroupId)), (vec!["poison"], Some("a")));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_policy_is_checked() {
    let world = world("dead", &[("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#)]).await;
    world.handle.create_queue("dead.fifo", [("FifoQueue", "true")]).unwrap();
    for (target, most) in [("nothing", 1), ("dead", 1), ("dead.fifo", 1), ("nothing", 1_001)] {
        let arn = world.handle.arn(target);
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{most}}}"#);
        let create = world.sqs.create_queue().queue_name("orders").attributes(Name::RedrivePolicy, policy);
        assert_eq!(code(&create.send().await), "InvalidParameterValue", "{target} {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_moved_back() {
    let world = with_dead_letters("orders", "dead").await;
    let bodies = (0..10).map(|n| n.to_string());
    world.handle.send("orders", bodies).unwrap();
    for _ in 0..3 {
        world.poll("orders", 0).await;
        advance(seconds(1)).await;
    }
    assert_eq!(world.handle.queue("dead").unwrap().visible, 10);
    let arn = world.handle.arn("dead");
    let start = world.sqs.start_message_move_task().source_arn(&arn).max_number_of_messages_per_second(2);
    let task = start.clone().send().await.unwrap().task_handle.unwrap();
    assert_eq!(code(&start.send().await), "AWS.SimpleQueueService.UnsupportedOperation");
    // A poll of the queue that they go to wakes for each.
    let began = Instant::now();
    let first = world.poll("orders", 20).await;
    assert_eq!((first.len(), began.elapsed()), (1, std::time::Duration::from_millis(500)));
    assert_eq!(system(&first[0], System::ApproximateReceiveCount), Some("1"));
    advance(seconds(1)).await;
    let tasks = world.sqs.list_message_move_tasks().source_arn(&arn).send().await.unwrap();
    let told = &tasks.results()[0];
    assert_eq!((told.status(), told.approximate_number_of_messages_moved()), (Some("RUNNING"), 3));
    let cancelled = world.sqs.cancel_message_move_task().task_handle(task).send().await.unwrap();
    assert_eq!(cancelled.approximate_number_of_messages_moved(), 3);
    advance(seconds(10)).await;
    assert_eq!(world.handle.queue("dead").unwrap().visible, 7);
    world
        .sqs
        .start_message_move_task()
        .source_arn(&arn)
        .destination_arn(world.handle.arn("orders"))
        .send()
        .await
        .unwrap();
    assert_eq!(world.handle.queue("dead").unwrap().visible, 0);
    let tasks = world.sqs.list_message_move_tasks().source_arn(&arn).max_results(10).send().await.unwrap();
    let states = tasks.results().iter().map(|task| task.status().unwrap()).collect::<Vec<_>>();
    assert_eq!(states, ["COMPLETED", "CANCELLED"]);
    let plain = world.sqs.start_message_move_task().source_arn(world.handle.arn("orders")).send().await;
    assert_eq!(code(&plain), "InvalidParameterValue");
}
