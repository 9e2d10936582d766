//! A multipart upload that is not completed: what it will be, and the parts it has.

use std::{collections::BTreeMap, time::SystemTime};

use super::{
    checksum::{Algorithm, Checksum, Kind},
    class::Class,
    content::Content,
    object::{EntityTag, Extra, Seconds},
    version::VersionId,
};

/// An upload that was begun.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) begun: Seconds,
    pub(crate) class: Class,
    /// What the object will have, except its layout and its checksum.
    pub(crate) extra: Extra,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kind: Kind,
    pub(crate) parts: BTreeMap<i32, Part>,
}

impl Upload {
    /// A part under a key of KMS does not tell its MD5.
    pub(crate) fn seal(&self, part: &mut Part, seal: u64) {
        if self.extra.guard.as_ref().is_some_and(|guard| guard.kms.is_some()) {
            part.etag = EntityTag::sealed(part.content.identity(), seal);
        }
    }
}

/// What a completed upload became.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completed {
    pub(crate) etag: EntityTag,
    pub(crate) version: VersionId,
}

/// A part that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) content: Content,
    pub(crate) etag: EntityTag,
    pub(crate) modified: Seconds,
    pub(crate) checksum: Option<Checksum>,
}

impl Part {
    pub(crate) fn new(content: Content, algorithm: Algorithm, now: SystemTime) -> Self {
        let etag = EntityTag::single(content.identity());
        let checksum = Checksum::of(&content, algorithm);
        Self { content, etag, modified: Seconds::of(now), checksum }
    }
}
