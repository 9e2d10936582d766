//! Amazon Kinesis Data Streams: `DescribeLimits`.

use std::borrow::Cow;

use async_trait::async_trait;
use http::StatusCode;
use serde::Serialize;

use super::{Action, Request, Response, Scope, Service};
use crate::wire::json;

/// The version of the API, as targets name it.
const TARGET: &str = "Kinesis_20131202.";

/// On-demand streams that an account may have in a region.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>.
const ON_DEMAND_STREAMS: u32 = 50;

/// Kinesis. There are no streams yet.
#[derive(Debug)]
pub(crate) struct Kinesis;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeLimitsOutput {
    shard_limit: u32,
    open_shard_count: u32,
    on_demand_stream_count: u32,
    on_demand_stream_count_limit: u32,
}

#[async_trait]
impl Service for Kinesis {
    fn action(&self, request: &Request) -> Action {
        // Names that the API does not have share one row of the counters.
        let name = match operation(request) {
            "DescribeLimits" => "DescribeLimits",
            _ => "Unknown",
        };
        Action { service: "kinesis", name: Cow::Borrowed(name), resource: None }
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        match operation(&request) {
            "DescribeLimits" => json::ok(&describe_limits(&scope.region)),
            name => {
                let message =
                    format!("tidegate-local-aws has no operation \"{name}\"; it has: DescribeLimits");
                self.error(StatusCode::BAD_REQUEST, "UnknownOperationException", &message)
            }
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Response {
        json::error(status, code, message)
    }
}

fn operation(request: &Request) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default()
}

/// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>: 20,000 shards in
/// three regions, 6,000 or 1,000 in the others.
fn describe_limits(region: &str) -> DescribeLimitsOutput {
    let shard_limit = match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 20_000,
        _ => 1_000,
    };
    DescribeLimitsOutput {
        shard_limit,
        open_shard_count: 0,
        on_demand_stream_count: 0,
        on_demand_stream_count_limit: ON_DEMAND_STREAMS,
    }
}
