//! The program as a shell sees it, and the service that it posts to.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod service;

use std::{
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use service::Service;
use tidegate_local_aws::LocalAws;

const RECORDS: usize = 2_000;
const KEYS: usize = 40;

fn program(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinesis-to-http"));
    command.args(arguments).stderr(Stdio::piped()).env_remove("TARGET_AUTHORIZATION");
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

fn begin(aws: &LocalAws, url: &str, more: &[&str]) -> Child {
    let arguments =
        ["--stream", "orders", "--application", "to-http", "--url", url, "--failures", "s3://kept"];
    let timing = ["--failover-ms", "1000", "--exit-when-idle", "3", "--timeout-ms", "1000"];
    let mut command = program(&aws.endpoint_url(), &[&arguments[..], &timing[..], more].concat());
    command.env("TARGET_AUTHORIZATION", "Bearer key").spawn().unwrap()
}

async fn ended(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap()
}

async fn aws(records: usize) -> LocalAws {
    let aws = LocalAws::builder().start().await.unwrap();
    aws.kinesis().create_stream("orders", 2).unwrap();
    aws.s3().create_bucket("kept");
    let records = (0..records).map(|number| (format!("key {}", number % KEYS), number.to_string()));
    aws.kinesis().put("orders", records).unwrap();
    aws
}

/// A service that takes 500 records a second, fails now and then and is silent now and then; a process that is killed.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_is_in_order_and_nothing_is_lost() {
    let (aws, service) = (aws(RECORDS).await, Service::start().await);
    service.limit(500);
    service.stumble(50);
    let mut first = begin(&aws, &service.url(), &[]);
    while service.taken().len() < RECORDS / 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(service.taken().len() < RECORDS, "it was killed amid its work");
    let second = ended(begin(&aws, &service.url(), &[])).await;
    assert_eq!(second.status.code(), Some(0), "{}", String::from_utf8_lossy(&second.stderr));

    let mut next = [0; KEYS];
    for number in service.taken() {
        let key = number % KEYS;
        assert!(number / KEYS <= next[key], "{number} is out of order");
        next[key] = next[key].max(number / KEYS + 1);
    }
    assert_eq!(next, [RECORDS / KEYS; KEYS], "all are there");
    let (asked, throttled) = service.counts();
    assert!(throttled * 5 < asked, "{throttled} of {asked} were throttled: the limit is learnt");
    assert!(
        service.most_at_once() <= 2 * 64 * 2,
        "64 keys of each shard, and those of the process that was killed"
    );
}

/// What the service refuses is kept, and its key goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept() {
    let (aws, service) = (aws(200).await, Service::start().await);
    service.refuse([7, 47]);
    let output = ended(begin(&aws, &service.url(), &[])).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.ends_with("kinesis-to-http: 198 records posted, 2 that the service refuses\n"), "{error}");
    assert!(!error.contains("Bearer"), "{error}");
    assert_eq!((service.taken().len(), aws.s3().len("kept").unwrap()), (198, 2));
}

/// A service that cannot be reached loses nothing; where patience was asked for, it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_waited_for() {
    let aws = aws(10).await;
    let output = ended(begin(&aws, "http://127.0.0.1:9", &[])).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.ends_with("kinesis-to-http: 0 records posted, 0 that the service refuses\n"), "{error}");
    let service = Service::start().await;
    ended(begin(&aws, &service.url(), &[])).await;
    assert_eq!((service.taken().len(), aws.s3().len("kept").unwrap()), (10, 0));
    aws.kinesis().put("orders", [("late", "10")]).unwrap();
    ended(begin(&aws, "http://127.0.0.1:9", &["--patience", "1"])).await;
    assert_eq!((service.taken().len(), aws.s3().len("kept").unwrap()), (10, 1));
}

#[test]
fn wrong_input_is_told_in_one_line() {
    let cases = [
        (
            "ftp://a",
            "s3://b",
            "invalid value 'ftp://a' for '--url <URL>': it is such as https://example.com/orders; see --help\n",
        ),
        (
            "https://a",
            "b",
            "invalid value 'b' for '--failures <FAILURES>': it is s3://BUCKET or s3://BUCKET/PREFIX; see --help\n",
        ),
        ("https://a", "s3://b", "no region: set AWS_REGION, or region in the profile\n"),
    ];
    for (url, failures, problem) in cases {
        let arguments = ["--stream", "a", "--application", "b", "--url", url, "--failures", failures];
        let output = program("http://127.0.0.1:9", &arguments).env_remove("AWS_REGION").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), error), (Some(2), format!("kinesis-to-http: {problem}").into()));
    }
}
