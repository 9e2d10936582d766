//! `CopyObject`.

use std::time::SystemTime;

use http::{HeaderMap, header};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, MetadataDirective, StorageClass,
        TaggingDirective,
    },
};

use super::{
    checksum::{Algorithm, Checksum, tell_checksum},
    class::Class,
    condition::{check_write, condition_in},
    guard::{guard_of, tell_encryption},
    headers::headers_of,
    object::{Extra, Object},
    source::{self, source_conditions},
    store::Buckets,
    tags,
};

pub(crate) fn object(
    buckets: &mut Buckets,
    input: &CopyObjectInput,
    headers: &HeaderMap,
    now: SystemTime,
) -> S3Result<CopyObjectOutput> {
    let found = buckets.get(&input.bucket)?.find(&input.key);
    let matches = condition_in(headers, &header::IF_MATCH)?;
    let none_match = condition_in(headers, &header::IF_NONE_MATCH)?;
    let new_headers =
        directive("metadata", input.metadata_directive.as_ref().map(MetadataDirective::as_str))?;
    let new_tags = directive("tagging", input.tagging_directive.as_ref().map(TaggingDirective::as_str))?;
    let source = source::find(buckets, &input.copy_source, &source_conditions!(input))?;
    let copy_source_version_id = source.told;
    let source = source.object;
    source::check_len(source.content.len())?;
    check_changes_something(input, new_headers)?;
    check_write(found, matches.as_ref(), none_match.as_ref())?;

    let of_source = source.extra();
    let kept = of_source.checksum.as_ref().map(|checksum| checksum.algorithm);
    let algorithm = Algorithm::of(input.checksum_algorithm.as_ref())?.or(kept).unwrap_or_default();
    let mut headers = if new_headers { headers_of!(input) } else { of_source.headers };
    headers.website_redirect.clone_from(&input.website_redirect_location);
    let tags = if new_tags { tags::of_header(input.tagging.as_deref())? } else { of_source.tags };
    // A copy is in one part, however its source was uploaded; so its checksum is of all its bytes.
    let checksum = match of_source.checksum {
        Some(known) if of_source.layout.is_none() && known.algorithm == algorithm => Some(known),
        _ => Checksum::of(&source.content, algorithm),
    };
    let class = Class::of(input.storage_class.as_ref().map(StorageClass::as_str))?;
    let mut copy = Object { class, ..Object::new(source.content.clone(), now) };
    let guard = guard_of!(input, buckets.get(&input.bucket)?, now).boxed();
    copy = copy.with(Extra { headers, tags, checksum, layout: None, guard });
    buckets.seal(&mut copy);

    let mut result = CopyObjectResult {
        e_tag: Some(copy.etag.into()),
        last_modified: Some(copy.modified.into()),
        ..Default::default()
    };
    result.checksum_type = tell_checksum!(result, copy.checksum());
    let version = buckets.put(&input.bucket, &input.key, copy)?;
    let mut output = CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id,
        version_id: buckets.get(&input.bucket)?.told(version),
        ..Default::default()
    };
    tell_encryption!(output, buckets.get(&input.bucket)?.object(&input.key)?.guard());
    Ok(output)
}

/// Whether a directive says to replace.
fn directive(name: &str, value: Option<&str>) -> S3Result<bool> {
    match value {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => {
            let message = format!("Unknown {name} directive.");
            Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message))
        }
    }
}

fn check_changes_something(input: &CopyObjectInput, new_headers: bool) -> S3Result<()> {
    let (bucket, key, version) = source::name(&input.copy_source)?;
    // An older version is brought back by copying it onto its key.
    let onto_itself = (bucket, key, version) == (&*input.bucket, &*input.key, None);
    let changes = new_headers
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some();
    if !onto_itself || changes {
        return Ok(());
    }
    let message = "This copy request is illegal because it is trying to copy an object to itself without \
                   changing the object's metadata, storage class, website redirect location or encryption \
                   attributes.";
    Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message))
}
