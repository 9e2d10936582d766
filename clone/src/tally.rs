//! [`Tally`]: groups what was not copied, in bounded memory.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::{Failure, Failures, Key, request::Fault};

/// Groups what was not copied by error code and prefix: when a code has too many prefixes, they are shortened
/// to their parents.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    codes: BTreeMap<String, BTreeMap<String, Failures>>,
}

impl Tally {
    const CODES: usize = 64;
    const PREFIXES: usize = 32;
    const SAMPLES: usize = 10;

    pub(crate) fn add(&mut self, key: &Key, fault: Fault) {
        let many = self.codes.len() >= Self::CODES && !self.codes.contains_key(&fault.code);
        let code = if many { "Other".to_owned() } else { fault.code };
        let groups = self.codes.entry(code.clone()).or_default();
        let prefix = folder(key.as_str());
        // The nearest group above, for groups that were shortened.
        let near =
            std::iter::successors(Some(prefix), |prefix| parent(prefix)).find(|it| groups.contains_key(*it));
        let samples = vec![Failure { key: key.clone(), message: fault.message }];
        let name = near.unwrap_or(prefix).to_owned();
        merge(groups, Failures { code, prefix: name, count: 1, samples });
        while groups.len() > Self::PREFIXES {
            let depth = groups.keys().map(|prefix| prefix.matches('/').count()).max().unwrap_or(0);
            let all = std::mem::take(groups);
            for (prefix, mut group) in all {
                if prefix.matches('/').count() == depth {
                    parent(&prefix).unwrap_or_default().clone_into(&mut group.prefix);
                }
                merge(groups, group);
            }
        }
    }

    /// The groups, the largest first.
    pub(crate) fn into_failures(self) -> Vec<Failures> {
        let mut failures: Vec<_> = self.codes.into_values().flat_map(BTreeMap::into_values).collect();
        failures.sort_by_key(|group| Reverse(group.count));
        failures
    }
}

fn merge(groups: &mut BTreeMap<String, Failures>, group: Failures) {
    match groups.get_mut(&group.prefix) {
        Some(known) => {
            known.count += group.count;
            let room = Tally::SAMPLES.saturating_sub(known.samples.len());
            known.samples.extend(group.samples.into_iter().take(room));
        }
        None => {
            groups.insert(group.prefix.clone(), group);
        }
    }
}

/// What comes up to and with the last `/`.
fn folder(key: &str) -> &str {
    &key[..key.rfind('/').map_or(0, |at| at + 1)]
}

/// The folder above a folder; none above the topmost, which is empty.
fn parent(prefix: &str) -> Option<&str> {
    prefix.strip_suffix('/').map(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Cause;

    fn tally(keys: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Failures> {
        let mut tally = Tally::default();
        for (code, key) in keys {
            tally.add(&Key::new(key).unwrap(), Fault::new(Cause::Permanent, code, "no"));
        }
        tally.into_failures()
    }

    #[test]
    fn failures_are_grouped() {
        let failures = tally(
            (0..40).map(|n| if n % 4 == 0 { ("B", format!("b/{n}")) } else { ("A", format!("a/x/{n}")) }),
        );
        let groups: Vec<_> =
            failures.iter().map(|it| (it.code.as_str(), it.prefix.as_str(), it.count)).collect();
        assert_eq!(groups, [("A", "a/x/", 30), ("B", "b/", 10)]);
        assert_eq!(failures[0].samples.len(), 10);
    }

    #[test]
    fn prefixes_are_bounded_and_no_failure_is_lost() {
        let failures = tally((0..5000).map(|n| ("A", format!("top/{n}/x/{n}"))));
        assert_eq!(failures.len(), 1);
        assert_eq!((failures[0].prefix.as_str(), failures[0].count), ("top/", 5000));
        let failures = tally((0..500).map(|n| ("A", "/".repeat(n % 100) + "k")));
        assert!(failures.len() <= 32);
        assert_eq!(failures.iter().map(|it| it.count).sum::<u64>(), 500);
    }
}
