//! AWS JSON 1.1.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{front::full, services::Response};

/// An answer.
#[cfg(feature = "kinesis")]
pub(crate) fn ok(value: &impl Serialize) -> Response {
    answer(StatusCode::OK, value)
}

/// An error.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    #[derive(Serialize)]
    struct Error<'a> {
        __type: &'a str,
        message: &'a str,
    }
    let mut response = answer(status, &Error { __type: code, message });
    if let Ok(code) = HeaderValue::from_str(code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn answer(status: StatusCode, value: &impl Serialize) -> Response {
    // Answers are structs of numbers and strings, which always serialize.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
