//! A page of a listing of versions, pure: keys in the order of their bytes, the versions of each newest first.

use std::{collections::BTreeMap, iter, ops::Bound};

use super::{
    listing::successor,
    object::{Key, Object},
    version::{Marker, Version, VersionId},
};

/// What is to be listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Only keys greater than this, common prefixes included.
    pub(crate) key_marker: Option<&'a str>,
    /// And the versions of that key that are older than this.
    pub(crate) version_marker: Option<VersionId>,
    pub(crate) max: usize,
}

/// An entry of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry<'a> {
    Object { key: &'a str, object: &'a Object, is_latest: bool },
    Marker { key: &'a str, marker: &'a Marker, is_latest: bool },
    Prefix(&'a str),
}

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether something comes after it.
    pub(crate) truncated: bool,
}

impl<'a> Entry<'a> {
    const fn new(key: &'a str, version: Stored<'a>, is_latest: bool) -> Self {
        match version {
            Stored::Object(object) => Self::Object { key, object, is_latest },
            Stored::Marker(marker) => Self::Marker { key, marker, is_latest },
        }
    }

    pub(crate) const fn name(&self) -> &'a str {
        match self {
            Self::Object { key: name, .. } | Self::Marker { key: name, .. } | Self::Prefix(name) => name,
        }
    }

    pub(crate) const fn version(&self) -> Option<VersionId> {
        match self {
            Self::Object { object, .. } => Some(object.version),
            Self::Marker { marker, .. } => Some(marker.version),
            Self::Prefix(_) => None,
        }
    }
}

/// One of the versions of a key.
#[derive(Clone, Copy, Debug)]
enum Stored<'a> {
    Object(&'a Object),
    Marker(&'a Marker),
}

impl Stored<'_> {
    const fn id(self) -> VersionId {
        match self {
            Self::Object(object) => object.version,
            Self::Marker(marker) => marker.version,
        }
    }
}

/// What a bucket has: the current objects, and the rest, newest last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shelves<'a> {
    pub(crate) objects: &'a BTreeMap<Key, Object>,
    pub(crate) history: &'a BTreeMap<Key, Vec<Version>>,
}

impl<'a> Shelves<'a> {
    fn next_key(self, seek: Bound<&[u8]>) -> Option<&'a str> {
        let range = (seek, Bound::Unbounded);
        let current = self.objects.range::<[u8], _>(range).next().map(|(key, _)| key.as_str());
        let older = self.history.range::<[u8], _>(range).next().map(|(key, _)| key.as_str());
        current.into_iter().chain(older).min()
    }

    /// Newest first.
    fn versions(self, key: &str) -> impl Iterator<Item = Stored<'a>> {
        let current = self.objects.get(key.as_bytes()).map(Stored::Object);
        let older = self.history.get(key.as_bytes()).into_iter().flat_map(|older| older.iter().rev());
        current.into_iter().chain(older.map(|version| match version {
            Version::Object(object) => Stored::Object(object),
            Version::Marker(marker) => Stored::Marker(marker),
        }))
    }
}

/// One page: O(log n) for each key and for each common prefix.
pub(crate) fn page<'a>(shelves: Shelves<'a>, query: &Query<'_>) -> Page<'a> {
    let mut page = Page::default();
    // A page of nothing is the last one: it has no place to go on from.
    if query.max == 0 {
        return page;
    }
    let mut seek = match query.key_marker {
        Some(marker) if marker >= query.prefix => match query.version_marker {
            Some(_) => Bound::Included(marker.as_bytes().to_vec()),
            None => Bound::Excluded(marker.as_bytes().to_vec()),
        },
        _ => Bound::Included(query.prefix.as_bytes().to_vec()),
    };
    while let Some(key) = shelves.next_key(seek.as_ref().map(Vec::as_slice)) {
        let Some(rest) = key.strip_prefix(query.prefix) else { break };
        let group = query.delimiter.and_then(|delimiter| {
            let at = rest.find(delimiter)?;
            Some(&key[..query.prefix.len() + at + delimiter.len()])
        });
        let entries: &mut dyn Iterator<Item = Entry<'a>> = match group {
            // The place to start from may be inside of a common prefix, which then is not after it.
            Some(group) if query.key_marker.is_some_and(|marker| group <= marker) => &mut iter::empty(),
            Some(group) => &mut iter::once(Entry::Prefix(group)),
            None => {
                let begin = query.version_marker.filter(|_| query.key_marker == Some(key));
                let skip = begin.map_or(0, |marker| older_than(shelves.versions(key), marker));
                let versions = shelves.versions(key).enumerate().skip(skip);
                &mut versions.map(move |(at, version)| Entry::new(key, version, at == 0))
            }
        };
        for entry in entries {
            if page.entries.len() == query.max {
                page.truncated = true;
                return page;
            }
            page.entries.push(entry);
        }
        seek = match group {
            Some(group) => Bound::Included(successor(group)),
            None => Bound::Excluded(key.as_bytes().to_vec()),
        };
    }
    page
}

/// How many versions are not older than the marker, which need not be there any more.
fn older_than<'a>(versions: impl Iterator<Item = Stored<'a>>, marker: VersionId) -> usize {
    let mut newer = 0;
    for (at, version) in versions.enumerate() {
        if version.id() == marker {
            return at + 1;
        }
        // Where a null version would stand is not known: better told twice than never.
        if marker != VersionId::NULL && version.id() > marker {
            newer = at + 1;
        }
    }
    newer
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::services::s3::{content::Content, object::Seconds, store::Buckets, versions::Versioning};

    /// A listing in one page, as plain as can be: name, version, whether it is the latest.
    type Line = (String, Option<VersionId>, bool);

    fn line(entry: &Entry<'_>) -> Line {
        let is_latest =
            matches!(entry, Entry::Object { is_latest: true, .. } | Entry::Marker { is_latest: true, .. });
        (entry.name().to_owned(), entry.version(), is_latest)
    }

    /// All that was done to a key, kept beside the store: the newest last.
    #[derive(Debug, Default)]
    struct Model(BTreeMap<String, Vec<VersionId>>);

    impl Model {
        fn push(&mut self, key: &str, id: VersionId) {
            let versions = self.0.entry(key.to_owned()).or_default();
            versions.retain(|version| *version != id || id != VersionId::NULL);
            versions.push(id);
        }

        fn lines(&self, prefix: &str, delimiter: Option<&str>) -> Vec<Line> {
            let mut lines: Vec<Line> = Vec::new();
            for (key, versions) in self.0.iter().filter(|(key, _)| key.starts_with(prefix)) {
                if let Some(at) = delimiter.and_then(|delimiter| key[prefix.len()..].find(delimiter)) {
                    let group = key[..=prefix.len() + at].to_owned();
                    if lines.last().is_none_or(|(name, version, _)| *name != group || version.is_some()) {
                        lines.push((group, None, false));
                    }
                    continue;
                }
                let newest_first = versions.iter().rev().enumerate();
                lines.extend(newest_first.map(|(at, id)| (key.clone(), Some(*id), at == 0)));
            }
            lines
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Put,
        Delete,
        /// Removes the n-th version.
        Remove(usize),
        Set(Versioning),
    }

    fn step() -> impl Strategy<Value = (String, Step)> {
        let step = prop_oneof![
            4 => Just(Step::Put),
            2 => Just(Step::Delete),
            2 => (0..4_usize).prop_map(Step::Remove),
            1 => Just(Step::Set(Versioning::Enabled)),
            1 => Just(Step::Set(Versioning::Suspended)),
        ];
        ("[ab/]{1,3}", step)
    }

    proptest! {
        #[test]
        fn pages_add_up_to_all_that_was_done(
            steps in prop::collection::vec(step(), 0..40),
            prefix in "[ab]{0,1}",
            delimiter in prop::option::of(Just("/")),
            max in 1..5_usize,
        ) {
            let mut buckets = Buckets::default();
            buckets.named.insert("b".to_owned(), crate::services::s3::store::Bucket::new(String::new(), String::new(), UNIX_EPOCH));
            buckets.get_mut("b").unwrap().versioning = Versioning::Enabled;
            let mut model = Model::default();
            for (key, step) in steps {
                match step {
                    Step::Put => {
                        let object = Object::new(Content::bytes(Bytes::new()), UNIX_EPOCH);
                        model.push(&key, buckets.put("b", &key, object).unwrap());
                    }
                    Step::Delete => {
                        let marker = buckets.marker("b", UNIX_EPOCH).unwrap();
                        prop_assert_eq!(marker.modified, Seconds::of(UNIX_EPOCH));
                        let deleted = buckets.get_mut("b").unwrap().delete(&key, marker);
                        prop_assert_eq!(deleted.version, Some(marker.version));
                        model.push(&key, marker.version);
                    }
                    Step::Remove(at) => {
                        let Some(versions) = model.0.get_mut(&key).filter(|versions| versions.len() > at) else { continue };
                        let id = versions.remove(at);
                        if versions.is_empty() {
                            model.0.remove(&key);
                        }
                        let removed = buckets.get_mut("b").unwrap().remove(&key, id);
                        prop_assert_eq!(removed.event, Some("ObjectRemoved:Delete"));
                    }
                    Step::Set(versioning) => buckets.get_mut("b").unwrap().versioning = versioning,
                }
            }
            let bucket = buckets.get("b").unwrap();
            // A key is current in one place, and only a delete marker stands for a missing one.
            for (key, versions) in &bucket.history {
                let top = versions.last().unwrap();
                prop_assert!(bucket.objects.contains_key(key) || matches!(top, Version::Marker(_)));
            }
            let shelves = bucket.shelves();
            let (mut listed, mut from): (Vec<Line>, Option<(String, Option<VersionId>)>) = (Vec::new(), None);
            loop {
                let query = Query {
                    prefix: &prefix,
                    delimiter,
                    key_marker: from.as_ref().map(|(key, _)| key.as_str()),
                    version_marker: from.as_ref().and_then(|(_, version)| *version),
                    max,
                };
                let page = page(shelves, &query);
                prop_assert!(page.entries.len() <= max);
                listed.extend(page.entries.iter().map(line));
                if !page.truncated {
                    break;
                }
                prop_assert_eq!(page.entries.len(), max);
                from = page.entries.last().map(|entry| (entry.name().to_owned(), entry.version()));
            }
            prop_assert_eq!(listed, model.lines(&prefix, delimiter));
        }
    }

    #[test]
    fn a_marker_that_is_gone_still_says_where() {
        let (mut objects, mut history) = (BTreeMap::new(), BTreeMap::new());
        let object = |number| Object {
            version: VersionId::of(number),
            ..Object::new(Content::bytes(Bytes::new()), UNIX_EPOCH)
        };
        history.insert(Key::from("k"), [2, 0, 5].map(|number| Version::Object(object(number))).into());
        objects.insert(Key::from("k"), object(9));
        let after = |marker| {
            let query = Query {
                prefix: "",
                delimiter: None,
                key_marker: Some("k"),
                version_marker: Some(VersionId::of(marker)),
                max: 9,
            };
            let page = page(Shelves { objects: &objects, history: &history }, &query);
            page.entries.iter().filter_map(Entry::version).collect::<Vec<_>>()
        };
        let ids = |numbers: &[u64]| numbers.iter().map(|number| VersionId::of(*number)).collect::<Vec<_>>();
        assert_eq!(after(9), ids(&[5, 0, 2]));
        assert_eq!(after(7), ids(&[5, 0, 2]));
        assert_eq!(after(4), ids(&[0, 2]));
        assert_eq!(after(0), ids(&[2]));
        assert_eq!(after(1), ids(&[]));
    }
}
