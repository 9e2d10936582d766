//! The program as a shell sees it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use tidegate_local_aws::{Fault, FaultMode, Faults, LocalAws};

const RECORDS: usize = 3_000;
const KEYS: usize = 40;

fn program(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinesis-to-sqs"));
    command.args(arguments).stderr(Stdio::piped());
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

fn begin(aws: &LocalAws, queue: &str) -> Child {
    let endpoint = aws.endpoint_url().clone();
    let url = format!("{endpoint}/000000000000/{queue}");
    let arguments = ["--stream", "orders", "--application", "to-sqs", "--queue-url", &url];
    let more = ["--failures", "s3://kept/orders", "--failover-ms", "1000", "--exit-when-idle", "3"];
    program(&endpoint, &[&arguments[..], &more[..]].concat()).spawn().unwrap()
}

async fn ended(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap()
}

async fn aws() -> LocalAws {
    let aws = LocalAws::builder().start().await.unwrap();
    aws.kinesis().create_stream("orders", 3).unwrap();
    aws.s3().create_bucket("kept");
    aws
}

/// A process is killed amid its work, calls fail in three ways, and another process goes on.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_is_in_order_and_nothing_is_lost() {
    let aws = aws().await;
    aws.sqs().create_queue("orders.fifo", [("FifoQueue", "true")]).unwrap();
    let fault = |mode| Fault::new(mode, 0.05).service("sqs").actions(["SendMessageBatch"]);
    let faults = [FaultMode::Error500, FaultMode::LostReply, FaultMode::Drop].map(fault);
    aws.set_faults(faults.into_iter().fold(Faults::none(), Faults::with));
    let records = (0..RECORDS).map(|number| (format!("order {}", number % KEYS), number.to_string()));
    aws.kinesis().put("orders", records).unwrap();

    let mut first = begin(&aws, "orders.fifo");
    while aws.sqs().messages("orders.fifo").unwrap().len() < RECORDS / 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = aws.sqs().messages("orders.fifo").unwrap().len();
    assert!(before < RECORDS, "it was killed amid its work");
    let second = ended(begin(&aws, "orders.fifo")).await;
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));

    let mut keys = BTreeMap::<String, Vec<usize>>::new();
    for message in aws.sqs().messages("orders.fifo").unwrap() {
        keys.entry(message.group.unwrap()).or_default().push(message.body.parse().unwrap());
    }
    assert_eq!(keys.len(), KEYS);
    for (key, numbers) in keys {
        let expected: Vec<_> = (numbers[0]..RECORDS).step_by(KEYS).collect();
        assert!(numbers[0] < KEYS && numbers == expected, "{key}: {numbers:?}");
    }
}

/// What SQS cannot take is kept, and what is no text arrives all the same.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_arrive_and_what_is_empty_is_kept() {
    let aws = aws().await;
    aws.sqs().create_queue::<&str, &str>("orders", []).unwrap();
    let records: [(&str, &[u8]); 4] = [("a", b"text"), ("b", b"\xff\x00"), ("c", b""), ("c", b"\x1b")];
    aws.kinesis().put("orders", records).unwrap();
    let output = ended(begin(&aws, "orders")).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.ends_with("kinesis-to-sqs: 3 records sent, 1 that SQS does not take\n"), "{error}");
    let bodies = aws.sqs().messages("orders").unwrap().into_iter().map(|message| message.body);
    let expected = ["text", "/wA=", "Gw=="].map(str::to_owned);
    assert_eq!(bodies.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let kept = aws.s3().objects("kept").unwrap();
    assert!(kept.len() == 1 && kept[0].key.starts_with("orders/orders/shardId-"), "{kept:?}");
}

/// A queue that is not there is waited for: the stream keeps what it would get.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_loses_nothing() {
    let aws = aws().await;
    aws.kinesis().put("orders", (0..10).map(|number| (number.to_string(), number.to_string()))).unwrap();
    let without = ended(begin(&aws, "orders")).await;
    let error = String::from_utf8(without.stderr).unwrap();
    assert!(error.ends_with("kinesis-to-sqs: 0 records sent, 0 that SQS does not take\n"), "{error}");
    aws.sqs().create_queue::<&str, &str>("orders", []).unwrap();
    ended(begin(&aws, "orders")).await;
    assert_eq!(aws.sqs().messages("orders").unwrap().len(), 10);
    assert!(aws.s3().objects("kept").unwrap().is_empty());
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let cases = [
        (
            "kept",
            "invalid value 'kept' for '--failures <FAILURES>': it is s3://BUCKET or s3://BUCKET/PREFIX; see --help\n",
        ),
        ("s3://kept", "no region: set AWS_REGION, or region in the profile\n"),
    ];
    for (failures, problem) in cases {
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
        let arguments = ["--stream", "a", "--application", "b", "--queue-url", url, "--failures", failures];
        let output = program("http://127.0.0.1:9", &arguments).env_remove("AWS_REGION").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("kinesis-to-sqs: {problem}").into()));
    }
}
