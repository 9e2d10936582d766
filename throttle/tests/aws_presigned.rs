//! A request that is presigned by an attached client, and sent by somebody else, for real.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::{fmt::Write, time::Duration};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_support::Recorder;
use tidegate_local_aws::LocalAws;
use tidegate_throttle::{attach, aws};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A plain HTTP client: sends the request as it stands, and gives back the answer.
async fn send(request: &PresignedRequest, body: &str) -> String {
    let uri: http::Uri = request.uri().parse().unwrap();
    let mut stream = TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
    let path = uri.path_and_query().unwrap();
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {}\r\n", request.method(), uri.authority().unwrap());
    for (name, value) in request.headers() {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_presigned_upload_is_accepted_and_spends_nothing() {
    let local = LocalAws::builder().start().await.unwrap();
    let plain = local.sdk_config();
    let path_style = |config: &_| aws_sdk_s3::config::Builder::from(config).force_path_style(true);
    let hour = || PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
    let in_process = path_style(&plain).http_client(local.http_client());
    let buckets = aws_sdk_s3::Client::from_conf(in_process.build());
    buckets.create_bucket().bucket("uploads").send().await.unwrap();

    let throttle = Recorder::default();
    let attached = attach!(path_style(&plain), &throttle).build();
    let configured = path_style(&aws::sdk_config(&plain, &throttle)).build();
    for (key, config) in [("attached", attached), ("configured", configured)] {
        let client = aws_sdk_s3::Client::from_conf(config);
        let put = client.put_object().bucket("uploads").key(key).presigned(hour()).await.unwrap();
        let answer = send(&put, "the object").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let get = client.get_object().bucket("uploads").key(key).presigned(hour()).await.unwrap();
        let answer = send(&get, "").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("the object"), "{answer}");
    }
    assert_eq!(throttle.log.events(), [] as [&str; 0]);
    local.shutdown().await;
}
