//! [`Sample`]: where the keys are, for the next run.

use super::{Entry, PAGE};
use crate::Key;

/// So many keys are remembered at most: of ten million, one in about two thousand.
const KEPT: usize = 8192;

/// About so many pages of keys lie between two hints: a range that is much shorter is not worth a listing of its own.
const PAGES_BETWEEN: u64 = 4;

/// The most hints.
const MOST: u64 = 1000;

/// Keys at even distances, and how many keys each stands for: itself and those before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    keys: Vec<(Key, u64)>,
}

impl Sample {
    /// Learns of keys in order that no other is between.
    pub(super) fn take(&mut self, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        self.keys.push((last.key.clone(), entries.len() as u64));
        if self.keys.len() >= KEPT {
            self.keys.sort_unstable();
            // Of two neighbours, the second stands for both.
            let pairs = self.keys.chunks(2).filter_map(|pair| {
                let (key, _) = pair.last()?;
                Some((key.clone(), pair.iter().map(|(_, count)| count).sum()))
            });
            self.keys = pairs.collect();
        }
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
    }

    /// Keys that cut all that was learnt of into ranges of about equal weight.
    pub(super) fn into_hints(mut self) -> Vec<Key> {
        self.keys.sort_unstable();
        let all: u64 = self.keys.iter().map(|(_, count)| count).sum();
        let pieces = all.div_ceil(PAGES_BETWEEN * PAGE as u64).clamp(1, MOST);
        let (mut hints, mut before) = (Vec::new(), 0);
        for (key, count) in self.keys {
            before += count;
            let next = (hints.len() as u64 + 1) * all / pieces;
            if before >= next && before < all {
                hints.push(key);
            }
        }
        hints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u32) -> Vec<Entry> {
        let entry = |key: String| Entry {
            key: Key::new(key).unwrap(),
            size: 1,
            etag: None,
            modified: None,
            storage_class: None,
            version: None,
        };
        (0..PAGE).map(|at| entry(format!("{number:06}/{at:04}"))).collect()
    }

    #[test]
    fn hints_are_of_equal_weight() {
        let mut sample = Sample::default();
        for number in (0..40).rev() {
            sample.take(&page(number));
        }
        let hints = sample.into_hints();
        let expected = (0..9).map(|piece| format!("{:06}/0999", piece * 4 + 3)).collect::<Vec<_>>();
        assert_eq!(hints.iter().map(Key::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn few_keys_have_no_hints() {
        let mut sample = Sample::default();
        assert!(sample.clone().into_hints().is_empty());
        (0..4).for_each(|number| sample.take(&page(number)));
        assert!(sample.clone().into_hints().is_empty());
        sample.take(&page(4));
        assert_eq!(sample.into_hints().len(), 1);
    }

    #[test]
    fn many_keys_are_thinned() {
        let mut sample = Sample::default();
        let pages = 20_000;
        // In an order that has nothing to do with theirs.
        for number in 0..pages {
            let number = number * 7_919 % pages;
            let mut page = page(number);
            page.drain(..PAGE - 1);
            sample.take(&page);
            sample.keys.last_mut().unwrap().1 = PAGE as u64;
        }
        assert!(sample.keys.len() < KEPT);
        let hints = sample.into_hints();
        assert_eq!(hints.len(), 999);
        let places: Vec<u32> = hints.iter().map(|hint| hint.as_str()[..6].parse().unwrap()).collect();
        let widest = places.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        assert!(widest <= 40, "20 pages between two, and not much more: {widest}");
    }
}
