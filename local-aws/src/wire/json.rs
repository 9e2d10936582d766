//! AWS JSON 1.1.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{front::full, services::Response};

/// The content type of requests and answers.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An error.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    #[derive(Serialize)]
    struct Error<'a> {
        __type: &'a str,
        message: &'a str,
    }
    // Two strings always serialize.
    let body = serde_json::to_vec(&Error { __type: code, message }).unwrap_or_default();
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if let Ok(code) = HeaderValue::from_str(code) {
        headers.insert("x-amzn-errortype", code);
    }
    response
}
