//! The admin paths, beside the services on the same port.

use http::{Method, StatusCode, header};
use serde::Serialize;

use super::full;
use crate::{
    Error, Faults, Latency, Limits,
    conditions::desk::Desk,
    services::{Request, Response, Services},
};

/// Everything under this path is ours; a bucket name cannot start with `_`.
pub(super) const PATH: &str = "/_tidegate/";

/// Answers an admin request.
#[cfg_attr(not(feature = "sqs"), expect(unused_variables, reason = "only SQS shows its state"))]
pub(super) fn answer(desk: &Desk, services: &Services, request: &Request) -> Response {
    let path = request.uri().path().trim_start_matches(PATH);
    match (request.method(), path) {
        (&Method::GET, "health") => json(StatusCode::OK, &Status { status: "running", error: None }),
        (&Method::GET, "counters") => json(StatusCode::OK, &desk.counters()),
        (&Method::POST, "counters/reset") => {
            desk.reset_counters();
            json(StatusCode::OK, &Status { status: "reset", error: None })
        }
        #[cfg(feature = "sqs")]
        (&Method::GET, "queues") => json(StatusCode::OK, &services.sqs.report()),
        (&Method::PUT, "limits") => put(request, Limits::from_json, |limits| desk.set_limits(limits)),
        (&Method::PUT, "latency") => put(request, Latency::from_json, |latency| desk.set_latency(latency)),
        (&Method::PUT, "faults") => put(request, Faults::from_json, |faults| desk.set_faults(faults)),
        (method, "health" | "counters" | "counters/reset" | "queues" | "limits" | "latency" | "faults") => {
            refuse(StatusCode::METHOD_NOT_ALLOWED, format!("{path} does not take {method}"))
        }
        _ => refuse(
            StatusCode::NOT_FOUND,
            "there are GET health, GET counters, POST counters/reset, GET queues, PUT limits, PUT latency and PUT \
             faults"
                .to_owned(),
        ),
    }
}

/// Replaces a setting by the file in the body.
fn put<T>(request: &Request, parse: impl Fn(&str) -> Result<T, Error>, set: impl Fn(T)) -> Response {
    let Ok(json) = std::str::from_utf8(request.body()) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is not UTF-8".to_owned());
    };
    match parse(json) {
        Ok(value) => {
            set(value);
            self::json(StatusCode::OK, &Status { status: "replaced", error: None })
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn refuse(status: StatusCode, error: String) -> Response {
    json(status, &Status { status: "refused", error: Some(error) })
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Numbers, strings and maps with string keys always serialize.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
