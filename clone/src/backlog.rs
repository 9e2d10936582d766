//! [`Backlog`]: what was listed and waits to be copied.

use std::collections::{HashMap, VecDeque};

use crate::segments::{Entry, SegmentId};

/// What was listed and waits to be copied, segment by segment: it is taken from all segments in turn, so that
/// the copies spread over the key space and with it over the partitions of the destination.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    segments: HashMap<SegmentId, VecDeque<Entry>>,
    /// Whose turn it is; each segment that has entries is here once.
    turns: VecDeque<SegmentId>,
    len: usize,
}

impl Backlog {
    pub(crate) fn push(&mut self, segment: SegmentId, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        self.len += entries.len();
        let waiting = self.segments.entry(segment).or_default();
        if waiting.is_empty() {
            self.turns.push_back(segment);
        }
        waiting.extend(entries);
    }

    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let segment = self.turns.pop_front()?;
        let waiting = self.segments.get_mut(&segment)?;
        let entry = waiting.pop_front()?;
        if waiting.is_empty() {
            self.segments.remove(&segment);
        } else {
            self.turns.push_back(segment);
        }
        self.len -= 1;
        Some(entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn segments_take_turns() {
        let entry =
            |key: &str| Entry { key: Key::new(key).unwrap(), size: 0, etag: None, storage_class: None };
        let mut backlog = Backlog::default();
        backlog.push(1, vec![entry("a"), entry("b"), entry("c")]);
        backlog.push(2, vec![entry("x")]);
        backlog.push(3, Vec::new());
        backlog.push(1, vec![entry("d")]);
        assert_eq!(backlog.len(), 5);
        let order: String =
            std::iter::from_fn(|| backlog.pop()).map(|entry| entry.key.as_str().to_owned()).collect();
        assert_eq!(order, "axbcd");
        assert_eq!(backlog.len(), 0);
    }
}
