//! The socket: one port for the SDK, plain HTTP and the admin paths.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use aws_sdk_kinesis::{Client, config::retry::RetryConfig, error::ProvideErrorMetadata};
use tidegate_local_aws::{ErrorKind, Limits, LocalAws};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends one request and reads all that comes back.
async fn send(aws: &LocalAws, head: &str, body: &str) -> String {
    let url = aws.endpoint_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    // Headers, if there are any, follow the request line.
    let (line, headers) = head.split_once('\n').unwrap_or((head, "a: b"));
    let request = format!(
        "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_sdk_over_the_socket() {
    let limits = Limits::single("kinesis", "DescribeLimits", 1, 2);
    let aws = LocalAws::builder().limits(limits).start().await.unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws.sdk_config().into_builder().http_client(http).retry_config(RetryConfig::disabled());
    let client = Client::new(&config.build());
    let answer = client.describe_limits().send().await.unwrap();
    assert_eq!((answer.shard_limit(), answer.open_shard_count()), (20_000, 0));
    assert_eq!(answer.on_demand_stream_count_limit(), 50);
    client.describe_limits().send().await.unwrap();
    let error = client.describe_limits().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    aws.shutdown().await;
}

#[tokio::test]
async fn the_admin_paths() {
    let aws = LocalAws::builder().start().await.unwrap();
    assert!(send(&aws, "GET /_tidegate/health", "").await.ends_with(r#"{"status":"running"}"#));
    send(&aws, "POST /\nx-amz-target: Kinesis_20131202.DescribeLimits", "{}").await;
    let counters = send(&aws, "GET /_tidegate/counters", "").await;
    assert!(
        counters.contains(r#""kinesis":{"DescribeLimits":{"accepted":1,"throttled":0,"failed":0"#),
        "{counters}"
    );
    send(&aws, "POST /_tidegate/counters/reset", "").await;
    assert_eq!(aws.counters().action("kinesis", "DescribeLimits").accepted, 0);

    let table = r#"{"limits":[{"service":"kinesis","actions":["*"],"refill":0.001,"burst":1}]}"#;
    assert!(send(&aws, "PUT /_tidegate/limits", table).await.starts_with("HTTP/1.1 200"));
    send(&aws, "POST /\nx-amz-target: Kinesis_20131202.DescribeLimits", "{}").await;
    let answer = send(&aws, "POST /\nx-amz-target: Kinesis_20131202.DescribeLimits", "{}").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.ends_with(r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#), "{answer}");

    let answer = send(&aws, "PUT /_tidegate/limits", r#"{"limit":[]}"#).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("unknown field `limit`"), "{answer}");
    assert!(
        send(&aws, "PUT /_tidegate/limits", r#"{"limits":[]}"#).await.ends_with(r#"{"status":"replaced"}"#)
    );
    let faults = r#"{"faults":[{"mode":"drop","probability":1}]}"#;
    assert!(send(&aws, "PUT /_tidegate/faults", faults).await.starts_with("HTTP/1.1 200"));
    let answer = send(&aws, "POST /\nx-amz-target: Kinesis_20131202.DescribeLimits", "{}").await;
    assert_eq!(answer, "", "the connection is closed without a byte");
    assert!(send(&aws, "PUT /_tidegate/latency", r#"{"latency":[]}"#).await.starts_with("HTTP/1.1 200"));
    assert!(send(&aws, "DELETE /_tidegate/limits", "").await.starts_with("HTTP/1.1 405"));
    assert!(send(&aws, "GET /_tidegate/other", "").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn a_service_that_is_not_here() {
    let aws = LocalAws::builder().start().await.unwrap();
    let answer = send(&aws, "POST /\nx-amz-target: AmazonSSM.GetParameter", "{}").await;
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
    assert!(answer.contains(r#"has no service \"ssm\"; it has: "#), "{answer}");
    let answer = send(&aws, "GET /", "").await;
    assert!(answer.contains("cannot tell which service"), "{answer}");
}

/// A body was once collected whatever its size, so that one client could take all of the memory.
#[tokio::test]
async fn a_body_that_is_too_large() {
    let aws = LocalAws::builder().start().await.unwrap();
    let url = aws.endpoint_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let head =
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: Kinesis_20131202.PutRecord\r\n";
    stream.write_all(format!("{head}content-length: {}\r\n\r\n", (64 << 20) + 1).as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 1 << 20];
    // It may close before all of it has come.
    while stream.write_all(&chunk).await.is_ok() {}
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(send(&aws, "GET /_tidegate/health", "").await.contains("running"));
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let aws = LocalAws::builder().start().await.unwrap();
    let url = aws.endpoint_url();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let error = LocalAws::builder().port(port).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bind);
    assert!(error.to_string().contains("another program has that port"), "{error}");
}

#[tokio::test]
async fn a_dropped_handle_closes_its_port_and_connections() {
    let aws = LocalAws::builder().start().await.unwrap();
    let address = aws.endpoint_url().strip_prefix("http://").unwrap().to_owned();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    assert!(send(&aws, "GET /_tidegate/health", "").await.contains("running"));
    drop(aws);
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await.unwrap();
    assert!(read.is_err() || rest.is_empty());
    assert!(TcpStream::connect(&address).await.is_err());
}
