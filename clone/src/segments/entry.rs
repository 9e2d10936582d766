//! [`Entry`] and [`Page`]: what a listing says.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::types::StorageClass;

use crate::Key;

/// What a listing says of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub(crate) key: Key,
    pub(crate) size: u64,
    pub(crate) etag: Option<Box<str>>,
    /// In seconds since 1970: S3 tells no less.
    pub(crate) modified: Option<i64>,
    /// None for the standard one.
    pub(crate) storage_class: Option<StorageClass>,
    /// None for whatever is current.
    pub(crate) version: Option<Box<str>>,
}

impl Entry {
    /// Its key, with the prefix.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its size, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its `ETag`, with quotes.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// When it was written, by the clock of S3, to the second.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.modified?).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    /// Its storage class, as S3 names it.
    #[must_use]
    pub fn storage_class(&self) -> &str {
        self.storage_class.as_ref().map_or("STANDARD", StorageClass::as_str)
    }
}

/// One answer of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Next,
}

/// How a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It does not.
    End,
    /// With this token.
    Token(String),
    /// After the last key, for the store gave no token.
    More,
}
