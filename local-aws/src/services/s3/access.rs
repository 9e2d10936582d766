//! [`Access`]: who a bucket is expected to belong to, and who pays.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode, Uri};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    access::{S3Access, S3AccessContext},
    dto::CopySource,
};

use super::{keys::account_of, source, store::Store};

/// Permits everything to everybody who signs, but for the two headers that ask to be refused.
#[derive(Debug)]
pub(crate) struct Access(pub(crate) Arc<Store>);

#[async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Signature is required"));
        };
        let caller = account_of(&credentials.access_key);
        let headers = context.headers();
        let bucket = context.s3_path().get_bucket_name();
        let pays = pays(headers, context.uri());
        self.admit(caller, bucket, text(headers, "x-amz-expected-bucket-owner"), pays)?;
        let source = text(headers, "x-amz-copy-source").and_then(|source| CopySource::parse(source).ok());
        let source = source.as_ref().and_then(|source| source::name(source).ok()).map(|(bucket, ..)| bucket);
        self.admit(caller, source, text(headers, "x-amz-source-expected-bucket-owner"), pays)
    }
}

impl Access {
    /// What is no bucket is refused elsewhere.
    fn admit(&self, caller: &str, bucket: Option<&str>, expected: Option<&str>, pays: bool) -> S3Result<()> {
        let buckets = self.0.lock();
        let Some(bucket) = bucket.and_then(|bucket| buckets.named.get(bucket)) else { return Ok(()) };
        if let Some(expected) = expected {
            if expected.len() != 12 || !expected.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!(
                    "The value of the expected bucket owner parameter must be an AWS account ID... [{expected}]"
                );
                let code = S3ErrorCode::Custom("InvalidBucketOwnerAWSAccountID".into());
                let mut error = S3Error::with_message(code, message);
                error.set_status_code(StatusCode::BAD_REQUEST);
                return Err(error);
            }
            if expected != bucket.owner {
                return Err(denied());
            }
        }
        if bucket.requester_pays && caller != bucket.owner && !pays {
            return Err(denied());
        }
        Ok(())
    }
}

fn denied() -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the caller says that it pays: a signed URL says so in its query.
fn pays(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut query = uri.query().unwrap_or_default().split('&');
    text(headers, "x-amz-request-payer") == Some("requester")
        || query.any(|pair| pair == "x-amz-request-payer=requester")
}
