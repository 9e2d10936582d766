//! [`Location`]: one side of a clone.

use aws_sdk_s3::{Client, types::RequestPayer};

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
    pub(crate) owner: Option<String>,
    pub(crate) payer: Option<RequestPayer>,
}

impl Location {
    /// A whole bucket, as `client` reaches it: its region, its credentials, its endpoint.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), prefix: String::new(), owner: None, payer: None }
    }

    /// Only the keys that start with `prefix`. It is a string and no folder: `2026` also means `2026-old/a`.
    /// Default: empty, the whole bucket.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The account, 12 digits, that must own the bucket: S3 refuses every request if another does, with `AccessDenied`, and
    /// the report names the bucket and the account. A clone with anything but 12 digits is not started. Default: whoever
    /// owns it.
    ///
    /// The documents of a journal do not say it: each worker expects what its own cloner says.
    #[must_use]
    pub fn expected_owner(mut self, account: impl Into<String>) -> Self {
        self.owner = Some(account.into());
        self
    }

    /// Who sends the requests pays for them and for what they read, as a bucket asks that is set to "requester pays": it
    /// refuses all others with `AccessDenied`. Default: the owner of the bucket pays.
    ///
    /// The documents of a journal do not say it: each worker does as its own cloner says.
    #[must_use]
    pub fn requester_pays(mut self) -> Self {
        self.payer = Some(RequestPayer::Requester);
        self
    }

    /// Who pays for a request that has to do with both.
    pub(crate) fn payer_with(&self, other: &Self) -> Option<RequestPayer> {
        self.payer.clone().or_else(|| other.payer.clone())
    }

    /// The bucket and the account that is expected to own it.
    pub(crate) fn owned(&self) -> Option<(String, String)> {
        Some((self.bucket.clone(), self.owner.clone()?))
    }

    /// The owner that no account can be.
    pub(crate) fn wrong_owner(&self) -> Option<&str> {
        let is_account = |owner: &str| owner.len() == 12 && owner.bytes().all(|byte| byte.is_ascii_digit());
        self.owner.as_deref().filter(|owner| !is_account(owner))
    }

    /// Whether a key can be in both. Buckets of one name are one bucket: a copy within S3 does not cross to
    /// another store.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let nested = self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        self.bucket == other.bucket && nested
    }
}
