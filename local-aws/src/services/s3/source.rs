//! The source of a copy.

use s3s::{S3Error, S3ErrorCode, S3Result, dto::CopySource};

use super::{condition::Conditions, object::Object, store::Buckets};

/// The most bytes of one copy: 5 GiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
const COPY_MAX: u64 = 5_368_709_120;

/// What is to be copied.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) object: &'a Object,
    /// Its version, as the reply tells it.
    pub(crate) told: Option<String>,
}

/// The object that is to be copied, if its conditions hold.
///
/// # Errors
/// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`, `PreconditionFailed`, `InvalidObjectState`;
/// `InvalidArgument` for a source that is no bucket and key, `InvalidRequest` for one that is a delete marker.
pub(crate) fn find<'a>(
    buckets: &'a Buckets,
    source: &CopySource,
    conditions: &Conditions,
) -> S3Result<Source<'a>> {
    let (bucket, key, version) = name(source)?;
    let bucket = buckets.get(bucket)?;
    let object = bucket.version(key, version).map_err(|error| match error.code() {
        S3ErrorCode::MethodNotAllowed => {
            let message =
                "The source of a copy request may not specifically refer to a delete marker by version id.";
            S3Error::with_message(S3ErrorCode::InvalidRequest, message)
        }
        _ => error,
    })?;
    conditions.check_source(object)?;
    if object.class.is_archived() {
        let message = "Operation is not valid for the source object's storage class";
        return Err(S3Error::with_message(S3ErrorCode::InvalidObjectState, message));
    }
    Ok(Source { object, told: bucket.told(object.version) })
}

/// The bucket, the key and the version of a source.
pub(crate) fn name(source: &CopySource) -> S3Result<(&str, &str, Option<&str>)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } if !key.is_empty() => {
            Ok((bucket, key, version_id.as_deref()))
        }
        _ => Err(malformed()),
    }
}

/// What a source is answered that cannot be read.
pub(crate) fn malformed() -> S3Error {
    let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    S3Error::with_message(S3ErrorCode::InvalidArgument, message)
}

/// Refuses to copy too much at once.
///
/// # Errors
/// `InvalidRequest`.
pub(crate) fn check_len(len: u64) -> S3Result<()> {
    if len <= COPY_MAX {
        return Ok(());
    }
    let message = format!(
        "The specified copy source is larger than the maximum allowable size for a copy source: {COPY_MAX}"
    );
    Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message))
}

/// The conditions on the source of a copy.
macro_rules! source_conditions {
    ($input:expr) => {
        $crate::services::s3::condition::Conditions {
            matches: $input.copy_source_if_match.clone(),
            none_match: $input.copy_source_if_none_match.clone(),
            modified_since: $input.copy_source_if_modified_since.clone(),
            unmodified_since: $input.copy_source_if_unmodified_since.clone(),
        }
    };
}

pub(crate) use source_conditions;
