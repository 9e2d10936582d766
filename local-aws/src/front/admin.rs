//! The admin paths, beside the services on the same port.

use http::{Method, StatusCode, header};
use serde::Serialize;

use super::full;
use crate::{
    Limits,
    conditions::desk::Desk,
    services::{Request, Response},
};

/// Everything under this path is ours; a bucket name cannot start with `_`.
pub(super) const PATH: &str = "/_tidegate/";

/// Answers an admin request.
pub(super) fn answer(desk: &Desk, request: &Request) -> Response {
    let path = request.uri().path().trim_start_matches(PATH);
    match (request.method(), path) {
        (&Method::GET, "health") => json(StatusCode::OK, &Status { status: "running", error: None }),
        (&Method::GET, "counters") => json(StatusCode::OK, &desk.counters()),
        (&Method::POST, "counters/reset") => {
            desk.reset_counters();
            json(StatusCode::OK, &Status { status: "reset", error: None })
        }
        (&Method::PUT, "limits") => put_limits(desk, request.body()),
        (_, "health" | "counters" | "counters/reset" | "limits") => {
            refuse(StatusCode::METHOD_NOT_ALLOWED, format!("{path} does not take {}", request.method()))
        }
        _ => refuse(
            StatusCode::NOT_FOUND,
            "there are GET health, GET counters, POST counters/reset and PUT limits".to_owned(),
        ),
    }
}

fn put_limits(desk: &Desk, body: &[u8]) -> Response {
    let limits = match std::str::from_utf8(body) {
        Ok(text) => Limits::from_json(text),
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "limits: not UTF-8".to_owned()),
    };
    match limits {
        Ok(limits) => {
            desk.set_limits(limits);
            json(StatusCode::OK, &Status { status: "limits replaced", error: None })
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
