//! [`Compare`]: when an object of the destination is what it should be.

use std::{fmt, sync::Arc};

use crate::Entry;

/// When an object of the destination is what it should be, so that it is not copied again.
///
/// All but [`Always`](Self::Always) list the destination beside the source, which costs a LIST for 1,000 of its keys. An
/// object is then replaced only if it still is the one that was compared, and created only if there still is none.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Compare {
    /// Never: every object is copied, whatever is there.
    Always,
    /// If there is one.
    Missing,
    /// If it has the same size, and either the same `ETag` or a later time of writing. An object that was written in
    /// the second in which it was copied is copied again, as times cannot tell. This is the default.
    #[default]
    SizeAndTime,
    /// If it has the same size and the same `ETag`. Objects that were uploaded in parts, or are encrypted otherwise than
    /// by S3's own keys, get another one by the copy, and are copied again each time.
    ETag,
    /// If it has the same size, and either the same `ETag` or the same checksum by the same algorithm: two HEADs for each
    /// object whose `ETag`s differ. One without a checksum is copied.
    Checksum,
    /// If this says so of the object in the source, the first, and the one in the destination.
    By(Arc<Same>),
}

/// Whether an object of the destination, the second, is what it should be.
pub type Same = dyn Fn(&Entry, &Entry) -> bool + Send + Sync;

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    Differs,
    /// Only their checksums can tell.
    Doubtful,
}

impl Compare {
    /// [`Self::By`] a function.
    pub fn by(same: impl Fn(&Entry, &Entry) -> bool + Send + Sync + 'static) -> Self {
        Self::By(Arc::new(same))
    }

    /// Whether it has to know what the destination holds.
    pub(crate) fn looks(&self) -> bool {
        !matches!(self, Self::Always)
    }

    pub(crate) fn judge(&self, source: &Entry, destination: &Entry) -> Verdict {
        let same_size = source.size == destination.size;
        let same_etag = same_size && source.etag.is_some() && source.etag == destination.etag;
        let same = match self {
            Self::Always => false,
            Self::Missing => true,
            Self::SizeAndTime => {
                let is_later = source.modified.zip(destination.modified).is_some_and(|(from, to)| to > from);
                same_etag || (same_size && is_later)
            }
            Self::Checksum if same_size && !same_etag => return Verdict::Doubtful,
            Self::ETag | Self::Checksum => same_etag,
            Self::By(same) => same(source, destination),
        };
        if same { Verdict::Same } else { Verdict::Differs }
    }
}

impl fmt::Debug for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "Always",
            Self::Missing => "Missing",
            Self::SizeAndTime => "SizeAndTime",
            Self::ETag => "ETag",
            Self::Checksum => "Checksum",
            Self::By(_) => "By(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn entry(size: u64, etag: &str, modified: i64) -> Entry {
        let etag = Some(etag.into()).filter(|_| !etag.is_empty());
        Entry {
            key: Key::new("k").unwrap(),
            size,
            etag,
            modified: Some(modified),
            storage_class: None,
            version: None,
        }
    }

    #[test]
    fn what_is_the_same() {
        use Verdict::{Differs, Doubtful, Same};
        let source = entry(7, "a", 100);
        // The destination; then by size and time, by ETag, by checksum.
        for (destination, expected) in [
            (entry(7, "a", 50), [Same, Same, Same]),
            (entry(7, "b", 101), [Same, Differs, Doubtful]),
            (entry(7, "b", 100), [Differs, Differs, Doubtful]),
            (entry(7, "b", 99), [Differs, Differs, Doubtful]),
            (entry(8, "a", 101), [Differs, Differs, Differs]),
            (entry(7, "", 101), [Same, Differs, Doubtful]),
        ] {
            let by = [Compare::SizeAndTime, Compare::ETag, Compare::Checksum];
            assert_eq!(by.map(|by| by.judge(&source, &destination)), expected, "{destination:?}");
            assert_eq!(Compare::Always.judge(&source, &destination), Differs);
            assert_eq!(Compare::Missing.judge(&source, &destination), Same);
        }
        let larger = Compare::by(|from, to| to.size() >= from.size());
        assert_eq!(larger.judge(&source, &entry(8, "x", 0)), Same);
        assert_eq!(larger.judge(&source, &entry(6, "x", 0)), Differs);
        let unknown = entry(7, "", 100);
        assert_eq!(Compare::ETag.judge(&unknown, &unknown), Differs, "no ETag is no equal one");
    }
}
