//! The copy of an object in parts.

use std::sync::atomic::Ordering::Relaxed;

use aws_sdk_s3::{
    operation::upload_part_copy::builders::UploadPartCopyFluentBuilder,
    types::{CompletedMultipartUpload, CompletedPart, Tag, Tagging},
};
use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{
    Copier, guards::Guards, parts::Parts, place::Conditions, properties::Properties, source::copy_source,
    upload::Upload,
};
use crate::{
    Entry, Key,
    request::{Cause, Fault},
};

/// What was copied of an object.
struct Copied {
    parts: Result<Vec<CompletedPart>, Fault>,
    bytes: u64,
}

/// What came of aborting an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aborted {
    /// It was gone before: somebody completed it.
    WasGone,
    Tried,
}

impl Copier {
    /// Copies an object in parts, as it was listed; gives the copy's `ETag`.
    pub(super) async fn copy_in_parts(
        &self,
        entry: &Entry,
        key: &Key,
        conditions: &Conditions,
    ) -> Result<String, Fault> {
        let head = self.head_source(entry, true).await?;
        let etag = head.e_tag.clone().or_else(|| entry.etag.as_deref().map(ToOwned::to_owned));
        if head.missing_meta().is_some_and(|missing| missing > 0) {
            let message = "S3 cannot tell all of the metadata, so that it would be lost";
            return Err(Fault::new(Cause::Permanent, "MissingMetadata", message));
        }
        self.check_annotations(entry).await?;
        let guards = self.guards(entry, Some(&head)).await?;
        let properties = Properties::new(head, self.tags(entry).await?);
        let upload = self.create(entry, key, &properties, guards).await?;
        let parts = Parts::new(entry.size, self.part_size);
        let request = self
            .destination
            .client
            .upload_part_copy()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_expected_source_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.destination.payer_with(&self.source))
            .key(key.as_str())
            .upload_id(upload.id())
            .copy_source(copy_source(&self.source.bucket, entry.key.as_str(), entry.version.as_deref()))
            .set_copy_source_if_match(etag);
        let copied = self.copy_parts(parts, &request).await;
        // From here on the object itself counts, or it does not.
        self.counters().bytes_in_parts.fetch_sub(copied.bytes, Relaxed);
        let completed = match copied.parts {
            Ok(copied) => self.complete(key, &upload, copied, conditions).await,
            Err(fault) => Err(fault),
        };
        let etag = match completed {
            Ok(etag) => {
                upload.over();
                etag
            }
            Err(fault) => {
                // Only an upload that is gone, and not by this hand, can have been completed.
                let gone = self.abort(upload, key).await == Aborted::WasGone;
                let made = if gone && fault.maybe_done { self.made(entry, key, parts).await } else { None };
                made.ok_or(fault)?
            }
        };
        if let Some(tags) = properties.left_over_tags() {
            self.put_tags(key, tags).await.map_err(|fault| {
                let message = format!("it is there, but not its tags: {}: {}", fault.code, fault.message);
                Fault::new(Cause::Permanent, "TagsNotPut", message)
            })?;
        }
        Ok(etag)
    }

    async fn tags(&self, entry: &Entry) -> Result<Vec<Tag>, Fault> {
        let request = self
            .source
            .client
            .get_object_tagging()
            .bucket(&self.source.bucket)
            .set_expected_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.source.payer.clone())
            .key(entry.key.as_str())
            .set_version_id(entry.version.as_deref().map(ToOwned::to_owned));
        Ok(self.requester.send(&self.manners.read_tags, || request.clone().send()).await?.tag_set)
    }

    async fn create(
        &self,
        entry: &Entry,
        key: &Key,
        properties: &Properties,
        guards: Guards,
    ) -> Result<Upload<'_>, Fault> {
        let request = self
            .destination
            .client
            .create_multipart_upload()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str())
            .set_storage_class(entry.storage_class.clone());
        let request = guards.put_on_upload(properties.put_on(request));
        let manner = &self.manners.create;
        let mut maybe_more = false;
        let created = self
            .requester
            .send_noting(
                manner,
                manner.timeout,
                &mut maybe_more,
                || request.clone().send(),
                |output| output.upload_id,
            )
            .await;
        // An upload whose reply was lost can be known to nobody but the store.
        if maybe_more {
            self.orphan(key, None);
        }
        Ok(Upload::new(self, key, created?))
    }

    /// Copies all parts, or ends at the first that fails. None is in flight when it returns.
    async fn copy_parts(&self, parts: Parts, request: &UploadPartCopyFluentBuilder) -> Copied {
        /// The parts of one object in flight at a time.
        const AT_A_TIME: usize = 16;
        let mut numbers = 1..=parts.count();
        let mut flying = FuturesUnordered::new();
        let mut copied = Copied { parts: Ok(Vec::new()), bytes: 0 };
        loop {
            while copied.parts.is_ok()
                && flying.len() < AT_A_TIME
                && let Some(number) = numbers.next()
                && let Some(range) = parts.range(number)
            {
                flying.push(self.copy_part(request, number, range, parts.size()));
            }
            match (flying.next().await, &mut copied.parts) {
                (None, _) => break,
                (Some(Ok((part, bytes))), Ok(parts)) => {
                    self.counters().bytes_in_parts.fetch_add(bytes, Relaxed);
                    copied.bytes += bytes;
                    parts.push(part);
                }
                (Some(Err(fault)), Ok(_)) => copied.parts = Err(fault),
                (Some(_), Err(_)) => {}
            }
        }
        if let Ok(parts) = &mut copied.parts {
            parts.sort_unstable_by_key(CompletedPart::part_number);
        }
        copied
    }

    async fn copy_part(
        &self,
        request: &UploadPartCopyFluentBuilder,
        number: u64,
        (first, last): (u64, u64),
        size: u64,
    ) -> Result<(CompletedPart, u64), Fault> {
        let _slot = self.part_slots.acquire().await;
        // There are at most 10,000 parts.
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        // A range is allowed only of objects above 5 MB, and one part needs none.
        let range = (number > 1 || last + 1 < size).then(|| format!("bytes={first}-{last}"));
        let request = request.clone().part_number(number).set_copy_source_range(range);
        let limit = self.manners.part.longer_for(last - first);
        let etag = self
            .requester
            .send_reading(
                &self.manners.part,
                limit,
                || request.clone().send(),
                |output| output.copy_part_result?.e_tag,
            )
            .await?;
        Ok((CompletedPart::builder().part_number(number).e_tag(etag).build(), last + 1 - first))
    }

    async fn complete(
        &self,
        key: &Key,
        upload: &Upload<'_>,
        parts: Vec<CompletedPart>,
        conditions: &Conditions,
    ) -> Result<String, Fault> {
        let request = self
            .destination
            .client
            .complete_multipart_upload()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str())
            .upload_id(upload.id())
            .set_if_match(conditions.if_match.clone())
            .set_if_none_match(conditions.if_none_match.clone())
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        let manner = &self.manners.complete;
        // A success without an ETag is an answer that was cut off.
        self.requester
            .send_reading(manner, manner.timeout, || request.clone().send(), |output| output.e_tag)
            .await
    }

    /// The `ETag` of the destination's object, if it has this size and so many parts.
    async fn made(&self, entry: &Entry, key: &Key, parts: Parts) -> Option<String> {
        let request = self
            .destination
            .client
            .head_object()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str());
        let head = self.requester.send(&self.manners.head_destination, || request.clone().send()).await;
        let head = head.ok()?;
        let size = head.content_length().and_then(|length| u64::try_from(length).ok());
        let (_, count) = head.e_tag()?.trim_matches('"').rsplit_once('-')?;
        let is_it = size == Some(entry.size) && count.parse() == Ok(parts.count());
        head.e_tag.filter(|_| is_it)
    }

    async fn abort(&self, upload: Upload<'_>, key: &Key) -> Aborted {
        let request = self
            .destination
            .client
            .abort_multipart_upload()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str())
            .upload_id(upload.id());
        let aborted = self.requester.send(&self.manners.abort, || request.clone().send()).await;
        match aborted {
            Ok(_) => upload.over(),
            Err(fault) if fault.cause == Cause::NotFound => {
                upload.over();
                // An attempt whose reply was lost may have aborted it before this one looked.
                if !fault.maybe_done {
                    return Aborted::WasGone;
                }
            }
            // Dropped without being over, it is an orphan.
            Err(fault) => tracing::warn!(%key, code = fault.code, "a multipart upload could not be aborted"),
        }
        Aborted::Tried
    }

    async fn put_tags(&self, key: &Key, tags: Vec<Tag>) -> Result<(), Fault> {
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build();
        let tagging =
            tagging.map_err(|error| Fault::new(Cause::Permanent, "InvalidRequest", error.to_string()))?;
        let request = self
            .destination
            .client
            .put_object_tagging()
            .bucket(&self.destination.bucket)
            .set_expected_bucket_owner(self.destination.owner.clone())
            .set_request_payer(self.destination.payer.clone())
            .key(key.as_str())
            .tagging(tagging);
        self.requester.send(&self.manners.write_tags, || request.clone().send()).await?;
        Ok(())
    }
}
