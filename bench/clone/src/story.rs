//! The bucket of the story: the one that a team had to clone while production was down.

use tidegate_local_aws::S3Handle;

pub(crate) const SOURCE: &str = "src";
pub(crate) const DESTINATION: &str = "dst";

pub(crate) const OBJECTS: u64 = 7_500;
const PREFIXES: u64 = 195;
const BYTES: u64 = 8_000_000_000;

/// Makes both buckets, and fills the source.
pub(crate) fn plant(s3: &S3Handle) -> crate::Result<()> {
    s3.create_bucket(SOURCE);
    s3.create_bucket(DESTINATION);
    let key = |number| format!("group-{:03}/object-{number:05}", number % PREFIXES);
    s3.seed(SOURCE, (0..OBJECTS).map(|number| (key(number), BYTES / OBJECTS)))?;
    Ok(())
}

/// How many objects of the source the destination has with the same content.
pub(crate) fn arrived(s3: &S3Handle) -> crate::Result<u64> {
    let mut arrived = 0;
    for object in s3.objects(SOURCE)? {
        let copy = s3.object(DESTINATION, &object.key)?;
        arrived +=
            u64::from(copy.is_some_and(|copy| copy.digest == object.digest && copy.size == object.size));
    }
    Ok(arrived)
}
