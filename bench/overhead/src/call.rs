//! The call that is measured: `DescribeLimits` of Kinesis, with the layer and without.

use aws_sdk_kinesis::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region, SharedCredentialsProvider},
};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::SystemTimeSource,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use clap::ValueEnum;
use tidegate_throttle::{Adaptive, attach, aws};

use crate::{
    Error,
    server::{ANSWER, HEADERS},
};

/// How the throttle is put under the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layer {
    /// Not at all.
    None,
    /// `attach!`.
    Attach,
    /// `aws::sdk_config`.
    SdkConfig,
}

/// Sends `times` calls, one after the other: to the server at `endpoint` over HTTP, or without one to a
/// connector that answers in this process.
///
/// # Errors
///
/// If a call fails.
pub async fn send(layer: Layer, times: u32, endpoint: Option<&str>) -> Result<(), Error> {
    let client = client(layer, endpoint);
    for _ in 0..times {
        client.describe_limits().send().await?;
    }
    Ok(())
}

fn client(layer: Layer, endpoint: Option<&str>) -> Client {
    let http =
        if endpoint.is_some() { aws_smithy_http_client::Builder::new().build_http() } else { in_process() };
    // A key id with an account in it, as real ones have.
    let credentials = Credentials::new("AKIAQNZGKIQY56JQ7WML", "secret", None, None, "bench");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint.unwrap_or("http://127.0.0.1"))
        .retry_config(aws::retry_config())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SystemTimeSource::new())
        .http_client(http)
        .build();
    match layer {
        Layer::None => Client::new(&config),
        Layer::Attach => Client::from_conf(attach!(Builder::from(&config), &Adaptive::new()).build()),
        Layer::SdkConfig => Client::new(&aws::sdk_config(&config, &Adaptive::new())),
    }
}

fn in_process() -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InProcess);
    http_client_fn(move |_, _| connector.clone())
}

/// Answers at once, with no socket.
#[derive(Debug)]
struct InProcess;

impl HttpConnector for InProcess {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut response = HttpResponse::new(http::StatusCode::OK.into(), SdkBody::from(ANSWER));
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}
