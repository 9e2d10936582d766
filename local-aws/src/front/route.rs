//! The route: which service a request is for.

use http::{StatusCode, header};

use super::scope::Credential;
use crate::{
    services::{NAMES, Request, Response},
    wire::{json, xml},
};

/// The services by the target that their JSON protocols name.
const TARGETS: [(&str, &str); 8] = [
    ("Kinesis_", "kinesis"),
    ("DynamoDB_", "dynamodb"),
    ("DynamoDBStreams_", "dynamodb"),
    ("AmazonSQS", "sqs"),
    ("AmazonSSM", "ssm"),
    ("TrentService", "kms"),
    ("AmazonEC2ContainerServiceV", "ecs"),
    ("Logs_", "logs"),
];

/// The service: by the credential scope, the target, the host, and at last the path. `None` if nothing
/// tells.
pub(super) fn service(credential: Option<&Credential>, request: &Request) -> Option<String> {
    if let Some(credential) = credential {
        return Some(credential.service.clone());
    }
    if let Some(target) = target(request) {
        let known = TARGETS.iter().find(|(start, _)| target.starts_with(start));
        return Some(known.map_or_else(|| target.to_owned(), |(_, service)| (*service).to_owned()));
    }
    if let Some(service) = host(request).and_then(|host| service_of(host).map(|(service, _)| service)) {
        return Some(service.to_owned());
    }
    // S3 is the one service that takes unsigned requests, and all of them name a bucket in the path.
    (request.uri().path() != "/").then(|| "s3".to_owned())
}

/// The region in the host name, if it has one.
pub(super) fn region_of_host(request: &Request) -> Option<String> {
    host(request).and_then(service_of).and_then(|(_, region)| region).map(str::to_owned)
}

/// The answer to a request for a service that is not here.
pub(super) fn unknown(service: Option<&str>, request: &Request) -> Response {
    let here = NAMES.join(", ");
    let message = match service {
        Some(name) => format!("tidegate-local-aws has no service \"{name}\"; it has: {here}"),
        None => format!(
            "tidegate-local-aws cannot tell which service this is for: it is not signed, and has no \
             X-Amz-Target; it has: {here}"
        ),
    };
    let (status, code) = (StatusCode::NOT_IMPLEMENTED, "UnknownService");
    let speaks_json = target(request).is_some() || service.is_some_and(|name| name == "lambda");
    if speaks_json { json::error(status, code, &message) } else { xml::error(status, code, &message) }
}

/// The answer to a request whose body is too large for this process.
pub(super) fn too_large(request: &http::request::Parts, most: usize) -> Response {
    let message = format!("tidegate-local-aws takes bodies of at most {most} bytes");
    let (status, code) = (StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge");
    let speaks_json = request.headers.contains_key("x-amz-target");
    if speaks_json { json::error(status, code, &message) } else { xml::error(status, code, &message) }
}

fn target(request: &Request) -> Option<&str> {
    request.headers().get("x-amz-target")?.to_str().ok()
}

fn host(request: &Request) -> Option<&str> {
    request.headers().get(header::HOST)?.to_str().ok()
}

/// The service and the region of an AWS host name: `kinesis.eu-west-1.amazonaws.com`,
/// `bucket.s3.us-east-1.amazonaws.com`.
fn service_of(host: &str) -> Option<(&str, Option<&str>)> {
    let host = host.split(':').next()?;
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let mut parts = name.rsplit('.');
    let last = parts.next()?;
    let is_region = last.split('-').count() >= 3 && last.ends_with(|last: char| last.is_ascii_digit());
    match (is_region, parts.next()) {
        (true, Some(service)) => Some((service, Some(last))),
        _ => Some((last, None)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn request(path: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Bytes::new()).unwrap()
    }

    fn routed(path: &str, headers: &[(&str, &str)]) -> Option<String> {
        let request = request(path, headers);
        service(Credential::of(&request).as_ref(), &request)
    }

    #[test]
    fn the_table() {
        let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, Signature=x";
        let target = ("x-amz-target", "Kinesis_20131202.DescribeLimits");
        let dynamo = ("x-amz-target", "DynamoDB_20120810.GetItem");
        for (path, headers, expected) in [
            ("/", &[("authorization", scope), target][..], Some("s3")),
            ("/", &[target, ("host", "s3.amazonaws.com")], Some("kinesis")),
            ("/", &[dynamo], Some("dynamodb")),
            ("/", &[("x-amz-target", "New_2030.Do")], Some("New_2030.Do")),
            ("/", &[("host", "kinesis.eu-west-1.amazonaws.com")], Some("kinesis")),
            ("/", &[("host", "elasticloadbalancing.eu-west-1.amazonaws.com")], Some("elasticloadbalancing")),
            ("/", &[("host", "autoscaling.us-east-1.amazonaws.com:443")], Some("autoscaling")),
            ("/", &[("host", "elasticbeanstalk.us-east-1.amazonaws.com")], Some("elasticbeanstalk")),
            ("/k", &[("host", "my.bucket.s3.us-east-1.amazonaws.com:443")], Some("s3")),
            ("/k", &[("host", "bucket.s3.amazonaws.com")], Some("s3")),
            ("/bucket/key", &[("host", "127.0.0.1:4566")], Some("s3")),
            ("/", &[("host", "127.0.0.1:4566")], None),
            ("/", &[("host", "iam.amazonaws.com")], Some("iam")),
            ("/", &[("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListTasks")], Some("ecs")),
            ("/2015-03-31/functions", &[("host", "lambda.eu-west-1.amazonaws.com")], Some("lambda")),
            ("/2013-04-01/hostedzone", &[("host", "route53.amazonaws.com")], Some("route53")),
        ] {
            assert_eq!(routed(path, headers).as_deref(), expected, "{path} {headers:?}");
        }
    }

    #[test]
    fn the_region_in_a_host_name() {
        let region = |host| region_of_host(&request("/", &[("host", host)]));
        assert_eq!(region("kinesis.eu-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
        assert_eq!(region("s3.amazonaws.com"), None);
        assert_eq!(region("localhost:4566"), None);
    }
}
