//! [`Backlog`]: what was listed and waits to be copied.

use std::collections::{HashMap, VecDeque};

use crate::{pages::PageId, plan::Order, segments::SegmentId};

/// What was listed and waits to be copied, segment by segment: it is taken from several segments in turn, so that the
/// copies spread over the key space and with it over the partitions of the destination; and not from all of them, so
/// that pages come to their end.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    segments: HashMap<SegmentId, VecDeque<(PageId, Order)>>,
    /// Whose turn it is: at most `spread`.
    turns: VecDeque<SegmentId>,
    /// Who waits for a turn. Each segment that has orders is here or there, once.
    next: VecDeque<SegmentId>,
    spread: usize,
    len: usize,
}

impl Backlog {
    /// Takes from up to `spread` segments in turn, at least one.
    pub(crate) fn new(spread: usize) -> Self {
        Self { spread: spread.max(1), ..Self::default() }
    }

    pub(crate) fn push(&mut self, segment: SegmentId, page: PageId, orders: Vec<Order>) {
        if orders.is_empty() {
            return;
        }
        self.len += orders.len();
        let waiting = self.segments.entry(segment).or_default();
        if waiting.is_empty() {
            self.next.push_back(segment);
        }
        waiting.extend(orders.into_iter().map(|order| (page, order)));
    }

    pub(crate) fn pop(&mut self) -> Option<(PageId, Order)> {
        while self.turns.len() < self.spread
            && let Some(next) = self.next.pop_front()
        {
            self.turns.push_back(next);
        }
        let segment = self.turns.pop_front()?;
        let waiting = self.segments.get_mut(&segment)?;
        let order = waiting.pop_front()?;
        if waiting.is_empty() {
            self.segments.remove(&segment);
        } else {
            self.turns.push_back(segment);
        }
        self.len -= 1;
        Some(order)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.spread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Key, plan::Place};

    #[test]
    fn segments_take_turns() {
        let order = |key: &str| {
            let entry = Entry {
                key: Key::new(key).unwrap(),
                size: 0,
                etag: None,
                modified: None,
                storage_class: None,
                version: None,
            };
            Order { entry, place: Place::Any }
        };
        let mut backlog = Backlog::new(2);
        backlog.push(1, 7, vec![order("a"), order("b"), order("c")]);
        backlog.push(2, 8, vec![order("x")]);
        backlog.push(3, 9, Vec::new());
        backlog.push(1, 10, vec![order("d")]);
        assert_eq!(backlog.len(), 5);
        let order: String = std::iter::from_fn(|| backlog.pop())
            .map(|(_, order)| order.entry.key.as_str().to_owned())
            .collect();
        assert_eq!(order, "axbcd");
        assert_eq!(backlog.len(), 0);
    }
}
