//! A discovery: 2,000 questions to 12 actions of EC2, each of which has a token bucket of its own.
//!
//! Driven by the SDK's orchestrator with the retry classifiers of the SDK, as the operations of `aws-sdk-ec2` are.

mod service;

use std::time::Duration;

use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::{
    orchestrator::operation::Operation,
    retries::{
        RetryPartition, TokenBucket,
        classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier},
    },
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::Layer, error::ErrorMetadata, retry::RetryConfig};
use aws_types::region::Region;
use tidegate_throttle::{
    Adaptive, Call,
    aws::{self, Attachment, CallHint},
};
use tokio::{task::JoinSet, time::Instant};

use self::service::Service;

const REGION: &str = "eu-west-1";

/// How long every reply takes.
const REPLY: Duration = Duration::from_millis(20);

/// What is asked of one action.
struct Questions {
    action: &'static str,
    /// Without filter and page size: AWS keeps another, smaller bucket for these calls.
    unfiltered: bool,
    calls: u32,
}

const fn all(action: &'static str, calls: u32) -> Questions {
    Questions { action, unfiltered: true, calls }
}

const fn some(action: &'static str, calls: u32) -> Questions {
    Questions { action, unfiltered: false, calls }
}

/// To buckets from 100 calls and 20 a second down to one call and one a second.
const QUESTIONS: [Questions; 12] = [
    all("DescribeInstances", 250),
    all("DescribeNetworkInterfaces", 240),
    all("DescribeVolumes", 200),
    all("DescribeSecurityGroups", 160),
    all("DescribeSnapshots", 150),
    some("DescribeImages", 300),
    some("DescribeTags", 280),
    some("DescribeSubnets", 151),
    some("DescribeRouteTables", 100),
    some("DescribeSecurityGroupReferences", 115),
    some("DescribeHostReservations", 44),
    some("DescribeInstanceTopology", 10),
];

impl Questions {
    /// The least time in which the bucket lets all of them pass, and the last reply.
    fn least(&self) -> Duration {
        service::bucket(&self.call()).time_of(self.calls) + REPLY
    }

    /// How the throttle sees one of them.
    fn call(&self) -> Call {
        let call = Call::new("ec2", self.action).region(REGION);
        if self.unfiltered { call.resource("unfiltered") } else { call }
    }
}

/// Who decides when a call may be sent.
#[derive(Clone, Debug)]
pub(crate) enum Pace {
    Throttle(Adaptive),
    /// The SDK itself, with this quota for retries.
    Sdk(RetryConfig, TokenBucket),
}

/// What came of a discovery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) took: Duration,
    /// Operations that failed.
    pub(crate) failed: u32,
    /// Calls that the service let pass.
    pub(crate) accepted: u32,
    /// Calls that it throttled.
    pub(crate) throttled: u32,
    /// The action that ended longest after its own least time, and how long.
    pub(crate) latest: (&'static str, Duration),
}

/// The least time in which the buckets let all questions pass, and the last reply.
pub(crate) fn least() -> Duration {
    QUESTIONS.iter().map(Questions::least).max().unwrap_or_default()
}

/// Asks all questions at once, of a service of its own.
pub(crate) async fn discover(pace: &Pace) -> Told {
    let service = Service::new(QUESTIONS.iter().map(Questions::call), REPLY);
    let partition = match pace {
        Pace::Throttle(throttle) => Attachment::new(throttle).retry_partition(None),
        Pace::Sdk(_, quota) => RetryPartition::custom("discovery").token_bucket(quota.clone()).build(),
    };
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for questions in &QUESTIONS {
        let operation = operation(questions, pace, &partition, &service);
        for _ in 0..questions.calls {
            let operation = operation.clone();
            calls.spawn(async move {
                let answered = operation.invoke(()).await.is_ok();
                (questions, answered, start.elapsed())
            });
        }
    }
    let ended = calls.join_all().await;
    let (accepted, throttled) = service.counted();
    let late = ended.iter().map(|(of, _, at)| (of.action, at.saturating_sub(of.least())));
    Told {
        took: start.elapsed(),
        failed: ended.iter().map(|(_, answered, _)| u32::from(!answered)).sum(),
        accepted,
        throttled,
        latest: late.max_by_key(|(_, late)| *late).unwrap_or_default(),
    }
}

fn operation(
    questions: &Questions,
    pace: &Pace,
    partition: &RetryPartition,
    service: &Service,
) -> Operation<(), (), ErrorMetadata> {
    let mut config = Layer::new("client");
    config.store_put(Region::new(REGION)).store_put(partition.clone());
    let mut components = RuntimeComponentsBuilder::new("client");
    match pace {
        Pace::Throttle(throttle) => {
            let attachment = Attachment::new(throttle);
            config.store_put(aws::retry_config());
            components = components
                .with_identity_cache(Some(attachment.identity_cache(None)))
                .with_sleep_impl(Some(attachment.sleep_impl(None)))
                .with_interceptor(attachment.interceptor());
            if questions.unfiltered {
                components.push_interceptor(CallHint::default().resource("unfiltered"));
            }
        }
        Pace::Sdk(retries, _) => {
            config.store_put(retries.clone());
        }
    }
    let body = format!("Action={}&Version=2016-11-15", questions.action);
    Operation::builder()
        .service_name("EC2")
        .operation_name(questions.action)
        .http_client(service.clone())
        .endpoint_url("http://ec2.test")
        .no_auth()
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .serializer(move |(): ()| request(&body))
        .deserializer(answer)
        .runtime_plugin(
            StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components),
        )
        .build()
}

fn request(body: &str) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<(), OrchestratorError<ErrorMetadata>> {
    if response.status().is_success() {
        return Ok(());
    }
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let code =
        body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    Err(OrchestratorError::operation(ErrorMetadata::builder().code(code.unwrap_or_default()).build()))
}
