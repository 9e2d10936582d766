//! A version of an object: its id, and the delete marker, which is a version of nothing.

use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::object::{Object, Seconds};

/// The number of a version: the later, the greater. Nothing is told of its order in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VersionId(u64);

impl VersionId {
    /// Of what is stored while versioning is not enabled.
    pub(crate) const NULL: Self = Self(0);

    /// An odd factor, so that no two numbers share a product.
    const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The n-th id, from 1 on.
    pub(crate) const fn of(number: u64) -> Self {
        Self(number)
    }

    /// # Errors
    /// `InvalidArgument` if no version ever had this id.
    pub(crate) fn read(text: &str) -> S3Result<Self> {
        if text.is_empty() {
            let message = "Version id cannot be the empty string";
            return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
        }
        Self::parse(text).ok_or_else(Self::unknown)
    }

    /// What is answered to an id that never was.
    pub(crate) fn unknown() -> S3Error {
        S3Error::with_message(S3ErrorCode::InvalidArgument, "Invalid version id specified")
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::NULL);
        }
        let number = u64::from_str_radix(text.get(16..)?, 16).ok()?;
        (number != 0 && Self(number).to_string() == text).then_some(Self(number))
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("null"),
            number => write!(f, "{:016x}{number:016x}", number.wrapping_mul(Self::SCATTER)),
        }
    }
}

/// A version that says that the object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) version: VersionId,
    pub(crate) modified: Seconds,
}

/// One of the versions under a key.
#[derive(Clone, Debug)]
pub(crate) enum Version {
    Object(Object),
    Marker(Marker),
}

impl Version {
    pub(crate) const fn id(&self) -> VersionId {
        match self {
            Self::Object(object) => object.version,
            Self::Marker(marker) => marker.version,
        }
    }
}

impl Marker {
    /// What is answered where the marker is the current version: nothing is there.
    pub(crate) fn no_such_key(&self) -> S3Error {
        let mut error = S3Error::with_message(S3ErrorCode::NoSuchKey, "The specified key does not exist.");
        error.set_headers(self.headers());
        error
    }

    /// What is answered where the marker is named by its id, or is to be changed.
    pub(crate) fn not_allowed(&self) -> S3Error {
        let message = "The specified method is not allowed against this resource.";
        let mut error = S3Error::with_message(S3ErrorCode::MethodNotAllowed, message);
        let mut headers = self.headers();
        headers.insert(header::ALLOW, HeaderValue::from_static("DELETE"));
        if let Some(modified) = self.modified.header() {
            headers.insert(header::LAST_MODIFIED, modified);
        }
        error.set_headers(headers);
        error
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Headers of an error take the place of those that the protocol crate sets.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
        if let Ok(version) = HeaderValue::from_str(&self.version.to_string()) {
            headers.insert("x-amz-version-id", version);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_and_nothing_else_does() {
        for number in [0, 1, 2, u64::MAX] {
            let text = VersionId::of(number).to_string();
            assert_eq!(VersionId::parse(&text), Some(VersionId::of(number)), "{text}");
        }
        let zero = "0".repeat(32);
        for wrong in
            ["", "nul", "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD", &zero, "é", "00000000000000010000000000000001"]
        {
            assert_eq!(VersionId::parse(wrong), None, "{wrong}");
        }
    }
}
