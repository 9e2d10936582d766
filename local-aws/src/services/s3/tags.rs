//! Tags: `GetObjectTagging`, `PutObjectTagging`, `DeleteObjectTagging`, and the header of other operations.

use std::collections::BTreeSet;

use http::StatusCode;
use percent_encoding::percent_decode_str;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
};

use super::store::Buckets;

/// How many tags an object may have, and how many characters their keys and values.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>.
const TAGS_MAX: usize = 10;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

pub(crate) fn get(buckets: &Buckets, input: &GetObjectTaggingInput) -> S3Result<GetObjectTaggingOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let id = input.version_id.as_deref();
    // Unlike other reads, this one is refused by a current delete marker too.
    if let Some(marker) = bucket.marker(&input.key).filter(|_| id.is_none()) {
        return Err(marker.not_allowed());
    }
    let object = bucket.version(&input.key, id)?;
    let tag = |(key, value): &(String, String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    let tag_set = object.tags().iter().map(tag).collect();
    Ok(GetObjectTaggingOutput { tag_set, version_id: bucket.told(object.version) })
}

pub(crate) fn put(buckets: &mut Buckets, input: PutObjectTaggingInput) -> S3Result<PutObjectTaggingOutput> {
    let tags = input.tagging.tag_set.into_iter();
    let tags =
        tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect::<Vec<_>>();
    check(&tags)?;
    let version_id = set(buckets, (&input.bucket, &input.key, input.version_id.as_deref()), tags)?;
    Ok(PutObjectTaggingOutput { version_id })
}

pub(crate) fn delete(
    buckets: &mut Buckets,
    input: &DeleteObjectTaggingInput,
) -> S3Result<DeleteObjectTaggingOutput> {
    let version_id = set(buckets, (&input.bucket, &input.key, input.version_id.as_deref()), Vec::new())?;
    Ok(DeleteObjectTaggingOutput { version_id })
}

/// Sets the tags of a bucket's key's version, and answers the version.
fn set(
    buckets: &mut Buckets,
    (bucket, key, id): (&str, &str, Option<&str>),
    tags: Vec<(String, String)>,
) -> S3Result<Option<String>> {
    let bucket = buckets.get_mut(bucket)?;
    let object = bucket.version_mut(key, id)?;
    if !tags.is_empty() || object.extra.is_some() {
        object.extra.get_or_insert_default().tags = tags;
    }
    let version = object.version;
    Ok(bucket.told(version))
}

/// The tags of `x-amz-tagging`: a query string.
///
/// # Errors
/// `InvalidArgument` if it is none; `InvalidTag` or `BadRequest` if S3 does not take such tags.
pub(crate) fn of_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let pairs = header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let tags = pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect::<Option<Vec<_>>>();
    let message = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
                   without tag name duplicates.";
    let malformed = || S3Error::with_message(S3ErrorCode::InvalidArgument, message);
    let tags = tags.ok_or_else(malformed)?;
    check(&tags)?;
    Ok(tags)
}

fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

fn check(tags: &[(String, String)]) -> S3Result<()> {
    if tags.len() > TAGS_MAX {
        let message = "Object tags cannot be greater than 10";
        let mut error = S3Error::with_message(S3ErrorCode::Custom("BadRequest".into()), message);
        error.set_status_code(StatusCode::BAD_REQUEST);
        return Err(error);
    }
    let invalid = |message| Err(S3Error::with_message(S3ErrorCode::InvalidTag, message));
    let mut seen = BTreeSet::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > KEY_MAX {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > VALUE_MAX {
            return invalid("The TagValue you have provided is invalid");
        }
        if !seen.insert(key) {
            return invalid("Cannot provide multiple Tags with the same key");
        }
    }
    Ok(())
}
