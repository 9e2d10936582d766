//! The annotations of objects, which the protocol crate does not know: no object has any.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use s3s::{S3Error, S3ErrorCode};

use crate::{front::full, services::Response};

/// The answer to a list of annotations, of an object that could be read.
pub(crate) fn none(read: Response) -> Response {
    if !read.status().is_success() {
        return read;
    }
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListObjectAnnotationsOutput>\
                <AnnotationCount>0</AnnotationCount></ListObjectAnnotationsOutput>";
    let mut response = Response::new(full(Bytes::from_static(body.as_bytes())));
    let xml = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    response
}

/// The answer to whoever would read, write or delete one.
pub(crate) fn not_implemented() -> S3Error {
    let message = "tidegate-local-aws has no annotations";
    let mut error = S3Error::with_message(S3ErrorCode::NotImplemented, message);
    error.set_status_code(StatusCode::NOT_IMPLEMENTED);
    error
}
