//! What is known of the key that an object is to have, and what may be done there.

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    primitives::DateTime,
    types::{ChecksumMode, StorageClass},
};

use super::Copier;
use crate::{
    Entry, Key, Location,
    plan::{Order, Place},
    request::{Cause, Fault, Manner},
};

/// The conditions on the destination that go into the request which makes an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// Only if this `ETag` is there.
    pub(super) if_match: Option<String>,
    /// Only if nothing is there.
    pub(super) if_none_match: Option<String>,
}

impl Conditions {
    pub(super) fn of(place: &Place) -> Self {
        match place {
            Place::Any | Place::Unseen => Self::default(),
            Place::Absent => Self { if_match: None, if_none_match: Some("*".to_owned()) },
            Place::Holds(etag) | Place::Doubtful(etag) => {
                Self { if_match: Some(etag.to_string()), if_none_match: None }
            }
        }
    }

    pub(super) fn are_any(&self) -> bool {
        *self != Self::default()
    }
}

impl Copier {
    /// Looks at the destination where the plan could not tell; `None` if the object there is what it should be.
    pub(super) async fn place(&self, order: &Order, key: &Key) -> Result<Option<Place>, Fault> {
        let entry = &order.entry;
        match &order.place {
            Place::Unseen => match self.head_destination(key).await? {
                None => Ok(Some(Place::Absent)),
                Some(held) => match self.planner.judge(entry, entry_of(key, &held)) {
                    Some(Place::Doubtful(etag)) => self.doubtful(entry, key, etag).await,
                    place => Ok(place),
                },
            },
            Place::Doubtful(etag) => self.doubtful(entry, key, etag.clone()).await,
            place => Ok(Some(place.clone())),
        }
    }

    /// Compares the checksums of both sides.
    async fn doubtful(&self, entry: &Entry, key: &Key, etag: Box<str>) -> Result<Option<Place>, Fault> {
        let (source, held) = tokio::try_join!(
            head(self, &self.source, &entry.key, &self.manners.head_source, Some(ChecksumMode::Enabled)),
            head(self, &self.destination, key, &self.manners.look, Some(ChecksumMode::Enabled)),
        )?;
        let same = source.zip(held).is_some_and(|(source, held)| {
            // Only of what was listed: whatever else is there is found out by the copy.
            let are_listed = source.e_tag() == entry.etag() && held.e_tag() == Some(&*etag);
            are_listed && same_checksum(&source, &held)
        });
        Ok((!same).then_some(Place::Holds(etag)))
    }

    /// Looks at the destination; `None` if there is nothing.
    pub(super) async fn head_destination(&self, key: &Key) -> Result<Option<HeadObjectOutput>, Fault> {
        head(self, &self.destination, key, &self.manners.look, None).await
    }

    /// Whether the destination has become what it should be: somebody else copies the same.
    pub(super) async fn is_there_now(&self, entry: &Entry) -> bool {
        let Some(key) = self.destination_key(&entry.key) else { return false };
        let held = self.head_destination(&key).await;
        held.ok().flatten().is_some_and(|held| self.planner.judge(entry, entry_of(&key, &held)).is_none())
    }

    /// Whether a copy whose reply was lost has been made, though its conditions do not hold any more: by itself.
    pub(super) async fn was_made(&self, entry: &Entry, key: &Key, conditions: &Conditions) -> Option<String> {
        let held = self.head_destination(key).await.ok()??;
        let etag = held.e_tag.clone()?;
        let same_size =
            held.content_length().and_then(|length| u64::try_from(length).ok()) == Some(entry.size);
        let is_later = held.last_modified().map(DateTime::secs) >= entry.modified;
        (same_size && is_later && conditions.if_match.as_deref() != Some(&etag)).then_some(etag)
    }
}

async fn head(
    copier: &Copier,
    location: &Location,
    key: &Key,
    manner: &Manner,
    checksums: Option<ChecksumMode>,
) -> Result<Option<HeadObjectOutput>, Fault> {
    let request = location
        .client
        .head_object()
        .bucket(&location.bucket)
        .set_expected_bucket_owner(location.owner.clone())
        .set_request_payer(location.payer.clone())
        .key(key.as_str())
        .set_checksum_mode(checksums);
    match copier.requester.send(manner, || request.clone().send()).await {
        Ok(head) => Ok(Some(head)),
        Err(fault) if fault.cause == Cause::NotFound && fault.code != "NoSuchBucket" => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What a listing would say of what a HEAD tells.
fn entry_of(key: &Key, head: &HeadObjectOutput) -> Entry {
    Entry {
        key: key.clone(),
        size: head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
        etag: head.e_tag().map(Into::into),
        modified: head.last_modified().map(DateTime::secs),
        storage_class: head.storage_class().filter(|class| **class != StorageClass::Standard).cloned(),
        version: None,
    }
}

/// Whether both have a checksum of the same algorithm and over the same bytes, and none that differs.
fn same_checksum(a: &HeadObjectOutput, b: &HeadObjectOutput) -> bool {
    let all = |head: &HeadObjectOutput| {
        [
            head.checksum_crc32.clone(),
            head.checksum_crc32_c.clone(),
            head.checksum_crc64_nvme.clone(),
            head.checksum_sha1.clone(),
            head.checksum_sha256.clone(),
            head.checksum_sha512.clone(),
            head.checksum_md5.clone(),
            head.checksum_xxhash64.clone(),
            head.checksum_xxhash3.clone(),
            head.checksum_xxhash128.clone(),
        ]
    };
    let (one, other) = (all(a), all(b));
    let mut pairs =
        one.iter().zip(&other).filter_map(|(one, other)| one.as_ref().zip(other.as_ref())).peekable();
    pairs.peek().is_some() && a.checksum_type == b.checksum_type && pairs.all(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::ChecksumType;

    use super::*;

    #[test]
    fn checksums_are_compared_by_algorithm_and_type() {
        let head = || HeadObjectOutput::builder().checksum_type(ChecksumType::FullObject);
        let crc = |value: &str| head().checksum_crc32(value).build();
        assert!(same_checksum(&crc("a"), &crc("a")));
        assert!(!same_checksum(&crc("a"), &crc("b")));
        assert!(!same_checksum(&head().build(), &head().build()), "no checksum proves nothing");
        assert!(!same_checksum(&crc("a"), &head().checksum_sha256("a").build()));
        let composite = head().checksum_type(ChecksumType::Composite).checksum_crc32("a").build();
        assert!(!same_checksum(&crc("a"), &composite));
        assert!(!same_checksum(
            &head().checksum_crc32("a").checksum_sha1("x").build(),
            &head().checksum_crc32("a").checksum_sha1("y").build(),
        ));
    }
}
