//! The program as a shell sees it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

use serde_json::{Value, json};
use tidegate_local_aws::LocalAws;

fn run(endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drain-queue"));
    let command = command.args(arguments).env("AWS_EC2_METADATA_DISABLED", "true");
    let command = command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "drain").env("AWS_SECRET_ACCESS_KEY", "test").output().unwrap()
}

/// Versions of fifty keys, some of them late, failures, and a body that is no JSON.
#[tokio::test(flavor = "multi_thread")]
async fn drains_a_queue() {
    let aws = LocalAws::builder().start().await.unwrap();
    let sqs = aws.sqs();
    sqs.create_queue::<&str, &str>("orders", []).unwrap();
    sqs.create_queue::<&str, &str>("letters", []).unwrap();
    let body = |n: u64| {
        json!({"order": {"id": n % 50}, "version": if n.is_multiple_of(17) { 0 } else { n }}).to_string()
    };
    sqs.send("orders", (0..500).map(body).chain(["no order".to_owned()])).unwrap();
    let endpoint = aws.endpoint_url().clone();
    let url = format!("{endpoint}/000000000000/orders");
    let letters = format!("{endpoint}/000000000000/letters");
    let arguments = [
        "--queue-url",
        &url,
        "--dead-letter-url",
        &letters,
        "--key",
        "/order/id",
        "--version",
        "/version",
        "--max-unprocessed",
        "50",
        "--work-ms",
        "0-5",
        "--fail-percent",
        "5",
        "--trace",
        "--exit-when-idle",
        "2",
    ]
    .map(str::to_owned);
    let output = tokio::task::spawn_blocking(move || {
        run(&endpoint, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let output = output.await.unwrap();
    let (text, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.contains("drain-queue: 501 received, 501 deleted, 0 given back, 0 lost"), "{error}");

    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut outcomes = BTreeMap::<&str, usize>::new();
    for line in lines.iter().filter_map(|line| line["outcome"].as_str()) {
        *outcomes.entry(line).or_default() += 1;
    }
    assert_eq!((outcomes["dead-lettered"], outcomes.values().sum::<usize>()), (1, 501));
    assert!(outcomes["stale"] > 0, "{outcomes:?}");
    // One at a time of each key.
    let mut at_work = BTreeMap::<String, bool>::new();
    for line in lines.iter().filter(|line| line["event"].is_string()) {
        let is_start = line["event"] == "start";
        let before = at_work.insert(line["key"].to_string(), is_start).unwrap_or_default();
        assert_ne!(before, is_start, "{line}");
    }
    let client = &sqs.clients("orders").unwrap()["drain"];
    assert_eq!(client.max_reserved, 50, "the bound is reached, and never passed");
    let letters = sqs.messages("letters").unwrap();
    assert!(letters.len() == 1 && letters[0].body.contains("the body is no JSON"), "{letters:?}");
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let cases: [(&[&str], &str); 4] = [
        (
            &["--queue-url", "x", "--key", "id"],
            "invalid value 'id' for '--key <KEY>': it is group, none, or a JSON pointer such as /customer/id; see --help\n",
        ),
        (
            &["--queue-url", "orders"],
            "\"orders\" is no URL of a queue; it is like https://sqs.eu-west-1.amazonaws.com/123456789012/orders\n",
        ),
        (
            &["--queue-url", "http://127.0.0.1:9/0/orders", "--max-unprocessed", "0"],
            "max_unprocessed is 0; it must be 1 or more\n",
        ),
        (
            &["--queue-url", "x", "--work-ms", "5-1"],
            "invalid value '5-1' for '--work-ms <WORK_MS>': it is milliseconds, or two with a dash between, such as 5-50; up to \
             an hour; see --help\n",
        ),
    ];
    for (arguments, problem) in cases {
        let output = run("http://127.0.0.1:9", arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("drain-queue: {problem}").into()));
    }
}
