//! CBOR, as the Java SDK speaks it: each operation that a KCL uses, over the socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use bytes::BytesMut;
use ciborium::{Value, cbor};
use tidegate_local_aws::{Limits, LocalAws};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CBOR: &str = "application/x-amz-cbor-1.1";
const STREAM: &str = "orders";
const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

async fn connect(aws: &LocalAws, operation: &str, body: &[u8]) -> TcpStream {
    let url = aws.endpoint_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST / HTTP/1.0\r\nhost: x\r\ncontent-type: {CBOR}\r\nx-amz-target: Kinesis_20131202.{operation}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

/// The head and the body of an answer.
async fn send(aws: &LocalAws, operation: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut answer = Vec::new();
    connect(aws, operation, body).await.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    assert!(head.contains(&format!("content-type: {CBOR}")), "{head}");
    (head, answer.split_off(end + 4))
}

async fn ask(aws: &LocalAws, operation: &str, input: Value) -> Value {
    let mut body = Vec::new();
    ciborium::into_writer(&input, &mut body).unwrap();
    let (head, answer) = send(aws, operation, &body).await;
    assert!(head.starts_with("HTTP/1.0 200"), "{operation}: {head} {answer:?}");
    ciborium::from_reader(&*answer).unwrap()
}

fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    let members = value.as_map().unwrap().iter();
    let mut named = members.filter(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value);
    named.next().unwrap_or_else(|| panic!("no {name} in {value:?}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).as_text().unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    member(value, name).as_array().unwrap()
}

/// A time: tag 1, and whole milliseconds.
fn millis(value: &Value) -> u64 {
    let (tag, number) = value.as_tag().unwrap();
    assert_eq!(tag, 1);
    number.as_integer().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn what_a_kcl_asks() {
    let aws = LocalAws::builder().start().await.unwrap();
    let input = cbor!({"StreamName" => STREAM, "ShardCount" => 1}).unwrap();
    assert_eq!(ask(&aws, "CreateStream", input).await, Value::Map(Vec::new()));
    let data = Value::Bytes((0..=255).collect());
    let records = (0..3).map(|n| cbor!({"Data" => data, "PartitionKey" => format!("k{n}")}).unwrap());
    let records = Value::Array(records.collect());
    let put = ask(&aws, "PutRecords", cbor!({"StreamARN" => ARN, "Records" => records}).unwrap()).await;
    assert_eq!(member(&put, "FailedRecordCount").as_integer(), Some(0.into()));
    let first = text(&list(&put, "Records")[0], "SequenceNumber").to_owned();
    let put = cbor!({"StreamName" => STREAM, "Data" => data, "PartitionKey" => "é"}).unwrap();
    assert_eq!(text(&ask(&aws, "PutRecord", put).await, "ShardId"), "shardId-000000000000");

    let summary = ask(&aws, "DescribeStreamSummary", cbor!({"StreamName" => STREAM}).unwrap()).await;
    let summary = member(&summary, "StreamDescriptionSummary");
    let created = millis(member(summary, "StreamCreationTimestamp"));
    assert!(created > 1_700_000_000_000, "{created}");
    let filter = cbor!({"Type" => "AT_LATEST"}).unwrap();
    let shards =
        ask(&aws, "ListShards", cbor!({"StreamName" => STREAM, "ShardFilter" => filter}).unwrap()).await;
    assert_eq!(list(&shards, "Shards").len(), 1);

    let start = |kind: &str, more: (&str, Value)| {
        let mut input =
            cbor!({"StreamName" => STREAM, "ShardId" => "shardId-000000000000", "ShardIteratorType" => kind});
        input.as_mut().unwrap().as_map_mut().unwrap().push((more.0.into(), more.1));
        input.unwrap()
    };
    let time = Value::Tag(1, Box::new(created.into()));
    for (input, expected) in [
        (start("AT_TIMESTAMP", ("Timestamp", time)), 4),
        (start("AFTER_SEQUENCE_NUMBER", ("StartingSequenceNumber", first.into())), 3),
    ] {
        let given = ask(&aws, "GetShardIterator", input).await;
        let iterator = text(&given, "ShardIterator");
        let page =
            ask(&aws, "GetRecords", cbor!({"ShardIterator" => iterator, "Limit" => 100}).unwrap()).await;
        let records = list(&page, "Records");
        assert_eq!(records.len(), expected);
        assert_eq!(member(&records[0], "Data"), &data);
        assert!(millis(member(&records[0], "ApproximateArrivalTimestamp")) >= created);
        assert_eq!(text(&records[expected - 1], "PartitionKey"), "é");
        assert_eq!(member(&page, "MillisBehindLatest").as_integer(), Some(0.into()));
    }

    aws.kinesis().split(STREAM, "shardId-000000000000").unwrap();
    let input = start("LATEST", ("StartingSequenceNumber", Value::Null));
    let iterator = ask(&aws, "GetShardIterator", input).await;
    let iterator = text(&iterator, "ShardIterator");
    let end = ask(&aws, "GetRecords", cbor!({"ShardIterator" => iterator}).unwrap()).await;
    assert_eq!(list(&end, "ChildShards").len(), 2);
    assert!(end.as_map().unwrap().iter().all(|(name, _)| name.as_text() != Some("NextShardIterator")));
}

/// Jackson writes maps and lists without a length.
#[tokio::test]
async fn structures_without_a_length() {
    let aws = LocalAws::builder().start().await.unwrap();
    let mut body = vec![0xbf];
    ciborium::into_writer("StreamName", &mut body).unwrap();
    ciborium::into_writer(STREAM, &mut body).unwrap();
    ciborium::into_writer("ShardCount", &mut body).unwrap();
    ciborium::into_writer(&2, &mut body).unwrap();
    body.push(0xff);
    let (head, _) = send(&aws, "CreateStream", &body).await;
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert_eq!(aws.kinesis().shards(STREAM).unwrap().len(), 2);
}

#[tokio::test]
async fn errors_are_cbor_too() {
    let aws =
        LocalAws::builder().limits(Limits::single("kinesis", "ListStreams", 1, 1)).start().await.unwrap();
    let mut nothing = Vec::new();
    ciborium::into_writer(&cbor!({}).unwrap(), &mut nothing).unwrap();
    send(&aws, "ListStreams", &nothing).await;
    for (operation, body, code) in [
        ("DescribeStreamSummary", &*nothing, "InvalidArgumentException"),
        ("ListStreams", &nothing, "ThrottlingException"),
        ("GetRecords", &nothing, "ValidationException"),
        ("GetRecords", b"{}", "SerializationException"),
        ("ListChannels", &nothing, "UnknownOperationException"),
    ] {
        let (head, body) = send(&aws, operation, body).await;
        assert!(head.starts_with("HTTP/1.0 400"), "{head}");
        assert!(head.contains(&format!("x-amzn-errortype: {code}")), "{head}");
        let error: Value = ciborium::from_reader(&*body).unwrap();
        assert_eq!(text(&error, "__type"), code);
    }
}

#[tokio::test]
async fn a_subscription_pushes_cbor() {
    let aws = LocalAws::builder().start().await.unwrap();
    aws.kinesis().create_stream(STREAM, 1).unwrap();
    aws.kinesis().put(STREAM, [("k", "x")]).unwrap();
    aws.kinesis().split(STREAM, "shardId-000000000000").unwrap();
    let consumer =
        ask(&aws, "RegisterStreamConsumer", cbor!({"StreamARN" => ARN, "ConsumerName" => "one"}).unwrap())
            .await;
    let arn = text(member(&consumer, "Consumer"), "ConsumerARN");
    let described = ask(&aws, "DescribeStreamConsumer", cbor!({"ConsumerARN" => arn}).unwrap()).await;
    assert_eq!(text(member(&described, "ConsumerDescription"), "ConsumerStatus"), "ACTIVE");
    let start = cbor!({"Type" => "TRIM_HORIZON"}).unwrap();
    let input =
        cbor!({"ConsumerARN" => arn, "ShardId" => "shardId-000000000000", "StartingPosition" => start});
    let mut body = Vec::new();
    ciborium::into_writer(&input.unwrap(), &mut body).unwrap();
    let mut answer = BytesMut::new();
    let mut stream = connect(&aws, "SubscribeToShard", &body).await;
    while stream.read_buf(&mut answer).await.unwrap() > 0 {}
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let mut frames = answer.split_off(end + 4);
    let mut decoder = MessageFrameDecoder::new();
    let mut messages = Vec::new();
    while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut frames).unwrap() {
        let header = |name: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name).unwrap();
            header.value().as_string().unwrap().as_str().to_owned()
        };
        assert_eq!((header(":message-type"), header(":content-type")), ("event".to_owned(), CBOR.to_owned()));
        messages
            .push((header(":event-type"), ciborium::from_reader::<Value, _>(&**message.payload()).unwrap()));
    }
    let [(first, nothing), (_, records), (event, last)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((first.as_str(), nothing), ("initial-response", &Value::Map(Vec::new())));
    assert_eq!(member(&list(records, "Records")[0], "Data"), &Value::Bytes(b"x".to_vec()));
    assert_eq!(text(records, "ContinuationSequenceNumber").len(), 56);
    assert_eq!((event.as_str(), list(last, "ChildShards").len()), ("SubscribeToShardEvent", 2));
    assert!(
        last.as_map().unwrap().iter().all(|(name, _)| name.as_text() != Some("ContinuationSequenceNumber"))
    );
}
