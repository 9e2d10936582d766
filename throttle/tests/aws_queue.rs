//! A long wait in the queue costs a request nothing but the time.

#![cfg(feature = "aws")]

mod aws_support;

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_support::{Answer, Recorder, Script, chain, config, s3};
use tidegate_throttle::aws;

const QUEUE: Duration = Duration::from_secs(90);

fn streamed() -> ByteStream {
    // A body that does not know its bytes yet, unlike one in memory.
    ByteStream::new(SdkBody::retryable(|| SdkBody::from(vec![7_u8; 1 << 20])))
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_waits_is_not_taken_for_a_stalled_one() {
    let throttle = Recorder { wait: QUEUE, ..Recorder::default() };
    let script = Script::new(&throttle.log, [Answer::new(200, "")]);
    let put = s3(&config(&script), &throttle).put_object().bucket("b").key("k").body(streamed());
    put.send().await.unwrap();
    assert!(script.bodies.lock().unwrap()[0] >= 1 << 20);
    let events = throttle.log.timed();
    assert_eq!((events.len(), events.last().unwrap().0), (4, 90_000));
}

#[tokio::test(start_paused = true)]
async fn an_upload_under_a_paced_config_may_wait_too() {
    let throttle = Recorder { wait: QUEUE, ..Recorder::default() };
    let script = Script::new(&throttle.log, [Answer::new(200, "")]);
    let paced = aws::sdk_config(&config(&script), &throttle);
    let config = aws_sdk_s3::config::Builder::from(&paced).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    client.put_object().bucket("b").key("k").body(streamed()).send().await.unwrap();
    assert_eq!(throttle.log.count("finish Accepted"), 1);
}

/// Why the wait is where it is: the same wait inside the connector.
#[tokio::test(start_paused = true)]
async fn an_upload_that_waits_in_the_connector_is_killed() {
    #[derive(Debug)]
    struct Late(Script);

    impl aws_smithy_runtime_api::client::http::HttpConnector for Late {
        fn call(
            &self,
            request: aws_smithy_runtime_api::client::orchestrator::HttpRequest,
        ) -> aws_smithy_runtime_api::client::http::HttpConnectorFuture {
            let script = self.0.clone();
            aws_smithy_runtime_api::client::http::HttpConnectorFuture::new(async move {
                tokio::time::sleep(QUEUE).await;
                script.call(request).await
            })
        }
    }

    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::new(200, "")]);
    let late = Arc::new(script.clone());
    let client = aws_smithy_runtime_api::client::http::http_client_fn(move |_, _| {
        aws_smithy_runtime_api::client::http::SharedHttpConnector::new(Late((*late).clone()))
    });
    let config = config(&script).to_builder().http_client(client).retry_config(aws::no_retries()).build();
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let put = aws_sdk_s3::Client::from_conf(config).put_object().bucket("b").key("k").body(streamed());
    let error = put.send().await.unwrap_err();
    assert!(chain(&error).iter().any(|it| it.contains("minimum throughput")), "{:?}", chain(&error));
}
