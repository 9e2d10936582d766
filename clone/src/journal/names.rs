//! [`Names`]: how the documents of a clone are called.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Journal, SegmentRequest, fnv};

/// What stays as it is in a name: not `/`, so that the documents of a clone are one folder, and not `~`, which comes
/// before the hash of a range.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The most bytes of a prefix in a name; of a longer one the hash tells the rest.
const SHOWN: usize = 200;

/// How the documents of a clone are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    folder: String,
}

impl Names {
    /// Of the clone of this id, between these buckets.
    pub(crate) fn new(journal: &Journal, id: &str, source: &str, destination: &str) -> Self {
        let id = utf8_percent_encode(id, ENCODED);
        Self { folder: format!("{}{id}-{source}-{destination}/", journal.prefix) }
    }

    pub(crate) fn folder(&self) -> &str {
        &self.folder
    }

    pub(crate) fn clone_request(&self) -> String {
        format!("{}clone-request", self.folder)
    }

    pub(crate) fn clone_response(&self) -> String {
        format!("{}clone-response", self.folder)
    }

    pub(crate) fn request(&self, segment: &str) -> String {
        format!("{}{segment}-segment-request", self.folder)
    }

    pub(crate) fn response(&self, segment: &str) -> String {
        format!("{}{segment}-segment-response", self.folder)
    }

    pub(crate) fn cursor(&self, segment: &str) -> String {
        format!("{}{segment}-segment-cursor", self.folder)
    }

    pub(crate) fn ledger(&self, segment: &str, generation: u64, number: u64) -> String {
        format!("{}{number:06}.ndjson.zst", self.ledgers(segment, generation))
    }

    /// What the ledgers of a generation begin with.
    pub(crate) fn ledgers(&self, segment: &str, generation: u64) -> String {
        format!("{}{segment}-ledger-{generation:06}-", self.folder)
    }

    /// The segment that a key is the request or the response of.
    pub(crate) fn segment<'k>(&self, key: &'k str, kind: &str) -> Option<&'k str> {
        key.strip_prefix(&self.folder)?.strip_suffix(kind)?.strip_suffix('-')
    }
}

/// The name of a segment: its prefix, and a hash where it is not all that starts with it.
pub(crate) fn segment(request: &SegmentRequest) -> String {
    let prefix = request.source.prefix.as_deref().unwrap_or_default();
    let mut name = utf8_percent_encode(prefix, ENCODED).to_string();
    let is_range = request.after.is_some() || request.until.is_some();
    if is_range || name.len() > SHOWN || name.is_empty() {
        name.truncate(SHOWN);
        name.push('~');
    }
    if is_range || name.len() > SHOWN {
        let parts = [Some(prefix), request.after.as_deref(), request.until.as_deref()];
        // A byte that no key has stands between the parts.
        let bytes = parts.into_iter().flat_map(|part| part.unwrap_or("\u{0}").bytes().chain([0xff]));
        let _ = write!(name, "{:032x}", fnv::hash(bytes));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Side;

    fn named(prefix: &str, after: Option<&str>, until: Option<&str>) -> String {
        let side = |name: &str| Side { name: name.to_owned(), prefix: Some(prefix.to_owned()) };
        segment(&SegmentRequest {
            id: "1".to_owned(),
            source: side("a"),
            destination: side("b"),
            after: after.map(str::to_owned),
            until: until.map(str::to_owned),
            options: None,
            parent: None,
        })
    }

    #[test]
    fn segments_have_names_that_keys_can_have() {
        assert_eq!(named("photos/2026/", None, None), "photos%2F2026%2F");
        assert_eq!(named("", None, None), "~");
        let range = named("photos/", Some("photos/a"), None);
        assert!(range.starts_with("photos%2F~") && range.len() == 10 + 32, "{range}");
        assert_ne!(range, named("photos/", None, Some("photos/a")));
        assert_ne!(range, named("photos/", Some("photos/b"), None));
        let (long, longer) = (named(&"x".repeat(1024), None, None), named(&"x".repeat(1023), None, None));
        assert!(long.len() == SHOWN + 1 + 32 && long != longer);
        assert_ne!(named("a~", None, None), named("a", None, None));
    }
}
