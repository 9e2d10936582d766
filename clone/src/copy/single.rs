//! The copy of an object by one `CopyObject`.

use std::io;

use aws_sdk_s3::{
    config::http::HttpRequest,
    types::{MetadataDirective, TaggingDirective},
};

use super::{
    Copier,
    place::Conditions,
    source::{copy_source, encoded},
};
use crate::{Entry, Key, request::Fault};

/// The most that one `CopyObject` can copy, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub(crate) const LARGEST: u64 = 5 << 30;

/// The SDK refuses keys that are nothing but white space, which S3 does not: they are put into the request
/// after the SDK has looked at it.
const STAND_IN: &str = "tidegate-clone-stand-in-for-a-blank-key";

impl Copier {
    /// Copies an object as it was listed; gives the copy's `ETag`. To send it twice does no harm: the second copy is the first again.
    pub(super) async fn copy_whole(
        &self,
        entry: &Entry,
        key: &Key,
        conditions: &Conditions,
    ) -> Result<String, Fault> {
        let guards =
            if self.preserve.asks() { Some(Box::pin(self.guards(entry, None)).await?) } else { None };
        let blank = key.as_str().trim().is_empty();
        let request = self
            .destination
            .client
            .copy_object()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_expected_source_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.destination.payer_with(&self.source))
            .key(if blank { STAND_IN } else { key.as_str() })
            .copy_source(copy_source(&self.source.bucket, entry.key.as_str(), entry.version.as_deref()))
            .set_copy_source_if_match(entry.etag.as_deref().map(ToOwned::to_owned))
            .set_if_match(conditions.if_match.clone())
            .set_if_none_match(conditions.if_none_match.clone())
            .metadata_directive(MetadataDirective::Copy)
            .tagging_directive(TaggingDirective::Copy)
            .annotation_directive(self.annotations())
            .set_storage_class(entry.storage_class.clone());
        let request = match guards {
            Some(guards) => guards.put_on_copy(request),
            None => request,
        };
        let limit = self.manners.copy.longer_for(entry.size);
        let send = || {
            let (request, key) = (request.clone(), blank.then(|| key.clone()));
            async move {
                if let Some(key) = key {
                    request
                        .customize()
                        .map_request(move |request| put_key(request, key.as_str()))
                        .send()
                        .await
                } else {
                    request.send().await
                }
            }
        };
        // A success without a result is an answer that was cut off.
        self.requester
            .send_reading(&self.manners.copy, limit, send, |output| output.copy_object_result?.e_tag)
            .await
    }
}

/// Puts `key` in the place of [`STAND_IN`] at the end of the request's path.
fn put_key(mut request: HttpRequest, key: &str) -> io::Result<HttpRequest> {
    let uri = request.uri();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let path =
        path.strip_suffix(STAND_IN).ok_or_else(|| io::Error::other("the request does not end in its key"))?;
    let uri = format!("{path}{}?{query}", encoded(key));
    request.set_uri(uri).map_err(io::Error::other)?;
    Ok(request)
}
