//! [`Copier`]: copies one object.

mod guards;
mod multipart;
mod parts;
mod place;
mod properties;
pub(crate) mod single;
mod source;
mod upload;
pub(crate) mod version;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use tokio::sync::Semaphore;

use self::place::Conditions;

use crate::{
    Cloner, Entry, Key, Location, OrphanedUpload, Preserve,
    counters::{Counters, Kind},
    plan::{MapKey, Order, Planner},
    request::{Cause, Fault, Manner, Requester},
};

/// What is waited for the answer to a request that moves no object.
const TIMEOUT: Duration = Duration::from_mins(1);
/// What is waited for the answer to a request that does, beside the time for its bytes.
const COPY_TIMEOUT: Duration = Duration::from_mins(2);
/// What is waited for S3 to put the parts of an object together, which can take several minutes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const COMPLETE_TIMEOUT: Duration = Duration::from_mins(15);

/// Copies objects from one location to another.
pub(crate) struct Copier {
    source: Location,
    destination: Location,
    requester: Arc<Requester>,
    planner: Planner,
    map_key: Option<Arc<MapKey>>,
    dry_run: bool,
    preserve: Preserve,
    threshold: u64,
    part_size: u64,
    /// The part copies in flight, of all objects.
    part_slots: Semaphore,
    manners: Manners,
    orphans: Mutex<Vec<OrphanedUpload>>,
}

/// How each kind of request is sent.
#[derive(Debug)]
struct Manners {
    copy: Manner,
    head_source: Manner,
    head_destination: Manner,
    look: Manner,
    read_tags: Manner,
    read_acl: Manner,
    list_annotations: Manner,
    write_tags: Manner,
    create: Manner,
    part: Manner,
    complete: Manner,
    abort: Manner,
    mark: Manner,
}

/// How the copy of an object ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// As an object of this `ETag`.
    Copied(String),
    /// It was there already.
    Unchanged,
    /// The source is not what was listed any more.
    Changed(Fault),
    /// The source is gone.
    Vanished(Fault),
    Failed(Fault),
    /// The clone is to stop.
    NotAttempted,
}

impl Copier {
    pub(crate) fn new(
        cloner: &Cloner,
        source: Location,
        destination: Location,
        requester: Arc<Requester>,
        planner: Planner,
    ) -> Self {
        let to = |kind, operation, timeout| Manner::new(kind, operation, &destination, timeout);
        let copy = to(Kind::Copy, "CopyObject", COPY_TIMEOUT).from(&source);
        let manners = Manners {
            copy: if cloner.versions { copy.once() } else { copy },
            head_source: Manner::new(Kind::Head, "HeadObject", &source, TIMEOUT),
            // From where the parts are together on, it ends well or badly, but not half-way.
            head_destination: to(Kind::Head, "HeadObject", TIMEOUT).until_done(),
            look: to(Kind::Head, "HeadObject", TIMEOUT),
            read_tags: Manner::new(Kind::Tagging, "GetObjectTagging", &source, TIMEOUT),
            read_acl: Manner::new(Kind::Acl, "GetObjectAcl", &source, TIMEOUT),
            list_annotations: Manner::new(Kind::Annotation, "ListObjectAnnotations", &source, TIMEOUT),
            write_tags: to(Kind::Tagging, "PutObjectTagging", TIMEOUT).until_done(),
            create: to(Kind::Multipart, "CreateMultipartUpload", TIMEOUT),
            part: to(Kind::PartCopy, "UploadPartCopy", COPY_TIMEOUT).from(&source),
            complete: to(Kind::Multipart, "CompleteMultipartUpload", COMPLETE_TIMEOUT).until_done(),
            mark: to(Kind::Delete, "DeleteObject", TIMEOUT).once(),
            abort: to(Kind::Multipart, "AbortMultipartUpload", TIMEOUT).until_done(),
        };
        Self {
            source,
            destination,
            requester,
            planner,
            map_key: cloner.map_key.clone(),
            dry_run: cloner.dry_run,
            preserve: cloner.preserve,
            threshold: cloner.multipart_threshold,
            part_size: cloner.part_size,
            part_slots: Semaphore::new(cloner.copies_in_flight.min(Semaphore::MAX_PERMITS)),
            manners,
            orphans: Mutex::default(),
        }
    }

    /// Copies one object.
    pub(crate) async fn copy(&self, order: &Order) -> Ended {
        let entry = &order.entry;
        let Some(key) = self.destination_key(&entry.key) else {
            let message = format!("at the destination it has no byte, or more than {}", Key::MAX_BYTES);
            return Ended::Failed(Fault::new(Cause::Permanent, "KeyTooLong", message));
        };
        let place = match self.place(order, &key).await {
            Ok(Some(place)) => place,
            Ok(None) => return Ended::Unchanged,
            Err(fault) => return self.ended(entry, fault, &Conditions::default()).await,
        };
        if self.dry_run {
            return Ended::NotAttempted;
        }
        let conditions = Conditions::of(&place);
        let result = if entry.size > self.threshold {
            // Its future is much larger than the other's, and rare.
            Box::pin(self.copy_in_parts(entry, &key, &conditions)).await
        } else {
            self.copy_whole(entry, &key, &conditions).await
        };
        match result {
            Ok(etag) => Ended::Copied(etag),
            Err(fault) if fault.cause == Cause::Precondition && fault.maybe_done && conditions.are_any() => {
                match self.was_made(entry, &key, &conditions).await {
                    Some(etag) => Ended::Copied(etag),
                    None => self.ended(entry, fault, &conditions).await,
                }
            }
            Err(fault) => self.ended(entry, fault, &conditions).await,
        }
    }

    /// The multipart uploads that are still there.
    pub(crate) fn take_orphans(&self) -> Vec<OrphanedUpload> {
        std::mem::take(&mut *self.orphans.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn orphan(&self, key: &Key, upload_id: Option<String>) {
        let bucket = self.destination.bucket.clone();
        let orphan = OrphanedUpload { bucket, key: key.clone(), upload_id };
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner).push(orphan);
    }

    fn counters(&self) -> &Counters {
        &self.requester.counters
    }

    /// The key with the destination's prefix in place of the source's, if S3 can have such a key.
    pub(super) fn destination_key(&self, key: &Key) -> Option<Key> {
        let within = key.as_str().strip_prefix(self.source.prefix.as_str())?;
        let mapped = self.map_key.as_ref().map(|map| map(within));
        Key::new(format!("{}{}", self.destination.prefix, mapped.as_deref().unwrap_or(within)))
    }

    /// What a fault means to the object: looks at the source if it may have changed.
    async fn ended(&self, entry: &Entry, fault: Fault, conditions: &Conditions) -> Ended {
        match fault.cause {
            Cause::Stopped => return Ended::NotAttempted,
            Cause::Transient | Cause::Permanent => return Ended::Failed(fault),
            Cause::NotFound | Cause::Precondition => {}
        }
        match self.source_gone(entry, &fault).await {
            Some(ended) => ended,
            None if fault.cause == Cause::Precondition && conditions.are_any() => {
                if self.is_there_now(entry).await {
                    return Ended::Unchanged;
                }
                let message = "the destination's object was written or deleted after it had been compared";
                Ended::Failed(Fault::new(Cause::Precondition, "DestinationChanged", message))
            }
            None => Ended::Failed(fault),
        }
    }

    /// What a fault means, if the source is not what was listed any more.
    pub(super) async fn source_gone(&self, entry: &Entry, fault: &Fault) -> Option<Ended> {
        match self.head_source(entry, false).await {
            Ok(head) if head.e_tag() != entry.etag.as_deref() && entry.etag.is_some() => {
                let message = "it was written anew after it had been listed";
                Some(Ended::Changed(Fault::new(Cause::Precondition, "SourceChanged", message)))
            }
            // A missing bucket looks the same, but not to the request that failed.
            Err(gone) if gone.cause == Cause::NotFound && fault.code != "NoSuchBucket" => {
                let message = "it was deleted after it had been listed";
                Some(Ended::Vanished(Fault::new(Cause::NotFound, "SourceVanished", message)))
            }
            Err(gone) if gone.cause == Cause::Stopped => Some(Ended::NotAttempted),
            _ => None,
        }
    }

    /// Looks at the source, as it was listed or as it is.
    async fn head_source(&self, entry: &Entry, as_listed: bool) -> Result<HeadObjectOutput, Fault> {
        let etag = entry.etag.as_deref().filter(|_| as_listed).map(ToOwned::to_owned);
        let request = self
            .source
            .client
            .head_object()
            .bucket(&self.source.bucket)
            .set_expected_bucket_owner(self.source.owner.clone())
            .set_request_payer(self.source.payer.clone())
            .key(entry.key.as_str())
            .set_version_id(entry.version.as_deref().map(ToOwned::to_owned))
            .set_if_match(etag);
        self.requester.send(&self.manners.head_source, || request.clone().send()).await
    }
}
