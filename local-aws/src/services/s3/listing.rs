//! A page of a listing, pure: seeks in a sorted map, and never walks what a common prefix rolls up.

use std::{collections::BTreeMap, ops::Bound};

use super::object::Key;

/// What is to be listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Only entries greater than this, common prefixes included.
    pub(crate) after: Option<&'a str>,
    pub(crate) max: usize,
}

/// An entry of a page: an item, or a prefix that stands for all items under it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a, V> {
    Item(&'a str, &'a V),
    Prefix(&'a str),
}

/// A page, in the order of UTF-8 bytes.
#[derive(Debug)]
pub(crate) struct Page<'a, V> {
    pub(crate) entries: Vec<Entry<'a, V>>,
    /// Whether something comes after it.
    pub(crate) truncated: bool,
}

impl<V> Entry<'_, V> {
    pub(crate) const fn name(&self) -> &str {
        match self {
            Self::Item(name, _) | Self::Prefix(name) => name,
        }
    }
}

impl<V> Page<'_, V> {
    /// Where the next page begins, after this.
    pub(crate) fn next(&self) -> Option<&str> {
        self.entries.last().filter(|_| self.truncated).map(Entry::name)
    }
}

/// One page: O(log n) for each common prefix, O(1) for each item.
pub(crate) fn page<'a, V>(map: &'a BTreeMap<Key, V>, query: &Query<'_>) -> Page<'a, V> {
    let mut page = Page { entries: Vec::new(), truncated: false };
    // A page of nothing is the last one: it has no place to go on from.
    if query.max == 0 {
        return page;
    }
    let mut seek = match query.after {
        Some(after) if after >= query.prefix => Bound::Excluded(after.as_bytes().to_vec()),
        _ => Bound::Included(query.prefix.as_bytes().to_vec()),
    };
    loop {
        let Some(passed) = walk(map, query, &seek, &mut page) else { return page };
        seek = Bound::Included(successor(passed));
    }
}

/// Takes entries from a place on, up to and with the first common prefix, which it answers.
fn walk<'a, V>(
    map: &'a BTreeMap<Key, V>,
    query: &Query<'_>,
    seek: &Bound<Vec<u8>>,
    page: &mut Page<'a, V>,
) -> Option<&'a str> {
    let from = seek.as_ref().map(Vec::as_slice);
    for (key, value) in map.range::<[u8], _>((from, Bound::Unbounded)) {
        let key = key.as_str();
        let rest = key.strip_prefix(query.prefix)?;
        let group = query.delimiter.filter(|delimiter| !delimiter.is_empty()).and_then(|delimiter| {
            let at = rest.find(delimiter)?;
            Some(&key[..query.prefix.len() + at + delimiter.len()])
        });
        // The place to start from may be inside of a common prefix, which then is not after it.
        if group.is_none_or(|group| query.after.is_none_or(|after| group > after)) {
            if page.entries.len() == query.max {
                page.truncated = true;
                return None;
            }
            page.entries.push(group.map_or(Entry::Item(key, value), Entry::Prefix));
        }
        if group.is_some() {
            return group;
        }
    }
    None
}

/// The least bytes that are greater than all that start with the prefix. UTF-8 has no byte 0xFF, and a
/// common prefix is never empty.
pub(crate) fn successor(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// What a listing is, said as plainly as it can be.
    fn model(
        keys: &BTreeSet<String>,
        prefix: &str,
        delimiter: Option<&str>,
        after: Option<&str>,
    ) -> Vec<String> {
        let names: BTreeSet<String> = keys
            .iter()
            .filter(|key| key.starts_with(prefix))
            .map(|key| match delimiter.and_then(|delimiter| key[prefix.len()..].find(delimiter)) {
                Some(at) => key[..prefix.len() + at + delimiter.unwrap_or_default().len()].to_owned(),
                None => key.clone(),
            })
            .collect();
        names.into_iter().filter(|name| after.is_none_or(|after| name.as_str() > after)).collect()
    }

    fn key() -> impl Strategy<Value = String> {
        "[ab/.\u{1}\u{7f}\u{ffff}\u{10000}-]{1,6}"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn pages_add_up_to_the_model(
            keys in prop::collection::btree_set(key(), 0..30),
            prefix in "[ab/]{0,2}",
            delimiter in prop::option::of("/|a|//|a/"),
            after in prop::option::of(key()),
            max in 1..5_usize,
        ) {
            let map: BTreeMap<Key, u8> = keys.iter().map(|key| (Key::from(key.as_str()), 0)).collect();
            let (delimiter, after) = (delimiter.as_deref(), after.as_deref());
            let mut listed = Vec::new();
            let mut from = after.map(str::to_owned);
            loop {
                let query = Query { prefix: &prefix, delimiter, after: from.as_deref(), max };
                let page = page(&map, &query);
                prop_assert!(page.entries.len() <= max);
                listed.extend(page.entries.iter().map(|entry| entry.name().to_owned()));
                match page.next().map(str::to_owned) {
                    Some(next) => from = Some(next),
                    None => break,
                }
            }
            prop_assert!(listed.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
            prop_assert_eq!(listed, model(&keys, &prefix, delimiter, after));
        }
    }

    #[test]
    fn a_page_of_nothing_is_not_truncated() {
        let map = BTreeMap::from([(Key::from("a"), 0)]);
        let page = page(&map, &Query { prefix: "", delimiter: None, after: None, max: 0 });
        assert!(page.entries.is_empty() && !page.truncated);
    }
}
