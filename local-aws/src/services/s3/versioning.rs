//! `PutBucketVersioning` and `GetBucketVersioning`.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        BucketVersioningStatus, GetBucketVersioningInput, GetBucketVersioningOutput, MFADelete,
        PutBucketVersioningInput, PutBucketVersioningOutput,
    },
};

use super::{store::Buckets, versions::Versioning};

/// There are no devices whose codes could be asked for: MFA delete is refused.
pub(crate) fn put(
    buckets: &mut Buckets,
    input: &PutBucketVersioningInput,
) -> S3Result<PutBucketVersioningOutput> {
    let bucket = buckets.get_mut(&input.bucket)?;
    let asked = &input.versioning_configuration;
    if asked.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() == MFADelete::ENABLED) {
        let message = "tidegate-local-aws has no MFA delete";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    bucket.versioning = match asked.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) if bucket.locks => {
            let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be \
                           changed.";
            return Err(S3Error::with_message(S3ErrorCode::InvalidBucketState, message));
        }
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) => {
            let message = "The XML you provided was not well-formed or did not validate against our published \
                           schema";
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
        }
        None => {
            let message = "The Versioning element must be specified";
            return Err(S3Error::with_message(S3ErrorCode::IllegalVersioningConfigurationException, message));
        }
    };
    Ok(PutBucketVersioningOutput {})
}

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetBucketVersioningInput,
) -> S3Result<GetBucketVersioningOutput> {
    let status = match buckets.get(&input.bucket)?.versioning {
        Versioning::Never => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(BucketVersioningStatus::from_static);
    Ok(GetBucketVersioningOutput { mfa_delete: None, status })
}
