//! [`Location`]: one side of a clone.

use aws_sdk_s3::Client;

/// One side of a clone: a bucket, a prefix in it, and the client that reaches it.
///
/// ```
/// # fn of(client: aws_sdk_s3::Client) {
/// use tidegate_clone::Location;
///
/// let location = Location::new(client, "photos").prefix("2026/");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Location {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl Location {
    /// A whole bucket, as `client` reaches it: its region, its credentials, its endpoint.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), prefix: String::new() }
    }

    /// Only the keys that start with `prefix`. It is a string and no folder: `2026` also means `2026-old/a`.
    /// Default: empty, the whole bucket.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Whether a key can be in both. Buckets of one name are one bucket: a copy within S3 does not cross to
    /// another store.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let nested = self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        self.bucket == other.bucket && nested
    }
}
