//! Request ids: every answer carries one, as logs and SDK errors show them.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;

use crate::services::Response;

/// Counts the answers of a run.
#[derive(Debug, Default)]
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    /// Puts the next id on an answer that has none.
    pub(super) fn put_on(&self, response: &mut Response) {
        let headers = response.headers_mut();
        if headers.contains_key("x-amz-request-id") || headers.contains_key("x-amzn-requestid") {
            return;
        }
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        if let Ok(id) = HeaderValue::try_from(format!("00000000-0000-4000-8000-{number:012x}")) {
            headers.insert("x-amz-request-id", id.clone());
            headers.insert("x-amzn-requestid", id);
        }
    }
}
