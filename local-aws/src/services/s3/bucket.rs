//! `CreateBucket`, `DeleteBucket`, `HeadBucket`, `GetBucketLocation` and `ListBuckets`.

use std::time::SystemTime;

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{
        self, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
        DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
        HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
    },
};

use super::{
    ownership::Ownership,
    store::{Bucket, Buckets},
    token,
    versions::Versioning,
};

/// The region whose location has no name.
const CLASSIC: &str = "us-east-1";

/// The most buckets of a page.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>.
const PAGE_MAX: i32 = 10_000;

pub(crate) fn create(
    buckets: &mut Buckets,
    input: &CreateBucketInput,
    (region, caller): (&str, &str),
    now: SystemTime,
) -> S3Result<CreateBucketOutput> {
    let wanted = input
        .create_bucket_configuration
        .as_ref()
        .and_then(|configuration| configuration.location_constraint.as_ref())
        .map(BucketLocationConstraint::as_str);
    let location = location(wanted, region)?;
    let output = CreateBucketOutput { location: Some(format!("/{}", input.bucket)) };
    let ownership = input.object_ownership.as_ref().map(Ownership::read).transpose()?.unwrap_or_default();
    if let Some(existing) = buckets.named.get(&input.bucket) {
        if existing.owner != caller {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of \
                           the system. Please select a different name and try again.";
            return Err(S3Error::with_message(S3ErrorCode::BucketAlreadyExists, message));
        }
        // Creating one's own bucket again is no error in the oldest region, and only there.
        if region == CLASSIC && location == CLASSIC {
            return Ok(output);
        }
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        return Err(S3Error::with_message(S3ErrorCode::BucketAlreadyOwnedByYou, message));
    }
    let mut bucket = Bucket::new(location.to_owned(), caller.to_owned(), now);
    bucket.ownership = ownership;
    // A bucket with locks keeps versions.
    bucket.locks = input.object_lock_enabled_for_bucket.unwrap_or(false);
    if bucket.locks {
        bucket.versioning = Versioning::Enabled;
    }
    buckets.named.insert(input.bucket.clone(), bucket);
    Ok(output)
}

/// Where a bucket is to be. Only the oldest region creates buckets of other regions.
fn location<'a>(wanted: Option<&'a str>, region: &'a str) -> S3Result<&'a str> {
    match wanted {
        None | Some("") if region == CLASSIC => Ok(CLASSIC),
        Some(CLASSIC) => {
            let message = "The specified location-constraint is not valid";
            Err(S3Error::with_message(S3ErrorCode::InvalidLocationConstraint, message))
        }
        Some("EU") if region == CLASSIC || region == "eu-west-1" => Ok("eu-west-1"),
        Some(wanted) if !wanted.is_empty() && (region == CLASSIC || region == wanted) => Ok(wanted),
        wanted => {
            let wanted = wanted.filter(|wanted| !wanted.is_empty()).unwrap_or("unspecified");
            let message = format!(
                "The {wanted} location constraint is incompatible for the region specific endpoint this \
                 request was sent to."
            );
            Err(S3Error::with_message(S3ErrorCode::IllegalLocationConstraintException, message))
        }
    }
}

pub(crate) fn delete(buckets: &mut Buckets, input: &DeleteBucketInput) -> S3Result<DeleteBucketOutput> {
    let bucket = buckets.get(&input.bucket)?;
    if !bucket.objects.is_empty() || !bucket.history.is_empty() {
        let message = match bucket.versioning {
            Versioning::Never => "The bucket you tried to delete is not empty",
            _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
        };
        return Err(S3Error::with_message(S3ErrorCode::BucketNotEmpty, message));
    }
    buckets.named.remove(&input.bucket);
    Ok(DeleteBucketOutput {})
}

pub(crate) fn head(buckets: &Buckets, input: &HeadBucketInput) -> S3Result<HeadBucketOutput> {
    let bucket = buckets.get(&input.bucket)?;
    Ok(HeadBucketOutput { bucket_region: Some(bucket.region.clone()), ..Default::default() })
}

pub(crate) fn get_location(
    buckets: &Buckets,
    input: &GetBucketLocationInput,
) -> S3Result<GetBucketLocationOutput> {
    let region = &buckets.get(&input.bucket)?.region;
    // An empty constraint writes the element, which the oldest region answers empty.
    let name = if region == CLASSIC { String::new() } else { region.clone() };
    Ok(GetBucketLocationOutput { location_constraint: Some(BucketLocationConstraint::from(name)) })
}

/// The buckets of all regions, unless one is asked for; it is that of the endpoint.
pub(crate) fn list(
    buckets: &Buckets,
    input: ListBucketsInput,
    (endpoint, caller): (&str, &str),
) -> S3Result<ListBucketsOutput> {
    let max = input.max_buckets.unwrap_or(PAGE_MAX);
    let Some(max) = usize::try_from(max).ok().filter(|max| (1..=10_000).contains(max)) else {
        let message = "Argument max-buckets must be an integer between 1 and 10000";
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    };
    let after = input.continuation_token.as_deref().map(token::read).transpose()?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let region = input.bucket_region.as_deref();
    if let Some(region) = region.filter(|region| *region != endpoint) {
        let message =
            format!("Argument bucket-region {region} is not the region of this endpoint, {endpoint}");
        return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
    }
    // Whoever asks for nothing in particular is told names and dates alone.
    let asks = input.max_buckets.is_some()
        || input.continuation_token.is_some()
        || input.prefix.is_some()
        || region.is_some();
    let mut found: Vec<dto::Bucket> = buckets
        .named
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && after.as_ref().is_none_or(|after| *name > after))
        .filter(|(_, bucket)| region.is_none_or(|region| bucket.region == region))
        .take(max + 1)
        .map(|(name, bucket)| dto::Bucket {
            bucket_region: asks.then(|| bucket.region.clone()),
            creation_date: Some(bucket.created.into()),
            name: Some(name.clone()),
        })
        .collect();
    let truncated = found.len() > max;
    found.truncate(max);
    let next = found.last().filter(|_| truncated).and_then(|last| last.name.as_deref());
    Ok(ListBucketsOutput {
        continuation_token: next.map(token::write),
        buckets: Some(found),
        owner: Some(owner(caller)),
        prefix: input.prefix,
    })
}

/// The account that owns something.
pub(crate) fn owner(account: &str) -> dto::Owner {
    dto::Owner { display_name: None, id: Some(account.to_owned()) }
}
