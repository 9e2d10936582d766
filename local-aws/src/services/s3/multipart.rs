//! `CreateMultipartUpload`, `CompleteMultipartUpload` and `AbortMultipartUpload`.

use std::{collections::BTreeMap, time::SystemTime};

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, StorageClass,
    },
};

use super::{
    checksum::{Algorithm, Checksum, Kind, claims, tell_checksum},
    class::Class,
    condition::check_write,
    content::Content,
    guard::{guard_of, tell_encryption},
    headers::headers_of,
    object::{EntityTag, Extra, Key, Layout, LayoutPart, Object, Seconds},
    store::{Buckets, no_such_upload, upload_key},
    tags,
    upload::{Completed, Part, Upload},
    version::VersionId,
};

/// The least bytes of a part that is not the last: 5 MiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const PART_MIN: u64 = 5 << 20;

pub(crate) fn create(
    buckets: &mut Buckets,
    input: CreateMultipartUploadInput,
    now: SystemTime,
) -> S3Result<CreateMultipartUploadOutput> {
    buckets.get(&input.bucket)?;
    let algorithm = Algorithm::of(input.checksum_algorithm.as_ref())?;
    let upload = Upload {
        begun: Seconds::of(now),
        class: Class::of(input.storage_class.as_ref().map(StorageClass::as_str))?,
        extra: Extra {
            headers: headers_of!(input),
            tags: tags::of_header(input.tagging.as_deref())?,
            checksum: None,
            layout: None,
            guard: guard_of!(input, buckets.get(&input.bucket)?, now).boxed(),
        },
        algorithm,
        kind: kind(algorithm, input.checksum_type.as_ref())?,
        parts: BTreeMap::new(),
    };
    let id = buckets.next_upload_id();
    let mut output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id.clone()),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: algorithm.map(|_| upload.kind.dto()),
        ..Default::default()
    };
    tell_encryption!(output, upload.extra.guard.as_deref());
    buckets.get_mut(&input.bucket)?.uploads.insert((Key::from(input.key), id), upload);
    Ok(output)
}

/// CRC64NVME can only be of the whole object, the cryptographic ones only of the parts.
fn kind(algorithm: Option<Algorithm>, named: Option<&dto::ChecksumType>) -> S3Result<Kind> {
    let named = match named.map(dto::ChecksumType::as_str) {
        Some(dto::ChecksumType::FULL_OBJECT) => Some(Kind::FullObject),
        Some(_) => Some(Kind::Composite),
        None => None,
    };
    match (algorithm.unwrap_or_default(), named) {
        (Algorithm::Crc64Nvme, Some(Kind::Composite))
        | (Algorithm::Sha1 | Algorithm::Sha256, Some(Kind::FullObject)) => {
            let message = "The checksum type cannot be used with the checksum algorithm.";
            Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message))
        }
        (Algorithm::Crc64Nvme, _) => Ok(Kind::FullObject),
        (_, named) => Ok(named.unwrap_or(Kind::Composite)),
    }
}

pub(crate) fn abort(
    buckets: &mut Buckets,
    input: &AbortMultipartUploadInput,
) -> S3Result<AbortMultipartUploadOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    let removed = bucket.uploads.remove(&upload_key(&input.key, &input.upload_id));
    removed.map(|_| AbortMultipartUploadOutput::default()).ok_or_else(no_such_upload)
}

pub(crate) fn complete(
    buckets: &mut Buckets,
    input: &CompleteMultipartUploadInput,
    now: SystemTime,
) -> S3Result<CompleteMultipartUploadOutput> {
    let bucket = buckets.get(&input.bucket)?;
    let upload_key = upload_key(&input.key, &input.upload_id);
    if let Some(completed) = bucket.completed.get(&upload_key) {
        return Ok(output(input, *completed));
    }
    let upload = bucket.upload(&input.key, &input.upload_id)?;
    let named = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
    let parts = choose(upload, named.unwrap_or_default())?;
    check_write(bucket.find(&input.key), input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let object = assemble(upload, &parts, now);
    if input.mpu_object_size.is_some_and(|size| u64::try_from(size) != Ok(object.content.len())) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was uploaded.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    if object.checksum().is_some() && !claims!(input).agree(object.checksum()) {
        let message = "The checksum you specified did not match the calculated checksum.";
        return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
    }
    let (etag, checksum) = (object.etag, object.checksum().cloned());
    let guard = object.extra().guard;
    let completed = Completed { etag, version: buckets.put(&input.bucket, &input.key, object)? };
    let bucket = buckets.get_mut(&input.bucket)?;
    bucket.uploads.remove(&upload_key);
    bucket.completed.insert(upload_key, completed);
    let mut output = output(input, completed);
    output.checksum_type = tell_checksum!(output, checksum.as_ref());
    tell_encryption!(output, guard.as_deref());
    Ok(output)
}

fn output(input: &CompleteMultipartUploadInput, completed: Completed) -> CompleteMultipartUploadOutput {
    CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        e_tag: Some(completed.etag.into()),
        version_id: (completed.version != VersionId::NULL).then(|| completed.version.to_string()),
        ..Default::default()
    }
}

/// The parts that are named, if they are there, in order, and large enough.
fn choose<'a>(upload: &'a Upload, named: &[CompletedPart]) -> S3Result<Vec<(i32, &'a Part)>> {
    if named.is_empty() {
        let message = "You must specify at least one part";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    }
    if !named.is_sorted_by(|a, b| a.part_number < b.part_number) {
        let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidPartOrder, message));
    }
    let mut parts = Vec::with_capacity(named.len());
    for name in named {
        let number = name.part_number.unwrap_or_default();
        let part = upload.parts.get(&number).filter(|part| {
            name.e_tag.as_ref().is_some_and(|etag| part.etag.is(etag))
                && (part.checksum.is_none() || claims!(name).agree(part.checksum.as_ref()))
        });
        let message = "One or more of the specified parts could not be found. The part may not have been \
                       uploaded, or the specified entity tag may not match the part's entity tag.";
        let part = part.ok_or_else(|| S3Error::with_message(S3ErrorCode::InvalidPart, message))?;
        parts.push((number, part));
    }
    let others = parts.split_last().map_or(&[][..], |(_last, others)| others);
    if others.iter().any(|(_, part)| part.content.len() < PART_MIN) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(S3Error::with_message(S3ErrorCode::EntityTooSmall, message));
    }
    Ok(parts)
}

fn assemble(upload: &Upload, parts: &[(i32, &Part)], now: SystemTime) -> Object {
    let content = Content::join(parts.iter().map(|(_, part)| part.content.clone()));
    let sums: Vec<&Checksum> = parts.iter().filter_map(|(_, part)| part.checksum.as_ref()).collect();
    let algorithm = upload.algorithm.unwrap_or_default();
    let checksum = match upload.kind {
        Kind::FullObject => Checksum::of(&content, algorithm),
        // A synthetic part has no checksum, and so the object has none.
        Kind::Composite if sums.len() < parts.len() => None,
        Kind::Composite => Checksum::composite(algorithm, sums),
    };
    let layout = parts.iter().map(|(number, part)| LayoutPart {
        number: *number,
        size: part.content.len(),
        checksum: part.checksum.clone(),
    });
    let layout = Layout { parts: layout.collect(), told: upload.algorithm.is_some() };
    let extra = Extra { checksum, layout: Some(layout), ..upload.extra.clone() };
    let object = Object {
        etag: EntityTag::multipart(parts.iter().map(|(_, part)| part.etag)),
        content,
        version: VersionId::NULL,
        modified: Seconds::of(now),
        class: upload.class,
        extra: None,
    };
    object.with(extra)
}
