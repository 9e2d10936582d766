//! [`Entry`] and [`Page`]: what a listing says.

use aws_sdk_s3::types::StorageClass;

use crate::Key;

/// What a listing says of one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) size: u64,
    pub(crate) etag: Option<Box<str>>,
    /// None for the standard one.
    pub(crate) storage_class: Option<StorageClass>,
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
