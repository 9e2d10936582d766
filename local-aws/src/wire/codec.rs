//! The two forms in which one operation may be asked: AWS JSON 1.1, and the CBOR of the Java SDK.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use super::{cbor, json};
use crate::{front::full, services::Response};

/// How a request is written; its answer is written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Cbor,
}

/// A body that cannot be read, and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl Codec {
    /// The form of a request with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let cbor =
            headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == cbor::CONTENT_TYPE);
        if cbor { Self::Cbor } else { Self::Json }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => json::CONTENT_TYPE,
            Self::Cbor => "application/x-amz-cbor-1.1",
        }
    }

    /// Reads the body of a request; an empty one is an empty structure.
    pub(crate) fn read<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, Unreadable> {
        match self {
            Self::Json => {
                let body = if body.is_empty() { b"{}" } else { body };
                serde_json::from_slice(body).map_err(|error| Unreadable(error.to_string()))
            }
            Self::Cbor => cbor::read(body),
        }
    }

    /// Writes a structure of numbers, strings and blobs, which never fails.
    pub(crate) fn write(self, value: &impl Serialize) -> Bytes {
        match self {
            Self::Json => serde_json::to_vec(value).unwrap_or_default().into(),
            Self::Cbor => cbor::write(value).into(),
        }
    }

    /// An answer with this body.
    pub(crate) fn answer(self, body: Bytes) -> Response {
        let mut response = Response::new(full(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        response
    }

    /// An error.
    pub(crate) fn error(self, status: StatusCode, code: &str, message: &str) -> Response {
        #[derive(Serialize)]
        struct Error<'a> {
            __type: &'a str,
            message: &'a str,
        }
        if self == Self::Json {
            return json::error(status, code, message);
        }
        let mut response = self.answer(self.write(&Error { __type: code, message }));
        *response.status_mut() = status;
        if let Ok(code) = HeaderValue::from_str(code) {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        response
    }
}
