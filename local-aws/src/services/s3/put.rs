//! `PutObject`, and the body of every upload.

use std::time::SystemTime;

use aws_smithy_types::base64;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use md5::{Digest as _, Md5};
use s3s::{
    S3Error, S3ErrorCode, S3Result, TrailingHeaders,
    dto::{PutObjectInput, PutObjectOutput, StreamingBlob},
};

use super::{
    checksum::{Algorithm, Checksum, Claims, claims, tell_checksum},
    class::Class,
    condition::check_write,
    content::Content,
    guard::{guard_of, tell_encryption},
    headers::headers_of,
    object::{Extra, Object},
    store::Buckets,
    tags,
    version::VersionId,
};

/// The most bytes of one upload: 5 GiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>.
pub(crate) const UPLOAD_MAX: u64 = 5 << 30;

/// A body that has arrived, and is what the request says it is.
#[derive(Debug)]
pub(crate) struct Uploaded {
    pub(crate) bytes: Bytes,
    /// The algorithm of the checksum that came with it.
    pub(crate) algorithm: Option<Algorithm>,
}

/// Takes a body, and checks it.
///
/// # Errors
/// `InvalidDigest`, `BadDigest`, `EntityTooLarge`; `IncompleteBody` if it breaks off.
pub(crate) async fn receive(
    body: Option<StreamingBlob>,
    md5: Option<&str>,
    mut claims: Claims,
    trailer: Option<TrailingHeaders>,
) -> S3Result<Uploaded> {
    let bytes = collect(body).await?;
    if bytes.len() as u64 > UPLOAD_MAX {
        let message = "Your proposed upload exceeds the maximum allowed size";
        return Err(S3Error::with_message(S3ErrorCode::EntityTooLarge, message));
    }
    if let Some(trailer) = trailer.and_then(|trailer| trailer.take()) {
        claims.add_trailer(&trailer);
    }
    claims.check(&bytes)?;
    if let Some(md5) = md5 {
        check_md5(&bytes, md5)?;
    }
    Ok(Uploaded { bytes, algorithm: claims.algorithm() })
}

pub(crate) fn object(
    buckets: &mut Buckets,
    input: &PutObjectInput,
    uploaded: Uploaded,
    now: SystemTime,
) -> S3Result<PutObjectOutput> {
    let existing = buckets.get(&input.bucket)?.find(&input.key);
    check_write(existing, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let named = Algorithm::of(input.checksum_algorithm.as_ref())?;
    let algorithm = uploaded.algorithm.or(named).unwrap_or_default();
    let class = Class::of(input.storage_class.as_ref().map(s3s::dto::StorageClass::as_str))?;
    let guard = guard_of!(input, buckets.get(&input.bucket)?, now);
    let content = Content::bytes(uploaded.bytes);
    let extra = Extra {
        headers: headers_of!(input),
        tags: tags::of_header(input.tagging.as_deref())?,
        checksum: Checksum::of(&content, algorithm),
        layout: None,
        guard: guard.boxed(),
    };
    let mut output = PutObjectOutput::default();
    output.checksum_type = tell_checksum!(output, extra.checksum.as_ref());
    tell_encryption!(output, extra.guard.as_deref());
    let mut object = Object { class, ..Object::new(content, now) }.with(extra);
    buckets.seal(&mut object);
    output.e_tag = Some(object.etag.into());
    let version = buckets.put(&input.bucket, &input.key, object)?;
    // A null version goes without saying here.
    output.version_id = (version != VersionId::NULL).then(|| version.to_string());
    Ok(output)
}

/// The claims of a put.
pub(crate) fn claims_of(input: &PutObjectInput) -> Claims {
    claims!(input)
}

async fn collect(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(mut body) = body else { return Ok(Bytes::new()) };
    let broken = |source| {
        let mut error = S3Error::with_source(S3ErrorCode::IncompleteBody, source);
        error.set_message("The request body terminated unexpectedly");
        error
    };
    let first = body.try_next().await.map_err(broken)?.unwrap_or_default();
    let Some(second) = body.try_next().await.map_err(broken)? else { return Ok(first) };
    let mut bytes = BytesMut::from(first);
    bytes.extend_from_slice(&second);
    while let Some(chunk) = body.try_next().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn check_md5(bytes: &Bytes, claimed: &str) -> S3Result<()> {
    let Some(claimed) = base64::decode(claimed).ok().filter(|claimed| claimed.len() == 16) else {
        let message = "The Content-MD5 you specified was invalid.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidDigest, message));
    };
    if Md5::digest(bytes).as_slice() != claimed {
        let message = "The Content-MD5 you specified did not match what we received.";
        return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
    }
    Ok(())
}
