//! What a request says of the limit that it falls under, for the services that have limits of that kind.

mod dynamodb;
mod ec2;
mod kinesis;
mod kms;
mod route53;
mod s3;
mod sqs;

use std::num::NonZeroU32;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_types::config_bag::ConfigBag;

use super::CallHint;
use crate::Call;

/// How much of a request is looked at. The longest that AWS allows before the member that is looked for is the
/// ciphertext in a KMS `Decrypt`, 8 KiB.
const MOST: usize = 16 << 10;

/// Adds what the request says to what the caller has hinted.
pub(crate) fn note(request: &HttpRequest, cfg: &mut ConfigBag) {
    let Some(read) = cfg.load::<Metadata>().and_then(|it| {
        let read = reader(it.service())?;
        Some(read(it.name(), request.body().bytes()?))
    }) else {
        return;
    };
    // A call pays for an entry in the bag only if there is something to enter.
    if read.is_empty() {
        return;
    }
    let hint = cfg.load::<CallHint>().cloned().unwrap_or_default().or(read);
    cfg.interceptor_state().store_put(hint);
}

/// The bucket of an S3 call, which is not in its request.
pub(crate) fn bucket_of(call: &Call, cfg: &ConfigBag) -> Option<String> {
    if call.service_name() == "s3" { s3::bucket(cfg) } else { None }
}

type Reader = fn(operation: &str, body: &[u8]) -> CallHint;

/// The few services that pay for it, by the SDK's service ids.
fn reader(service: &str) -> Option<Reader> {
    Some(match service {
        "DynamoDB" => dynamodb::read,
        "Kinesis" => kinesis::read,
        "SQS" => sqs::read,
        "KMS" => kms::read,
        "EC2" => ec2::read,
        "Route 53" => route53::read,
        _ => return None,
    })
}

/// A resource, if the request names one.
fn resource(name: Option<String>) -> CallHint {
    name.map_or_else(CallHint::default, |name| CallHint::default().resource(name))
}

/// What the request is about, counted; one if it is about nothing.
fn cost(count: usize) -> CallHint {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    NonZeroU32::new(count).map_or_else(CallHint::default, |tokens| CallHint::default().cost(tokens))
}

/// What an ARN says after `/`: `arn:aws:kinesis:eu-west-1:123456789012:stream/orders` is `orders`; and so is
/// `orders`.
fn name(of: &str) -> &str {
    match of.strip_prefix("arn:").and_then(|arn| arn.split_once('/')) {
        // What follows is in the resource: a consumer of the stream.
        Some((_, path)) => path.split('/').next().unwrap_or(path),
        None => of,
    }
}
