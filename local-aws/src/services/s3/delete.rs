//! `DeleteObject` and `DeleteObjects`.

use std::time::SystemTime;

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
        ETagCondition, ObjectIdentifier,
    },
};

use super::{
    condition::check_write,
    event::Change,
    object::Object,
    store::{Buckets, no_such_version},
    version::VersionId,
    versions::{Deleted, Found},
};

/// The most keys of one `DeleteObjects`.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_MAX: usize = 1_000;

/// What is to be deleted.
#[derive(Clone, Copy, Debug)]
struct Target<'a> {
    key: &'a str,
    version: Option<VersionId>,
    condition: Option<&'a ETagCondition>,
    /// Whether it goes although it is retained.
    bypass: bool,
}

/// Also answers what changed, if something did.
pub(crate) fn object(
    buckets: &mut Buckets,
    input: &DeleteObjectInput,
    now: SystemTime,
) -> S3Result<(DeleteObjectOutput, Option<Change>)> {
    let bucket = buckets.get(&input.bucket)?;
    let version = input.version_id.as_deref().map(|id| bucket.read_id(id)).transpose()?;
    let bypass = input.bypass_governance_retention.unwrap_or(false);
    let target = Target { key: &input.key, version, condition: input.if_match.as_ref(), bypass };
    let deleted = delete(buckets, &input.bucket, target, now)?;
    let output = DeleteObjectOutput {
        delete_marker: deleted.is_marker.then_some(true),
        version_id: deleted.version.map(|version| version.to_string()),
        ..Default::default()
    };
    Ok((output, Change::of(deleted, &input.key)))
}

/// Also answers what changed.
pub(crate) fn objects(
    buckets: &mut Buckets,
    input: DeleteObjectsInput,
    now: SystemTime,
) -> S3Result<(DeleteObjectsOutput, Vec<Change>)> {
    buckets.get(&input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > KEYS_MAX {
        let message = "The XML you provided was not well-formed or did not validate against our published \
                       schema";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    }
    let bypass = input.bypass_governance_retention.unwrap_or(false);
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for object in input.delete.objects {
        match entry(buckets, &input.bucket, (&object, bypass), now) {
            Ok(done) => {
                changes.extend(Change::of(done, &object.key));
                if !quiet {
                    deleted.push(tell(done, object));
                }
            }
            Err(error) => errors.push(dto::Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(object.key),
                message: error.message().map(str::to_owned),
                version_id: object.version_id,
            }),
        }
    }
    let output = DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), request_charged: None };
    Ok((output, changes))
}

fn entry(
    buckets: &mut Buckets,
    bucket: &str,
    (object, bypass): (&ObjectIdentifier, bool),
    now: SystemTime,
) -> S3Result<Deleted> {
    // An id that never was is no more malformed here than one that is gone.
    let known = |id: &str| buckets.get(bucket)?.read_id(id).map_err(|_unknown| no_such_version());
    let version = object.version_id.as_deref().map(known).transpose()?;
    let condition = object.e_tag.clone().map(ETagCondition::ETag);
    let target = Target { key: &object.key, version, condition: condition.as_ref(), bypass };
    delete(buckets, bucket, target, now)
}

fn tell(deleted: Deleted, object: ObjectIdentifier) -> DeletedObject {
    DeletedObject {
        delete_marker: deleted.is_marker.then_some(true),
        delete_marker_version_id: deleted
            .version
            .filter(|_| deleted.is_marker)
            .map(|version| version.to_string()),
        key: Some(object.key),
        version_id: object.version_id,
    }
}

/// What is not there is deleted already.
fn delete(buckets: &mut Buckets, name: &str, target: Target<'_>, now: SystemTime) -> S3Result<Deleted> {
    let bucket = buckets.get(name)?;
    let existing = match target.version {
        None => bucket.find(target.key),
        Some(version) => match bucket.find_version(target.key, version) {
            Found::Object(object) => Some(object),
            Found::Marker(_) | Found::Nothing => None,
        },
    };
    check_write(existing, target.condition, None)?;
    if let Some(version) = target.version {
        if let Some(guard) = existing.and_then(Object::guard) {
            guard.lock.check_delete(target.bypass, now)?;
        }
        return Ok(buckets.get_mut(name)?.remove(target.key, version));
    }
    let marker = buckets.marker(name, now)?;
    Ok(buckets.get_mut(name)?.delete(target.key, marker))
}
