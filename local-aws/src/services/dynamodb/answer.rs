//! AWS JSON 1.0, with the checksum that DynamoDB puts on every answer.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Response;
use crate::front::full;

/// An answer.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    let checksum = crc32fast::hash(body.as_bytes());
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amz-crc32", HeaderValue::from(checksum));
    response
}

/// An error; the type is a code and the namespace that it is from.
pub(super) fn error(status: StatusCode, r#type: &str, message: &str) -> Response {
    #[derive(Serialize)]
    struct Error<'a> {
        __type: &'a str,
        message: &'a str,
    }
    // Two strings always serialize.
    json(status, serde_json::to_string(&Error { __type: r#type, message }).unwrap_or_default())
}
