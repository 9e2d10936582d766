//! The copy of an object by one `CopyObject`.

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};

use super::{Copier, source::copy_source};
use crate::{
    Key,
    request::{Cause, Fault},
    segments::Entry,
};

/// The most that one `CopyObject` can copy, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub(crate) const LARGEST: u64 = 5 << 30;

impl Copier {
    /// Copies an object as it was listed. To send it twice does no harm: the second copy is the first again.
    pub(super) async fn copy_whole(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        let request = self
            .destination
            .client
            .copy_object()
            .bucket(&self.destination.bucket)
            .key(key.as_str())
            .copy_source(copy_source(&self.source.bucket, entry.key.as_str()))
            .set_copy_source_if_match(entry.etag.as_deref().map(ToOwned::to_owned))
            .metadata_directive(MetadataDirective::Copy)
            .tagging_directive(TaggingDirective::Copy)
            .set_storage_class(entry.storage_class.clone());
        let limit = self.manners.copy.longer_for(entry.size);
        let output = self.requester.send_within(&self.manners.copy, limit, || request.clone().send()).await?;
        // A success without a result is an answer that was cut off.
        match output.copy_object_result().and_then(|result| result.e_tag()) {
            Some(_) => Ok(()),
            None => {
                Err(Fault::new(Cause::Permanent, "InvalidResponse", "the copy succeeded without a result"))
            }
        }
    }
}
