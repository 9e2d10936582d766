//! Amazon S3: the `s3s` protocol crate over a store in memory.

mod access;
mod acl;
mod action;
mod annotation;
mod attributes;
mod bucket;
mod checksum;
mod class;
mod condition;
mod content;
mod copy;
mod delete;
mod encoding;
mod event;
mod get;
mod guard;
mod handle;
mod headers;
mod host;
mod keys;
mod kms;
mod list;
mod list_versions;
mod listing;
mod lock;
mod multipart;
mod notification;
mod object;
mod operations;
mod ownership;
mod parts;
mod payment;
mod put;
mod reader;
mod source;
mod store;
mod tags;
mod token;
mod upload;
mod uploads;
mod version;
mod version_listing;
mod versioning;
mod versions;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use s3s::{
    S3ErrorCode,
    config::{S3Config, StaticConfigProvider},
    dto::CopySource,
    service::{S3Service, S3ServiceBuilder},
};

pub use self::handle::{BucketView, Digest, ObjectView, S3Error, S3Handle, VersionView};
use self::{access::Access, keys::Keys, list_versions::Order, operations::Operations, store::Store};
use super::{Action, Queues, Request, Response, Scope, Service, clock::Clock};
use crate::front::{empty, full};

/// S3 and its state. Buckets are global: each has a region, and is reached from all of them.
pub(crate) struct S3 {
    protocol: S3Service,
    store: Arc<Store>,
    clock: Clock,
}

impl S3 {
    /// Its notifications go to these queues.
    pub(crate) fn new(queues: Arc<dyn Queues>) -> Self {
        let (store, clock) = (Arc::new(Store::default()), Clock::default());
        let mut builder = S3ServiceBuilder::new(Operations::new(Arc::clone(&store), clock, queues));
        builder.set_auth(Keys);
        builder.set_access(Access(Arc::clone(&store)));
        builder.set_host(host::Hosts);
        let mut config = S3Config::default();
        // A client under a simulated clock signs with its own time.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { protocol: builder.build(), store, clock }
    }

    /// Whether an account is charged for its requests to a bucket.
    fn charges(&self, account: &str, bucket: &str) -> bool {
        let buckets = self.store.lock();
        buckets.named.get(bucket).is_some_and(|bucket| bucket.requester_pays && bucket.owner != account)
    }

    /// A handle to seed and to inspect the state.
    pub(crate) fn handle(&self) -> S3Handle {
        S3Handle::new(Arc::clone(&self.store), self.clock)
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").finish_non_exhaustive()
    }
}

#[async_trait]
impl Service for S3 {
    fn action(&self, request: &Request) -> Action {
        action::of(request)
    }

    async fn call(&self, scope: &Scope, request: Request) -> Response {
        if has_malformed_source(&request) {
            return write_error(source::malformed());
        }
        // Its protocol crate would take them for the object.
        let name = action::of(&request).name;
        let lists_annotations = name == "ListObjectAnnotations";
        if name.ends_with("ObjectAnnotation") {
            return write_error(annotation::not_implemented());
        }
        let pays = request.headers().contains_key("x-amz-request-payer")
            && action::bucket(&request).is_some_and(|bucket| self.charges(&scope.account, &bucket));
        match self.protocol.call(request.map(s3s::Body::from)).await {
            Ok(response) => {
                let mut response = finish(response);
                if lists_annotations {
                    response = annotation::none(response);
                }
                if pays && response.status().is_success() {
                    let requester = HeaderValue::from_static("requester");
                    response.headers_mut().insert("x-amz-request-charged", requester);
                }
                // The program mutes the protocol crate, which logs what clients do wrong as well.
                if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
                    tracing::error!("an internal error; RUST_LOG=s3s=error logs its cause");
                }
                response
            }
            Err(error) => {
                tracing::error!(?error, "the protocol crate could not answer");
                write_error(s3s::S3Error::new(S3ErrorCode::InternalError))
            }
        }
    }

    fn error(&self, _asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response {
        let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
        let mut error = s3s::S3Error::with_message(code, message.to_owned());
        error.set_status_code(status);
        write_error(error)
    }
}

/// The protocol crate would answer `InvalidRequest`, where S3 answers `InvalidArgument`.
fn has_malformed_source(request: &Request) -> bool {
    request.headers().get("x-amz-copy-source").is_some_and(|source| {
        source.to_str().ok().and_then(|source| CopySource::parse(source).ok()).is_none()
    })
}

fn write_error(error: s3s::S3Error) -> Response {
    match error.to_http_response() {
        Ok(response) => response.map(|body| body.map_err(|error| error).boxed_unsync()),
        Err(_unwritable) => {
            let mut response = Response::new(empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// Mends what the protocol crate leaves: the characters of XML, errors without a message, and the body of a
/// 304.
fn finish(response: s3s::HttpResponse) -> Response {
    let (mut parts, body) = response.into_parts();
    let order = parts.extensions.remove::<Order>();
    if parts.status == StatusCode::NOT_MODIFIED {
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, empty());
    }
    let is_xml =
        parts.headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/xml"));
    match body.bytes() {
        Some(bytes) if is_xml => {
            let bytes = encoding::tell_message(&bytes).unwrap_or(bytes);
            let bytes = order.and_then(|order| order.mend(&bytes)).unwrap_or(bytes);
            Response::from_parts(parts, full(encoding::refer_to_control_characters(&bytes)))
        }
        _ => Response::from_parts(parts, body.boxed_unsync()),
    }
}
