//! [`Coverage`]: the proof that nothing was left out.

use crate::{Key, KeyRange};

/// The ranges whose listing is settled, merged where they meet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    /// In order, apart from each other.
    settled: Vec<KeyRange>,
}

impl Coverage {
    /// Everything is settled but some ranges.
    pub(crate) fn beside(ranges: &[KeyRange]) -> Self {
        let mut open = Self::default();
        for range in ranges {
            open.settle(range.clone());
        }
        let mut coverage = Self::default();
        for gap in open.gaps() {
            coverage.settle(gap);
        }
        coverage
    }

    /// What some ranges, which may overlap, leave out.
    #[cfg(feature = "journal")]
    pub(crate) fn missing(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
        ranges.sort_by(|a, b| a.after().cmp(&b.after()));
        let mut missing = Vec::new();
        // Up to where all is covered; `None` when all is.
        let mut at = Some(None);
        for range in ranges {
            let Some(covered) = at.clone() else { break };
            if range.after() > covered.as_ref() {
                missing.extend(KeyRange::new(covered.clone(), range.after().cloned()));
            }
            at = match range.until() {
                None => None,
                Some(until) if covered.as_ref().is_none_or(|covered| until > covered) => {
                    Some(Some(until.clone()))
                }
                Some(_) => Some(covered),
            };
        }
        if let Some(covered) = at {
            missing.extend(KeyRange::new(covered, None));
        }
        missing
    }

    /// Settles a range that no settled one overlaps.
    pub(crate) fn settle(&mut self, range: KeyRange) {
        // `None` comes first among the starts, as it should.
        let at = self.settled.partition_point(|it| it.after() < range.after());
        self.settled.insert(at, range);
        self.merge(at);
        if at > 0 {
            self.merge(at - 1);
        }
    }

    /// Merges a range with the next if it ends where the next starts.
    fn merge(&mut self, at: usize) {
        let Some(next) = self.settled.get(at + 1) else { return };
        let this = &self.settled[at];
        if this.until().is_some()
            && this.until() == next.after()
            && let Some(both) = KeyRange::new(this.after().cloned(), next.until().cloned())
        {
            self.settled[at] = both;
            self.settled.remove(at + 1);
        }
    }

    /// What is not settled. Nothing, if the settled ranges tile the whole key space.
    pub(crate) fn gaps(&self) -> Vec<KeyRange> {
        let mut gaps = Vec::new();
        // Where the next range must start: nowhere after one without an end.
        let mut at: Option<Option<Key>> = Some(None);
        for range in &self.settled {
            if let Some(from) = at
                && from.as_ref() != range.after()
            {
                gaps.extend(KeyRange::new(from, range.after().cloned()));
            }
            at = range.until().cloned().map(Some);
        }
        if let Some(from) = at {
            gaps.extend(KeyRange::new(from, None));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(after: &str, until: &str) -> KeyRange {
        KeyRange::new(Key::new(after), Key::new(until)).unwrap()
    }

    #[cfg(feature = "journal")]
    #[test]
    fn overlapping_ranges_cover_what_they_cover() {
        assert_eq!(Coverage::missing(vec![]), [KeyRange::ALL]);
        assert_eq!(Coverage::missing(vec![KeyRange::ALL, range("a", "b")]), []);
        assert_eq!(Coverage::missing(vec![range("c", ""), range("", "d"), range("b", "c")]), []);
        let gaps = Coverage::missing(vec![range("c", "d"), range("", "b"), range("", "a")]);
        assert_eq!(gaps, [range("b", "c"), range("d", "")]);
    }

    #[test]
    fn the_whole_has_no_gap() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.gaps(), [KeyRange::ALL]);
        coverage.settle(range("b", "c"));
        assert_eq!(coverage.gaps(), [range("", "b"), range("c", "")]);
        coverage.settle(range("d", ""));
        coverage.settle(range("", "b"));
        assert_eq!(coverage.gaps(), [range("c", "d")]);
        coverage.settle(range("c", "d"));
        assert_eq!(coverage.gaps(), []);
        assert_eq!(coverage.settled, [KeyRange::ALL]);
    }
}
