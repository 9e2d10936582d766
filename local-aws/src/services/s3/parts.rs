//! `UploadPart`, `UploadPartCopy` and `ListParts`.

use std::{ops, time::SystemTime};

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, CopyPartResult, ListPartsInput, ListPartsOutput, StorageClass, UploadPartCopyInput,
        UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};

use super::{
    bucket::owner,
    checksum::{Claims, claims, tell_checksum},
    content::Content,
    get::signed,
    guard::tell_encryption,
    list::page_size,
    put::Uploaded,
    source::{self, source_conditions},
    store::Buckets,
    upload::Part,
};

/// The most parts of an upload.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const PARTS_MAX: i32 = 10_000;

/// The claims of a part.
pub(crate) fn claims_of(input: &UploadPartInput) -> Claims {
    claims!(input)
}

pub(crate) fn upload(
    buckets: &mut Buckets,
    input: &UploadPartInput,
    uploaded: Uploaded,
    now: SystemTime,
) -> S3Result<UploadPartOutput> {
    check_number(input.part_number)?;
    let seal = buckets.next_seal();
    let upload = buckets.get_mut(&input.bucket)?.upload_mut(&input.key, &input.upload_id)?;
    if let (Some(expected), Some(came)) = (upload.algorithm, uploaded.algorithm)
        && expected != came
    {
        let message = format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            expected.name().to_lowercase(),
            came.name().to_lowercase()
        );
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    let algorithm = upload.algorithm.or(uploaded.algorithm).unwrap_or_default();
    let mut part = Part::new(Content::bytes(uploaded.bytes), algorithm, now);
    upload.seal(&mut part, seal);
    let mut output = UploadPartOutput { e_tag: Some(part.etag.into()), ..Default::default() };
    tell_encryption!(output, upload.extra.guard.as_deref());
    let _kind = tell_checksum!(output, part.checksum.as_ref());
    upload.parts.insert(input.part_number, part);
    Ok(output)
}

pub(crate) fn copy(
    buckets: &mut Buckets,
    input: &UploadPartCopyInput,
    now: SystemTime,
) -> S3Result<UploadPartCopyOutput> {
    check_number(input.part_number)?;
    let seal = buckets.next_seal();
    let algorithm = buckets.get(&input.bucket)?.upload(&input.key, &input.upload_id)?.algorithm;
    let source = source::find(buckets, &input.copy_source, &source_conditions!(input))?;
    let len = source.object.content.len();
    let range = match input.copy_source_range.as_deref() {
        None => 0..len,
        Some(range) => range_of(range, len)?,
    };
    source::check_len(range.end - range.start)?;
    let mut part = Part::new(source.object.content.slice(range), algorithm.unwrap_or_default(), now);
    let copy_source_version_id = source.told;
    let upload = buckets.get_mut(&input.bucket)?.upload_mut(&input.key, &input.upload_id)?;
    upload.seal(&mut part, seal);
    let mut result = CopyPartResult {
        e_tag: Some(part.etag.into()),
        last_modified: Some(part.modified.into()),
        ..Default::default()
    };
    let _kind = tell_checksum!(result, part.checksum.as_ref());
    let mut output = UploadPartCopyOutput { copy_source_version_id, ..Default::default() };
    tell_encryption!(output, upload.extra.guard.as_deref());
    upload.parts.insert(input.part_number, part);
    output.copy_part_result = Some(result);
    Ok(output)
}

pub(crate) fn list(buckets: &Buckets, input: &ListPartsInput) -> S3Result<ListPartsOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let upload = bucket.upload(&input.key, &input.upload_id)?;
    let (max, max_parts) = page_size(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or_default();
    let mut after = upload.parts.range(marker.saturating_add(1)..);
    let parts: Vec<dto::Part> = after
        .by_ref()
        .take(max)
        .map(|(number, part)| {
            let mut told = dto::Part {
                e_tag: Some(part.etag.into()),
                last_modified: Some(part.modified.into()),
                part_number: Some(*number),
                size: Some(signed(part.content.len())),
                ..Default::default()
            };
            // S3 keeps a checksum of every part, and tells it if the upload named an algorithm.
            let _kind = tell_checksum!(told, part.checksum.as_ref().filter(|_| upload.algorithm.is_some()));
            told
        })
        .collect();
    let truncated = after.next().is_some();
    Ok(ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        checksum_algorithm: upload.algorithm.map(super::checksum::Algorithm::dto),
        checksum_type: upload.algorithm.map(|_| upload.kind.dto()),
        initiator: Some(dto::Initiator { id: owner(&bucket.owner).id, ..Default::default() }),
        owner: Some(owner(&bucket.owner)),
        is_truncated: Some(truncated),
        max_parts: Some(max_parts),
        part_number_marker: Some(marker),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        parts: Some(parts),
        storage_class: Some(StorageClass::from_static(upload.class.name())),
        ..Default::default()
    })
}

fn check_number(number: i32) -> S3Result<()> {
    if (1..=PARTS_MAX).contains(&number) {
        return Ok(());
    }
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message))
}

/// `bytes=first-last`, both there and within the source.
fn range_of(range: &str, len: u64) -> S3Result<ops::Range<u64>> {
    let ends = range.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    let ends = ends.and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let Some((first, last)) = ends.filter(|(first, last)| first <= last) else {
        let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
                       and last are the zero-based offsets of the first and last bytes to copy";
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    };
    if first >= len {
        let message = "The specified copy range is invalid for the source object size";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    if last >= len {
        let message = format!("Range specified is not valid for source object of size: {len}");
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    }
    Ok(first..last + 1)
}

/// Digits only: no sign.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_copies() {
        assert_eq!(range_of("bytes=0-0", 1).unwrap(), 0..1);
        assert_eq!(range_of("bytes=3-9", 10).unwrap(), 3..10);
        for wrong in ["bytes=0-10", "bytes=-5", "bytes=5-", "bytes=6-5", "0-1", "bytes=+1-2", "bytes=0-1,3-4"]
        {
            assert!(range_of(wrong, 10).is_err(), "{wrong}");
        }
    }
}
