//! `PutBucketOwnershipControls`, `GetBucketOwnershipControls` and `DeleteBucketOwnershipControls`: whether a
//! bucket has access control lists.

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        DeleteBucketOwnershipControlsInput, DeleteBucketOwnershipControlsOutput,
        GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, ObjectOwnership,
        OwnershipControls, OwnershipControlsRule, PutBucketOwnershipControlsInput,
        PutBucketOwnershipControlsOutput,
    },
};

use super::store::Buckets;

/// Who owns what others put into a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// The bucket's owner, and there are no lists.
    #[default]
    Enforced,
    Preferred,
    Writer,
    /// As the writer, without a rule that says so.
    Unsaid,
}

impl Ownership {
    /// # Errors
    /// `MalformedXML`.
    pub(crate) fn read(name: &ObjectOwnership) -> S3Result<Self> {
        match name.as_str() {
            ObjectOwnership::BUCKET_OWNER_ENFORCED => Ok(Self::Enforced),
            ObjectOwnership::BUCKET_OWNER_PREFERRED => Ok(Self::Preferred),
            ObjectOwnership::OBJECT_WRITER => Ok(Self::Writer),
            _ => Err(malformed()),
        }
    }
}

pub(crate) fn put(
    buckets: &mut Buckets,
    input: &PutBucketOwnershipControlsInput,
) -> S3Result<PutBucketOwnershipControlsOutput> {
    let [rule] = &input.ownership_controls.rules[..] else { return Err(malformed()) };
    buckets.get_mut(&input.bucket)?.ownership = Ownership::read(&rule.object_ownership)?;
    Ok(PutBucketOwnershipControlsOutput {})
}

pub(crate) fn get(
    buckets: &Buckets,
    input: &GetBucketOwnershipControlsInput,
) -> S3Result<GetBucketOwnershipControlsOutput> {
    let name = match buckets.get(&input.bucket)?.ownership {
        Ownership::Enforced => ObjectOwnership::BUCKET_OWNER_ENFORCED,
        Ownership::Preferred => ObjectOwnership::BUCKET_OWNER_PREFERRED,
        Ownership::Writer => ObjectOwnership::OBJECT_WRITER,
        Ownership::Unsaid => {
            let message = "The bucket ownership controls were not found";
            return Err(S3Error::with_message(S3ErrorCode::OwnershipControlsNotFoundError, message));
        }
    };
    let rules = vec![OwnershipControlsRule { object_ownership: ObjectOwnership::from_static(name) }];
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
}

pub(crate) fn delete(
    buckets: &mut Buckets,
    input: &DeleteBucketOwnershipControlsInput,
) -> S3Result<DeleteBucketOwnershipControlsOutput> {
    buckets.get_mut(&input.bucket)?.ownership = Ownership::Unsaid;
    Ok(DeleteBucketOwnershipControlsOutput {})
}

fn malformed() -> S3Error {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    S3Error::with_message(S3ErrorCode::MalformedXML, message)
}
