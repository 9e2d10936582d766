//! The error of the XML protocols, for services that are not here.

use http::{HeaderValue, StatusCode, header};

use crate::{front::full, services::Response};

/// An error as S3 writes it; clients of the query protocols find its code and message as well.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let (code, message) = (escape(code), escape(message));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
