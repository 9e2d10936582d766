//! [`Kms`]: the key that an object is said to be encrypted with. Nothing is encrypted.

use s3s::{S3Error, S3ErrorCode, S3Result, dto::ServerSideEncryption};

use super::store::Bucket;

/// A key of KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kms {
    /// Whether it encrypts twice.
    pub(crate) dual: bool,
    /// Its ARN.
    pub(crate) key: String,
    pub(crate) bucket_key: bool,
}

/// What a request says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) encryption: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) bucket_key: bool,
    pub(crate) customer: bool,
}

impl Kms {
    /// The key that a request asks for, if it does.
    ///
    /// # Errors
    /// `InvalidArgument`; `NotImplemented` for keys that the customer brings.
    pub(crate) fn of(asked: Asked<'_>, bucket: &Bucket) -> S3Result<Option<Self>> {
        if asked.customer {
            let message = "tidegate-local-aws has no encryption with keys that come with a request";
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
        }
        let dual = match asked.encryption {
            Some(ServerSideEncryption::AWS_KMS) => false,
            Some(ServerSideEncryption::AWS_KMS_DSSE) => true,
            None | Some(ServerSideEncryption::AES256) if asked.key.is_some() => {
                let message = "Server Side Encryption with AWS KMS managed key requires HTTP header \
                               x-amz-server-side-encryption : aws:kms";
                return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
            }
            None | Some(ServerSideEncryption::AES256) => return Ok(None),
            Some(_) => {
                let message = "The encryption method specified is not supported";
                return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
            }
        };
        let key = match asked.key {
            Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
            key => {
                let (region, account) = (&bucket.region, &bucket.owner);
                let key = key.unwrap_or("alias/aws/s3");
                let kind = if key.starts_with("alias/") { "" } else { "key/" };
                format!("arn:aws:kms:{region}:{account}:{kind}{key}")
            }
        };
        Ok(Some(Self { dual, key, bucket_key: asked.bucket_key }))
    }
}

/// The encryption as replies name it.
pub(crate) fn name(kms: Option<&Kms>) -> &'static str {
    match kms {
        None => ServerSideEncryption::AES256,
        Some(Kms { dual: false, .. }) => ServerSideEncryption::AWS_KMS,
        Some(Kms { dual: true, .. }) => ServerSideEncryption::AWS_KMS_DSSE,
    }
}
