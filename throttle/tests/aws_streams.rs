//! Bodies that take their time: a large upload that waits, and an answer that goes on for minutes.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEventStream};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use aws_support::{Answer, Recorder, Script, config, kinesis, s3};
use aws_types::SdkConfig;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use tidegate_throttle::aws;

const MIB: usize = 1 << 20;

/// Answers every request, once its body is read.
#[derive(Clone, Debug)]
struct Sink(Arc<AtomicUsize>);

impl HttpConnector for Sink {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let read = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let mut body = request.into_parts().body;
            while let Some(frame) = body.frame().await {
                let data =
                    frame.map_err(aws_smithy_runtime_api::client::result::ConnectorError::io)?.into_data();
                read.fetch_add(data.map_or(0, |it| it.len()), Ordering::SeqCst);
            }
            Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::empty()))
        })
    }
}

fn with(throttle: &Recorder, connector: impl HttpConnector + Clone + 'static) -> SdkConfig {
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let config = config(&Script::new(&throttle.log, [Answer::ok()]));
    config.to_builder().http_client(http).retry_config(aws::no_retries()).build()
}

/// 64 MiB in chunks of one, a tenth of a second apart: stalled-stream protection, which is on by default, has
/// something to measure.
fn upload() -> ByteStream {
    let chunks = stream::unfold(0, async |sent| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let chunk = http_body::Frame::data(Bytes::from(vec![7; MIB]));
        (sent < 64).then_some((Ok::<_, std::io::Error>(chunk), sent + 1))
    });
    ByteStream::new(SdkBody::from_body_1_x(StreamBody::new(Box::pin(chunks.fuse()))))
}

#[tokio::test(start_paused = true)]
async fn a_streamed_upload_of_64_mib_waits_40_seconds_and_arrives_whole() {
    for way in [0, 1] {
        let throttle = Recorder { wait: Duration::from_secs(40), ..Recorder::default() };
        let sink = Sink(Arc::default());
        let plain = with(&throttle, sink.clone());
        let paced =
            aws_sdk_s3::config::Builder::from(&aws::sdk_config(&plain, &throttle)).force_path_style(true);
        let clients = [s3(&plain, &throttle), aws_sdk_s3::Client::from_conf(paced.build())];
        let put =
            clients[way].put_object().bucket("b").key("k").content_length((64 * MIB).try_into().unwrap());
        // Without a length, which a checksum in a trailer would hide, the SDK cannot stream.
        let put = put.body(upload()).customize().disable_payload_signing();
        put.send().await.unwrap();
        assert!(sink.0.load(Ordering::SeqCst) >= 64 * MIB);
        assert_eq!(throttle.log.timed()[1], (40_000, "sent".to_owned()));
        assert_eq!(throttle.log.count("finish Accepted"), 1);
    }
}

/// An event stream: its initial response, then an event every 30 seconds for six minutes.
#[derive(Clone, Debug)]
struct Subscription;

impl HttpConnector for Subscription {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let events = stream::unfold(0, async |sent| {
            let (kind, payload) = match sent {
                0 => ("initial-response", "{}".to_owned()),
                1..=12 => {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                    let event = r#"{"Records":[],"ContinuationSequenceNumber":"N","MillisBehindLatest":0}"#;
                    ("SubscribeToShardEvent", event.replace('N', &sent.to_string()))
                }
                _ => return None,
            };
            let header = |name: &'static str, value: &'static str| {
                Header::new(name, HeaderValue::String(value.into()))
            };
            let message = Message::new(payload)
                .add_header(header(":message-type", "event"))
                .add_header(header(":event-type", kind))
                .add_header(header(":content-type", "application/json"));
            let mut frame = Vec::new();
            write_message_to(&message, &mut frame).unwrap();
            Some((Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(frame))), sent + 1))
        });
        let body = SdkBody::from_body_1_x(StreamBody::new(Box::pin(events.fuse())));
        let mut response = HttpResponse::new(200.try_into().unwrap(), body);
        response.headers_mut().insert("content-type", "application/vnd.amazon.eventstream");
        HttpConnectorFuture::ready(Ok(response))
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_of_six_minutes_gives_its_permit_back_at_once() {
    for way in [0, 1] {
        let throttle = Recorder::default();
        let plain = with(&throttle, Subscription);
        let paced = aws_sdk_kinesis::Client::new(&aws::sdk_config(&plain, &throttle));
        let client = [kinesis(&plain, &throttle), paced][way].clone();
        let from = StartingPosition::builder().r#type(ShardIteratorType::Latest).build().unwrap();
        let consumer = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/app:17";
        let subscribe =
            client.subscribe_to_shard().consumer_arn(consumer).shard_id("shard-7").starting_position(from);
        let mut events = subscribe.send().await.unwrap().event_stream;
        let resource = [" orders/shard-7", ""][way];
        assert_eq!(
            throttle.log.timed(),
            [
                (0, format!("acquire 123456789012 eu-west-1 kinesis SubscribeToShard{resource}")),
                (0, "sent".to_owned()),
                (0, "finish Accepted".to_owned())
            ]
        );
        let start = tokio::time::Instant::now();
        let mut seen = 0;
        while let Some(event) = events.recv().await.unwrap() {
            assert!(matches!(event, SubscribeToShardEventStream::SubscribeToShardEvent(_)));
            seen += 1;
        }
        assert_eq!((seen, start.elapsed().as_secs()), (12, 360));
        assert_eq!(throttle.log.count("finish"), 1);
    }
}
