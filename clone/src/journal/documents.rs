//! What the documents of a clone say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Cloner, Key, KeyRange, Report};

/// One side of a clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The bucket.
    pub name: String,
    /// What the keys begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// What is to be cloned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CloneRequest {
    /// The clone's name among those of these buckets.
    pub id: String,
    /// Where from.
    pub source: Side,
    /// Where to.
    pub destination: Side,
    /// How. A run with other options does not go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<Options>,
}

/// A range of keys that is to be cloned: those with a prefix, after one key and up to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SegmentRequest {
    /// The clone's name among those of these buckets.
    pub id: String,
    /// Where from. The prefix is the segment's.
    pub source: Side,
    /// Where to. Without a prefix of its own, keys stay as they are.
    pub destination: Side,
    /// The key in the source after which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The last key in the source that can be in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How. A worker with other options refuses it; one that was written by hand need not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<Options>,
    /// The segment that it was cut off from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// What came of a segment, all of which is cloned or was given to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SegmentResponse {
    /// The clone's name among those of these buckets.
    pub id: String,
    /// Where from.
    pub source: Side,
    /// Where to.
    pub destination: Side,
    /// The keys that were copied, or where their list is.
    pub files: Files,
    /// The ranges that were cloned here; not those that were given away.
    pub settled: Vec<Range>,
    /// The segments that were cut off from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// How much there was.
    pub counts: Counts,
    /// How often it was begun.
    pub generation: u64,
}

/// The keys that were copied, or where their list is, where it is long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Files {
    /// The keys.
    Keys(Vec<String>),
    /// Where their list is, and how many objects were copied.
    #[allow(missing_docs, reason = "the variant says it")]
    Ledger { count: u64, ledger: Vec<Ledgers> },
}

/// Ledgers in the journal's bucket: those of one generation of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ledgers {
    /// What their keys begin with. `000001.ndjson.zst` follows in the first.
    pub prefix: String,
    /// How many there are.
    pub count: u64,
}

/// What came of a clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CloneResponse {
    /// The clone's name among those of these buckets.
    pub id: String,
    /// Where from.
    pub source: Side,
    /// Where to.
    pub destination: Side,
    /// The segments that it was made in.
    pub segments: Segments,
    /// How much there was.
    pub counts: Counts,
    /// The ranges that no segment has settled: none, if the clone is whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Range>,
}

/// The segments of a clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Segments {
    /// How many there were.
    pub count: u64,
    /// Their names; of more than 1,000 none: each has its response beside this document.
    pub values: Vec<String>,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Objects found in the source.
    pub listed: u64,
    /// Objects copied.
    pub copied: u64,
    /// Objects that the destination had as they should be.
    pub unchanged: u64,
    /// Objects that were deleted from the source meanwhile.
    pub vanished: u64,
    /// Objects that are not as they should be.
    pub failed: u64,
    /// Bytes in the objects found.
    pub bytes_listed: u64,
    /// Bytes in the objects copied.
    pub bytes_copied: u64,
    /// Requests sent.
    pub requests: u64,
    /// Answers that were throttles.
    pub throttled: u64,
}

/// A range of keys: after one and up to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The key after which it begins; none if it begins with the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The last key that can be in it; none if it ends with the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// What is left of a segment that somebody works on. It is the one document that is written more than once: by the
/// worker of its generation, and by nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) generation: u64,
    /// Who writes, drawn by lot: to tell one's own document when a reply was lost.
    pub(crate) writer: u64,
    /// How often this one has written.
    pub(crate) version: u64,
    pub(crate) rest: Vec<Range>,
    #[serde(default)]
    pub(crate) counts: Counts,
    #[serde(default)]
    pub(crate) children: Vec<String>,
    /// The children's ranges.
    #[serde(default)]
    pub(crate) given: Vec<Range>,
    /// How many ledgers there are, by generation.
    #[serde(default)]
    pub(crate) ledgers: BTreeMap<u64, u64>,
    /// How many failures there are of each code, and an example: of the last run that ended with some.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) failures: BTreeMap<String, String>,
}

/// How a clone is made: what must not change while it is gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    compare: String,
    is_filtered: bool,
    is_mapped: bool,
    multipart_threshold: u64,
    part_size: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    preserve: String,
}

impl Options {
    pub(crate) fn of(cloner: &Cloner) -> Self {
        Self {
            compare: format!("{:?}", cloner.compare),
            is_filtered: cloner.filter.is_some(),
            is_mapped: cloner.map_key.is_some(),
            multipart_threshold: cloner.multipart_threshold,
            part_size: cloner.part_size,
            preserve: cloner.preserve.to_string(),
        }
    }

    /// What is not the same in others, for a message.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let pairs = [
            ("compare", self.compare.clone(), other.compare.clone()),
            ("filter", self.is_filtered.to_string(), other.is_filtered.to_string()),
            ("mapped keys", self.is_mapped.to_string(), other.is_mapped.to_string()),
            (
                "multipart threshold",
                self.multipart_threshold.to_string(),
                other.multipart_threshold.to_string(),
            ),
            ("part size", self.part_size.to_string(), other.part_size.to_string()),
            ("preserve", format!("[{}]", self.preserve), format!("[{}]", other.preserve)),
        ];
        let (what, this, that) = pairs.into_iter().find(|(_, this, that)| this != that)?;
        Some(format!("{what} was {this}, and is {that}"))
    }
}

impl Counts {
    pub(crate) fn of(report: &Report) -> Self {
        Self {
            listed: report.listed,
            copied: report.copied,
            unchanged: report.unchanged,
            vanished: report.vanished,
            failed: report.failed + report.changed + report.unknown,
            bytes_listed: report.bytes_listed,
            bytes_copied: report.bytes_copied,
            requests: report.requests.total(),
            throttled: report.throttled,
        }
    }

    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            listed: self.listed + other.listed,
            copied: self.copied + other.copied,
            unchanged: self.unchanged + other.unchanged,
            vanished: self.vanished + other.vanished,
            failed: self.failed + other.failed,
            bytes_listed: self.bytes_listed + other.bytes_listed,
            bytes_copied: self.bytes_copied + other.bytes_copied,
            requests: self.requests + other.requests,
            throttled: self.throttled + other.throttled,
        }
    }
}

impl Range {
    /// The range, if there can be one.
    pub(crate) fn read(&self) -> Option<KeyRange> {
        let key = |text: &Option<String>| text.as_ref().map(|text| Key::new(text.clone()));
        match (key(&self.after), key(&self.until)) {
            (Some(None), _) | (_, Some(None)) => None,
            (after, until) => KeyRange::new(after.flatten(), until.flatten()),
        }
    }
}

impl From<&KeyRange> for Range {
    fn from(range: &KeyRange) -> Self {
        let text = |key: Option<&Key>| key.map(|key| key.as_str().to_owned());
        Self { after: text(range.after()), until: text(range.until()) }
    }
}

impl Side {
    /// Whether both are the same keys of the same bucket.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && self.prefix.as_deref().unwrap_or_default() == other.prefix.as_deref().unwrap_or_default()
    }
}

impl SegmentRequest {
    /// The segment of all that a side's prefix says.
    pub fn new(id: impl Into<String>, source: Side, destination: Side) -> Self {
        let (after, until, options, parent) = (None, None, None, None);
        Self { id: id.into(), source, destination, after, until, options, parent }
    }

    /// A part of it.
    pub(crate) fn child(&self, range: &KeyRange, parent: &str) -> Self {
        let Range { after, until } = Range::from(range);
        Self { after, until, parent: Some(parent.to_owned()), ..self.clone() }
    }

    /// The range of keys in the source.
    pub(crate) fn range(&self) -> Option<KeyRange> {
        Range { after: self.after.clone(), until: self.until.clone() }.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_written_by_hand_is_read() {
        let text = r#"{"id":"7","source":{"name":"a","prefix":"x/"},"destination":{"name":"b"}}"#;
        let request: SegmentRequest = serde_json::from_str(text).unwrap();
        assert_eq!((request.source.prefix.as_deref(), request.range()), (Some("x/"), Some(KeyRange::ALL)));
        assert_eq!(serde_json::to_string(&request).unwrap(), text, "and nothing is added to it");
        let clone: CloneRequest =
            serde_json::from_str(r#"{"id":"7","source":{"name":"a"},"destination":{"name":"b"}}"#).unwrap();
        assert_eq!(clone.options, None);
    }

    #[test]
    fn files_are_a_list_or_tell_where_it_is() {
        let keys = Files::Keys(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(serde_json::to_string(&keys).unwrap(), r#"["a","b"]"#);
        let ledger =
            Files::Ledger { count: 5_000, ledger: vec![Ledgers { prefix: "l-".to_owned(), count: 3 }] };
        let text = r#"{"count":5000,"ledger":[{"prefix":"l-","count":3}]}"#;
        assert_eq!(serde_json::to_string(&ledger).unwrap(), text);
        for files in [keys, ledger] {
            let text = serde_json::to_string(&files).unwrap();
            assert_eq!(serde_json::from_str::<Files>(&text).unwrap(), files);
        }
    }

    #[test]
    fn ranges_survive() {
        let key = |text: &str| Key::new(text);
        for range in [
            KeyRange::ALL,
            KeyRange::new(key("a\u{1}"), None).unwrap(),
            KeyRange::new(None, key("é\"\\")).unwrap(),
        ] {
            let text = serde_json::to_string(&Range::from(&range)).unwrap();
            assert_eq!(serde_json::from_str::<Range>(&text).unwrap().read(), Some(range));
        }
        let empty = Range { after: Some("b".to_owned()), until: Some("a".to_owned()) };
        assert_eq!(empty.read(), None);
        assert_eq!(Range { after: Some(String::new()), until: None }.read(), None);
    }
}
