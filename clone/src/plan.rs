//! [`Planner`]: what is to be done with the objects of a page.

use std::{cmp::Ordering, fmt, sync::Arc};

use crate::{Compare, Entry, Key, compare::Verdict};

/// Whether a key, without the prefix, is part of the clone.
pub(crate) type Filter = dyn Fn(&str) -> bool + Send + Sync;

/// The key in the destination, of a key in the source: both without their prefixes.
pub(crate) type MapKey = dyn Fn(&str) -> String + Send + Sync;

/// Decides what is to be done with the objects of a page: which are copied, and which are only in the destination.
/// Pure.
#[derive(Clone)]
pub(crate) struct Planner {
    pub(crate) compare: Compare,
    pub(crate) filter: Option<Arc<Filter>>,
    /// When the clone began, in seconds since 1970, if it is gone on with: what it has copied since is not copied again.
    pub(crate) since: Option<i64>,
    /// The lengths of the prefixes.
    pub(crate) source: usize,
    pub(crate) destination: usize,
}

/// An object that is to be copied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) entry: Entry,
    pub(crate) place: Place,
}

/// What is known of the key that an object is to have in the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing: whatever is there is replaced.
    Any,
    /// Nothing yet: it has to be looked at.
    Unseen,
    /// There is no object.
    Absent,
    /// There is another object, of this `ETag`.
    Holds(Box<str>),
    /// There is an object of this `ETag`, and only the checksums can tell whether it is another.
    Doubtful(Box<str>),
}

/// What the destination holds in the range of a page.
#[derive(Debug)]
pub(crate) enum Beside {
    /// Nobody asked.
    NotAsked,
    /// It has to be looked at, key by key.
    Unseen,
    /// These, in order.
    Listed(Vec<Entry>),
}

/// What is to be done with the objects of a page.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) orders: Vec<Order>,
    /// What is as it should be, and its `ETag` in the destination.
    pub(crate) unchanged: Vec<(Entry, Option<Box<str>>)>,
    /// What is in the destination, and not in the source.
    pub(crate) extra: Vec<Entry>,
    /// What the filter leaves out of the source.
    pub(crate) left_out: u64,
}

impl Planner {
    /// Plans a page: what was listed of the source, in order, and what the destination holds in the same range.
    pub(crate) fn plan(&self, mut source: Vec<Entry>, beside: Beside) -> Plan {
        let mut plan = Plan::default();
        let all = source.len();
        source.retain(|entry| self.is_part(&entry.key, self.source));
        plan.left_out = (all - source.len()) as u64;
        let listed = match beside {
            Beside::NotAsked => return Plan { orders: each(source, &Place::Any), ..plan },
            Beside::Unseen => return Plan { orders: each(source, &Place::Unseen), ..plan },
            Beside::Listed(listed) => listed,
        };
        let mut listed =
            listed.into_iter().filter(|entry| self.is_part(&entry.key, self.destination)).peekable();
        for entry in source {
            let within = &entry.key.as_str()[self.source..];
            while let Some(extra) =
                listed.next_if(|it| it.key.as_str()[self.destination..].cmp(within) == Ordering::Less)
            {
                plan.extra.push(extra);
            }
            match listed.next_if(|it| &it.key.as_str()[self.destination..] == within) {
                None => plan.orders.push(Order { entry, place: Place::Absent }),
                Some(held) => self.pair(&mut plan, entry, held),
            }
        }
        plan.extra.extend(listed);
        plan
    }

    /// Compares an object with the one that has its key in the destination.
    pub(crate) fn judge(&self, entry: &Entry, held: Entry) -> Option<Place> {
        if self.is_ours(entry, &held) {
            return None;
        }
        let verdict = self.compare.judge(entry, &held);
        match (verdict, held.etag) {
            (Verdict::Same, _) => None,
            (_, None) => Some(Place::Any),
            (Verdict::Differs, Some(etag)) => Some(Place::Holds(etag)),
            (Verdict::Doubtful, Some(etag)) => Some(Place::Doubtful(etag)),
        }
    }

    /// Whether the destination is to be looked at.
    pub(crate) fn looks(&self) -> bool {
        self.compare.looks() || self.since.is_some()
    }

    /// Whether this clone has copied the object, before it was gone on with.
    fn is_ours(&self, entry: &Entry, held: &Entry) -> bool {
        let Some(since) = self.since else { return false };
        let is_later = entry.modified.zip(held.modified).is_some_and(|(from, to)| to > from && to >= since);
        is_later && entry.size == held.size
    }

    fn pair(&self, plan: &mut Plan, entry: Entry, held: Entry) {
        let etag = held.etag.clone();
        match self.judge(&entry, held) {
            None => plan.unchanged.push((entry, etag)),
            Some(place) => plan.orders.push(Order { entry, place }),
        }
    }

    fn is_part(&self, key: &Key, prefix: usize) -> bool {
        self.filter.as_ref().is_none_or(|filter| key.as_str().get(prefix..).is_some_and(|key| filter(key)))
    }
}

fn each(source: Vec<Entry>, place: &Place) -> Vec<Order> {
    source.into_iter().map(|entry| Order { entry, place: place.clone() }).collect()
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner").field("compare", &self.compare).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn entry(key: &str, size: u64) -> Entry {
        Entry {
            key: Key::new(key).unwrap(),
            size,
            etag: Some(format!("\"{size}\"").into()),
            modified: None,
            storage_class: None,
            version: None,
        }
    }

    fn side(prefix: &str, objects: &BTreeMap<String, u64>) -> Vec<Entry> {
        objects.iter().map(|(key, size)| entry(&format!("{prefix}{key}"), *size)).collect()
    }

    proptest! {
        /// Each key is copied, unchanged, extra or left out, as a look at both sides tells.
        #[test]
        fn each_key_has_its_due(
            source in prop::collection::btree_map("[a-c/]{1,3}", 0_u64..3, 0..30),
            destination in prop::collection::btree_map("[a-c/]{1,3}", 0_u64..3, 0..30),
            without in "[a-d]",
        ) {
            let is_part = move |key: &str| !key.starts_with(&without);
            let filter: Arc<Filter> = Arc::new(is_part.clone());
            let planner = Planner { compare: Compare::ETag, filter: Some(filter), since: None, source: 2, destination: 5 };
            let plan = planner.plan(side("s/", &source), Beside::Listed(side("dest/", &destination)));
            let (mut orders, mut unchanged, mut extra) = (Vec::new(), Vec::new(), Vec::new());
            for (key, size) in source.iter().filter(|(key, _)| is_part(key)) {
                let entry = entry(&format!("s/{key}"), *size);
                match destination.get(key) {
                    None => orders.push(Order { entry, place: Place::Absent }),
                    Some(held) if held == size => {
                        let etag = entry.etag.clone();
                        unchanged.push((entry, etag));
                    }
                    Some(held) => {
                        orders.push(Order { entry, place: Place::Holds(format!("\"{held}\"").into()) });
                    }
                }
            }
            let only_there = |key: &&String| is_part(key) && !source.contains_key(*key);
            for key in destination.keys().filter(only_there) {
                extra.push(entry(&format!("dest/{key}"), destination[key]));
            }
            let left_out = source.keys().filter(|key| !is_part(key)).count() as u64;
            prop_assert_eq!(plan, Plan { orders, unchanged, extra, left_out });
        }
    }
}
