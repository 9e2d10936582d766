//! `GetObject` and `HeadObject`.

use std::ops;

use http::StatusCode;
use s3s::{
    S3Error, S3ErrorCode, S3Response, S3Result,
    dto::{
        ChecksumMode, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range,
        StorageClass, StreamingBlob,
    },
};

use super::{
    checksum::{Checksum, tell_checksum},
    condition::Conditions,
    guard::{tell_encryption, tell_lock},
    headers::tell_headers,
    object::Object,
    reader::Reader,
    store::Buckets,
};

/// The part of an object that is asked for.
struct Selection {
    range: ops::Range<u64>,
    content_range: Option<String>,
    checksum: Option<Checksum>,
    /// Told only to those who ask for a part.
    parts_count: Option<i32>,
}

pub(crate) fn object(buckets: &Buckets, input: GetObjectInput) -> S3Result<GetObjectOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let object = bucket.version(&input.key, input.version_id.as_deref())?;
    conditions!(input).check(object)?;
    if object.class.is_archived() {
        let message = "The operation is not valid for the object's storage class";
        return Err(S3Error::with_message(S3ErrorCode::InvalidObjectState, message));
    }
    let selection = select(object, input.range, input.part_number)?;
    let content = object.content.slice(selection.range.clone());
    let mut output = describe!(GetObjectOutput, object, &selection, input.checksum_mode);
    output.version_id = bucket.told(object.version);
    output.body = Some(StreamingBlob::new(Reader::new(content)));
    output.tag_count = count(object.tags().len()).filter(|tags| *tags > 0);
    output.cache_control = input.response_cache_control.or(output.cache_control);
    output.content_disposition = input.response_content_disposition.or(output.content_disposition);
    output.content_encoding = input.response_content_encoding.or(output.content_encoding);
    output.content_language = input.response_content_language.or(output.content_language);
    output.content_type = input.response_content_type.or(output.content_type);
    output.expires = input.response_expires.or(output.expires);
    Ok(output)
}

pub(crate) fn head(buckets: &Buckets, input: HeadObjectInput) -> S3Result<S3Response<HeadObjectOutput>> {
    let bucket = buckets.get(&input.bucket)?;
    let object = bucket.version(&input.key, input.version_id.as_deref())?;
    conditions!(input).check(object)?;
    let selection = select(object, input.range, input.part_number)?;
    let partial = selection.content_range.is_some();
    let mut output = describe!(HeadObjectOutput, object, &selection, input.checksum_mode);
    output.version_id = bucket.told(object.version);
    let status = if partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    Ok(S3Response::with_status(output, status))
}

fn select(object: &Object, range: Option<Range>, part: Option<i32>) -> S3Result<Selection> {
    let len = object.content.len();
    let (range, checksum) = match (range, part) {
        (Some(_), Some(_)) => {
            let message = "Cannot specify both Range header and partNumber query parameter";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        (None, None) => {
            let checksum = object.checksum().cloned();
            return Ok(Selection { range: 0..len, content_range: None, checksum, parts_count: None });
        }
        // The checksum is of the whole object.
        (Some(range), None) => (range.check(len)?, None),
        (None, Some(part)) => part_of(object, part)?,
    };
    // An empty object has no range to name.
    let last = range.end.saturating_sub(1);
    let content_range = (len > 0).then(|| format!("bytes {}-{last}/{len}", range.start));
    let layout = part.and_then(|_| object.layout());
    let parts_count = layout.and_then(|layout| count(layout.parts.len()));
    Ok(Selection { range, content_range, checksum, parts_count })
}

fn part_of(object: &Object, number: i32) -> S3Result<(ops::Range<u64>, Option<Checksum>)> {
    let Some(layout) = object.layout() else {
        let whole = (0..object.content.len(), object.checksum().cloned());
        return if number == 1 { Ok(whole) } else { Err(no_such_part()) };
    };
    let mut start = 0;
    for (at, part) in (1..).zip(&layout.parts) {
        if at == number {
            return Ok((start..start + part.size, part.checksum.clone()));
        }
        start += part.size;
    }
    Err(no_such_part())
}

fn no_such_part() -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("InvalidPartNumber".into()),
        "The requested partnumber is not satisfiable",
    );
    error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
    error
}

fn count(len: usize) -> Option<i32> {
    i32::try_from(len).ok()
}

/// A length as the protocol has it.
pub(crate) fn signed(len: u64) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The conditions of a request that reads.
macro_rules! conditions {
    ($input:expr) => {
        Conditions {
            matches: $input.if_match.clone(),
            none_match: $input.if_none_match.clone(),
            modified_since: $input.if_modified_since.clone(),
            unmodified_since: $input.if_unmodified_since.clone(),
        }
    };
}

/// What GET and HEAD tell alike.
macro_rules! describe {
    ($output:ident, $object:expr, $selection:expr, $mode:expr) => {{
        let (object, selection): (&Object, &Selection) = ($object, $selection);
        let range = &selection.range;
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(signed(range.end - range.start)),
            content_range: selection.content_range.clone(),
            e_tag: Some(object.etag.into()),
            last_modified: Some(object.modified.into()),
            parts_count: selection.parts_count,
            storage_class: object.class.header().map(StorageClass::from),
            ..Default::default()
        };
        tell_headers!(output, object.extra().headers);
        tell_encryption!(output, object.guard());
        tell_lock!(output, object.guard());
        if $mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED) {
            output.checksum_type = tell_checksum!(output, selection.checksum.as_ref());
        }
        output
    }};
}

use {conditions, describe};
