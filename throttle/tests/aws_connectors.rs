//! HTTP clients of users' own under the throttle, and how they fail.

#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

mod aws_support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        connector_metadata::ConnectorMetadata,
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector, http_client_fn,
        },
        orchestrator::HttpRequest,
        result::ConnectorError,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use aws_support::{Answer, Log, Recorder, Script, chain, config, generations, kinesis};
use aws_types::SdkConfig;
use tidegate_throttle::aws;

const ACQUIRE: &str = "acquire 123456789012 eu-west-1 kinesis DescribeLimits";

fn both_ways(config: &SdkConfig, throttle: &Recorder) -> [aws_sdk_kinesis::Client; 2] {
    [kinesis(config, throttle), aws_sdk_kinesis::Client::new(&aws::sdk_config(config, throttle))]
}

/// Connectors of older versions of `http` fail on a request to which somebody has added an extension, beyond the
/// one of the SDK's own.
#[tokio::test(start_paused = true)]
async fn a_request_reaches_a_connector_of_the_users_without_anything_added() {
    #[derive(Clone, Debug)]
    struct Legacy(Script, Arc<AtomicUsize>);

    impl HttpConnector for Legacy {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let request = request.try_into_http1x().unwrap();
            let added = request.extensions().len() + request.headers().len();
            self.1.store(added, Ordering::SeqCst);
            self.0.call(HttpRequest::try_from(request).unwrap())
        }
    }

    let script = Script::new(&Log::default(), [Answer::ok()]);
    let legacy = Legacy(script.clone(), Arc::default());
    let connector = legacy.clone();
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let plain = config(&script).to_builder().http_client(http).build();
    aws_sdk_kinesis::Client::new(&plain).describe_limits().send().await.unwrap();
    let without = legacy.1.load(Ordering::SeqCst);
    for way in [0, 1] {
        let throttle = Recorder::default();
        both_ways(&plain, &throttle)[way].describe_limits().send().await.unwrap();
        assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "finish Accepted"]);
        assert_eq!(legacy.1.load(Ordering::SeqCst), without);
    }
}

/// An attempt that could not connect, was never answered, or was given up by the connector: who knows.
#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_is_unknown_and_each_retry_is_admitted() {
    #[derive(Clone, Debug)]
    struct Failing(fn(BoxError) -> ConnectorError);

    impl HttpConnector for Failing {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::ready(Err(self.0("connection refused".into())))
        }
    }

    for retries in generations() {
        for (error, attempts) in [
            (ConnectorError::io as fn(_) -> _, 3),
            (ConnectorError::timeout, 3),
            (ConnectorError::user, 1),
            (|error| ConnectorError::other(error, None), 1),
        ] {
            for way in [0, 1] {
                let throttle = Recorder::default();
                let http = http_client_fn(move |_, _| SharedHttpConnector::new(Failing(error)));
                let script = Script::new(&throttle.log, [Answer::ok()]);
                let config =
                    config(&script).to_builder().http_client(http).retry_config(retries.clone()).build();
                let failed = both_ways(&config, &throttle)[way].describe_limits().send().await.unwrap_err();
                assert_eq!(chain(&failed).last().unwrap(), "connection refused");
                assert_eq!(throttle.log.events(), [ACQUIRE, "sent", "finish Unknown"].repeat(attempts));
            }
        }
    }
}

/// What the SDK asks an HTTP client besides connectors reaches the user's.
#[tokio::test(start_paused = true)]
async fn an_http_client_of_the_users_is_validated_and_asked_its_name() {
    #[derive(Clone, Debug)]
    struct Counting(Script, Arc<AtomicUsize>);

    impl HttpClient for Counting {
        fn http_connector(
            &self,
            settings: &HttpConnectorSettings,
            components: &RuntimeComponents,
        ) -> SharedHttpConnector {
            self.0.http_connector(settings, components)
        }

        fn validate_base_client_config(
            &self,
            _: &RuntimeComponentsBuilder,
            _: &ConfigBag,
        ) -> Result<(), BoxError> {
            self.1.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        fn validate_final_config(&self, _: &RuntimeComponents, _: &ConfigBag) -> Result<(), BoxError> {
            self.1.fetch_add(1000, Ordering::SeqCst);
            Ok(())
        }

        fn connector_metadata(&self) -> Option<ConnectorMetadata> {
            Some(ConnectorMetadata::new("counting", None))
        }
    }

    let throttle = Recorder::default();
    let script = Script::new(&throttle.log, [Answer::ok()]);
    let counting = Counting(script.clone(), Arc::default());
    let http = SharedHttpClient::new(counting.clone());
    let paced = aws::sdk_config(&config(&script).to_builder().http_client(http).build(), &throttle);
    assert_eq!(paced.http_client().unwrap().connector_metadata().unwrap().name(), "counting");
    aws_sdk_kinesis::Client::new(&paced).describe_limits().send().await.unwrap();
    let asked = counting.1.load(Ordering::SeqCst);
    assert!(asked % 1000 >= 1 && asked / 1000 >= 1, "{asked}");
}
