//! Who receives from a queue: counted by client, and what a client leaves behind that hangs up.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod sqs;

use aws_sdk_sqs::{
    Client,
    config::{Credentials, SharedCredentialsProvider, retry::RetryConfig},
    types::Message,
};
use sqs::{seconds, url, world};
use tidegate_local_aws::{ClientView, LocalAws};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

/// A client with an access key of its own.
fn client(aws: &LocalAws, key: &str) -> Client {
    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled());
    let keys = Credentials::new(key, "secret", None, None, "test");
    Client::new(&config.credentials_provider(SharedCredentialsProvider::new(keys)).build())
}

/// What a client has, as it is told: in flight, requested, the most of the one, the most of both.
fn told(aws: &LocalAws, queue: &str, key: &str) -> (usize, usize, usize, usize) {
    let clients = aws.sqs().clients(queue).unwrap();
    let ClientView { in_flight, requested, max_in_flight, max_reserved, .. } = clients[key];
    (in_flight, requested, max_in_flight, max_reserved)
}

async fn receive(client: &Client, queue: &str, most: i32, wait: i32) -> Vec<Message> {
    let receive = client.receive_message().queue_url(url(queue)).max_number_of_messages(most);
    receive.wait_time_seconds(wait).send().await.unwrap().messages.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_told_by_client() {
    let world = world("orders", &[("VisibilityTimeout", "30")]).await;
    world.handle.send("orders", (0..10).map(|n| n.to_string())).unwrap();
    let (one, two) = (client(&world.aws, "one"), client(&world.aws, "two"));
    let held = receive(&one, "orders", 6, 0).await;
    assert_eq!(receive(&two, "orders", 10, 0).await.len(), 4);
    assert_eq!(told(&world.aws, "orders", "one"), (6, 0, 6, 6));
    assert_eq!(told(&world.aws, "orders", "two"), (4, 0, 4, 10));
    world.delete(&held[0]).await;
    assert_eq!(told(&world.aws, "orders", "one"), (5, 0, 6, 6));
    // What is visible again belongs to who receives it next.
    sleep(seconds(30)).await;
    assert_eq!(told(&world.aws, "orders", "one"), (0, 0, 6, 6));
    assert_eq!(receive(&two, "orders", 10, 0).await.len(), 9);
    assert_eq!(told(&world.aws, "orders", "two"), (9, 0, 9, 10));
    world.sqs.purge_queue().queue_url(world.url()).send().await.unwrap();
    assert_eq!(told(&world.aws, "orders", "two"), (0, 0, 9, 10));
}

#[tokio::test(start_paused = true)]
async fn what_open_receives_may_bring_is_told_by_client() {
    let world = world("orders", &[]).await;
    world.handle.send("orders", ["a", "b"]).unwrap();
    let one = client(&world.aws, "one");
    assert_eq!(receive(&one, "orders", 2, 0).await.len(), 2);
    let polls = [3, 10].map(|most| {
        let one = one.clone();
        tokio::spawn(async move { receive(&one, "orders", most, 20).await })
    });
    sleep(seconds(1)).await;
    assert_eq!(told(&world.aws, "orders", "one"), (2, 13, 2, 15));
    // One of them is answered, the other still waits.
    world.handle.send("orders", ["c"]).unwrap();
    sleep(seconds(1)).await;
    let (in_flight, requested, max_in_flight, max_reserved) = told(&world.aws, "orders", "one");
    assert_eq!((in_flight, max_in_flight, max_reserved), (3, 3, 15));
    assert!([3, 10].contains(&requested), "{requested}");
    for poll in polls {
        poll.await.unwrap();
    }
    assert_eq!(told(&world.aws, "orders", "one"), (3, 0, 3, 15));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_repeated_asks_for_nothing_more() {
    let world = world("orders.fifo", &[]).await;
    world.handle.send("orders.fifo", [tidegate_local_aws::QueueMessage::new("a").group("g")]).unwrap();
    let one = client(&world.aws, "one");
    let attempt = || one.receive_message().queue_url(world.url()).receive_request_attempt_id("1").send();
    let first = attempt().await.unwrap().messages.unwrap();
    let again = attempt().await.unwrap().messages.unwrap();
    assert_eq!(first[0].receipt_handle(), again[0].receipt_handle());
    assert_eq!(told(&world.aws, "orders.fifo", "one"), (1, 0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_dropped_takes_nothing() {
    let world = world("orders", &[]).await;
    let one = client(&world.aws, "one");
    let poll = tokio::spawn({
        let one = one.clone();
        async move { receive(&one, "orders", 10, 20).await }
    });
    sleep(seconds(1)).await;
    assert_eq!(told(&world.aws, "orders", "one"), (0, 10, 0, 10));
    poll.abort();
    assert!(poll.await.unwrap_err().is_cancelled());
    assert_eq!(told(&world.aws, "orders", "one"), (0, 0, 0, 10));
    world.handle.send("orders", ["a"]).unwrap();
    assert_eq!(world.counts(), (1, 0, 0));
    // A client that waits is not passed over for one that has left.
    assert_eq!(world.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wake_that_a_dropped_poll_took_reaches_the_next() {
    // Both polls wait, one message wakes the first, and that one is dropped before it runs.
    let world = world("orders", &[]).await;
    let start = tokio::time::Instant::now();
    let polls = ["one", "two"].map(|key| {
        let client = client(&world.aws, key);
        tokio::spawn(async move { receive(&client, "orders", 1, 20).await })
    });
    sleep(seconds(1)).await;
    world.handle.send("orders", ["a"]).unwrap();
    let [first, second] = polls;
    first.abort();
    assert_eq!(second.await.unwrap().len(), 1);
    assert_eq!(start.elapsed(), seconds(1));
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_nothing() {
    let aws = LocalAws::builder().start().await.unwrap();
    let handle = aws.sqs();
    handle.create_queue("orders", [("VisibilityTimeout", "30")]).unwrap();
    let endpoint = aws.endpoint_url();
    let host = endpoint.strip_prefix("http://").unwrap();
    let ask = |wait: u32, key: &str| {
        let body = format!(
            r#"{{"QueueUrl":"{endpoint}/000000000000/orders","WaitTimeSeconds":{wait},"MaxNumberOfMessages":7}}"#
        );
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-amz-target: AmazonSQS.ReceiveMessage\r\n\
             content-type: application/x-amz-json-1.0\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential={key}/20260101/us-east-1/sqs/aws4_request\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let requested = || handle.clients("orders").unwrap().get("gone").map_or(0, |client| client.requested);
    let mut poll = TcpStream::connect(host).await.unwrap();
    poll.write_all(ask(20, "gone").as_bytes()).await.unwrap();
    // What the socket does is seen at the queue; nothing here takes time of its own.
    while requested() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(requested(), 7);
    let mut admin = TcpStream::connect(host).await.unwrap();
    let get = format!("GET /_tidegate/queues HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    admin.write_all(get.as_bytes()).await.unwrap();
    let mut report = String::new();
    admin.read_to_string(&mut report).await.unwrap();
    let expected = r#""account":"000000000000","region":"us-east-1","name":"orders","visible":0,"in_flight":0,"delayed":0,"dead":0,"clients":{"gone":{"in_flight":0,"requested":7,"max_in_flight":0,"max_reserved":7}}"#;
    assert!(report.contains(expected), "{report}");

    drop(poll);
    while requested() > 0 {
        tokio::task::yield_now().await;
    }
    handle.send("orders", ["a"]).unwrap();
    let mut next = TcpStream::connect(host).await.unwrap();
    next.write_all(ask(0, "here").as_bytes()).await.unwrap();
    let mut answer = String::new();
    next.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#""Body":"a""#), "{answer}");
    let clients = handle.clients("orders").unwrap();
    assert_eq!((clients["gone"].in_flight, clients["here"].in_flight), (0, 1));
}
