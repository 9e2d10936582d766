//! `DeleteObject` and `DeleteObjects`.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
        ETagCondition,
    },
};

use super::{condition::check_write, store::Buckets};

/// The most keys of one `DeleteObjects`.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_MAX: usize = 1_000;

pub(crate) fn object(buckets: &mut Buckets, input: &DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
    delete(buckets, &input.bucket, &input.key, input.if_match.as_ref())?;
    Ok(DeleteObjectOutput::default())
}

pub(crate) fn objects(buckets: &mut Buckets, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
    buckets.get(&input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > KEYS_MAX {
        let message = "The XML you provided was not well-formed or did not validate against our published \
                       schema";
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let condition = object.e_tag.map(ETagCondition::ETag);
        match delete(buckets, &input.bucket, &object.key, condition.as_ref()) {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..Default::default() }),
            Err(error) => errors.push(dto::Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(object.key),
                message: error.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    Ok(DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), request_charged: None })
}

/// What is not there is deleted already.
fn delete(buckets: &mut Buckets, bucket: &str, key: &str, condition: Option<&ETagCondition>) -> S3Result<()> {
    let bucket = buckets.get_mut(bucket)?;
    check_write(bucket.find(key), condition, None)?;
    bucket.objects.remove(key.as_bytes());
    Ok(())
}
