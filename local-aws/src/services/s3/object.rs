//! An object, small enough that a million of them are cheap.

use std::{
    borrow::Borrow,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;
use md5::{Digest as _, Md5};
use s3s::dto::{ETag, Timestamp, TimestampFormat};

use super::{
    checksum::Checksum,
    class::Class,
    content::{Content, Identity},
    guard::Guard,
    version::VersionId,
};

/// A key, ordered by its UTF-8 bytes as S3 orders keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Box<str>);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

// `str` orders as its bytes do. Bytes are what a seek needs: the place after a prefix is not always UTF-8.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What is stored under a key.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    pub(crate) etag: EntityTag,
    /// Null, unless the bucket kept versions when it was stored.
    pub(crate) version: VersionId,
    pub(crate) modified: Seconds,
    pub(crate) class: Class,
    /// Most objects of a large bucket have none of these.
    pub(crate) extra: Option<Box<Extra>>,
}

/// What few objects have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Extra {
    pub(crate) headers: Headers,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) checksum: Option<Checksum>,
    /// How it was uploaded, if it was in parts.
    pub(crate) layout: Option<Layout>,
    pub(crate) guard: Option<Box<Guard>>,
}

/// What the metadata directive of a copy is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) website_redirect: Option<String>,
    /// Sorted by name.
    pub(crate) metadata: Vec<(String, String)>,
}

/// The parts that an object was uploaded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) parts: Vec<LayoutPart>,
    /// Whether the upload named a checksum algorithm: only then does S3 tell the parts.
    pub(crate) told: bool,
}

/// One of the parts that an object was uploaded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayoutPart {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) checksum: Option<Checksum>,
}

impl Object {
    /// An object in one part.
    pub(crate) fn new(content: Content, now: SystemTime) -> Self {
        let etag = EntityTag::single(content.identity());
        let modified = Seconds::of(now);
        Self { content, etag, version: VersionId::NULL, modified, class: Class::Standard, extra: None }
    }

    pub(crate) fn with(mut self, extra: Extra) -> Self {
        self.extra = (extra != Extra::default()).then(|| Box::new(extra));
        self
    }

    pub(crate) fn extra(&self) -> Extra {
        self.extra.as_deref().cloned().unwrap_or_default()
    }

    pub(crate) fn tags(&self) -> &[(String, String)] {
        self.extra.as_ref().map_or(&[], |extra| &extra.tags)
    }

    pub(crate) fn checksum(&self) -> Option<&Checksum> {
        self.extra.as_ref()?.checksum.as_ref()
    }

    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.extra.as_ref()?.guard.as_deref()
    }

    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.extra.as_ref()?.layout.as_ref()
    }
}

/// An `ETag`: 16 bytes and, for an object that was uploaded in parts, their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag {
    md5: [u8; 16],
    /// 0 for an object in one part.
    parts: u16,
}

impl EntityTag {
    pub(crate) const fn single(identity: Identity) -> Self {
        Self { md5: identity, parts: 0 }
    }

    /// Of a content under a key of KMS: not its MD5, and another each time that it is stored.
    pub(crate) fn sealed(identity: Identity, seal: u64) -> Self {
        let sealed = Md5::new_with_prefix(b"sealed").chain_update(identity).chain_update(seal.to_le_bytes());
        Self { md5: sealed.finalize().into(), parts: 0 }
    }

    /// The MD5 of the MD5s of the parts, and their number.
    pub(crate) fn multipart(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut hasher = Md5::new();
        let mut count: u16 = 0;
        for part in parts {
            hasher.update(part.md5);
            count = count.saturating_add(1);
        }
        Self { md5: hasher.finalize().into(), parts: count }
    }

    pub(crate) fn is(&self, other: &ETag) -> bool {
        self.to_string() == other.value()
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.md5)?;
        match self.parts {
            0 => Ok(()),
            parts => write!(f, "-{parts}"),
        }
    }
}

impl From<EntityTag> for ETag {
    fn from(etag: EntityTag) -> Self {
        Self::Strong(etag.to_string())
    }
}

pub(crate) fn write_hex(f: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// A time in whole seconds, as S3 keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(u32);

impl Seconds {
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
    }

    /// As HTTP writes it.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        let mut text = Vec::new();
        Timestamp::from(self).format(TimestampFormat::HttpDate, &mut text).ok()?;
        HeaderValue::from_bytes(&text).ok()
    }

    pub(crate) fn time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.into())
    }
}

impl From<Seconds> for Timestamp {
    fn from(seconds: Seconds) -> Self {
        seconds.time().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_objects_are_compact() {
        assert!(size_of::<(Key, Object)>() <= 88, "{}", size_of::<(Key, Object)>());
    }

    #[test]
    fn etags_are_written_as_s3_writes_them() {
        let nothing = EntityTag::single(Md5::digest(b"").into());
        assert_eq!(nothing.to_string(), "d41d8cd98f00b204e9800998ecf8427e");
        // The MD5 of 16 bytes of the MD5 of nothing.
        assert_eq!(EntityTag::multipart([nothing]).to_string(), "59adb24ef3cdbe0297f05b395827453f-1");
    }
}
