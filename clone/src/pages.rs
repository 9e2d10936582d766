//! [`Pages`]: which part of the key space is settled, because all that was listed there has ended.

use std::collections::HashMap;

use crate::{KeyRange, segments::Coverage};

/// A name for a page, never used twice.
pub(crate) type PageId = u64;

/// The pages whose objects are under way, and what is settled.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    open: HashMap<PageId, Open>,
    settled: Coverage,
    next: PageId,
}

#[derive(Debug)]
struct Open {
    range: Option<KeyRange>,
    /// How many of its objects have not ended.
    left: usize,
    /// Whether one of them is not as it should be, so that the page is to be looked at again.
    is_spoiled: bool,
}

impl Pages {
    /// Nothing is open but some ranges.
    pub(crate) fn over(ranges: &[KeyRange]) -> Self {
        Self { settled: Coverage::beside(ranges), ..Self::default() }
    }

    /// A page of so many objects that have not ended. One that covers no range settles nothing.
    pub(crate) fn open(&mut self, range: Option<KeyRange>, left: usize) -> PageId {
        let id = self.next;
        self.next += 1;
        self.open.insert(id, Open { range, left, is_spoiled: false });
        self.close(id);
        id
    }

    /// An object of a page has ended: as it should, or not.
    pub(crate) fn ended(&mut self, id: PageId, well: bool) {
        if let Some(page) = self.open.get_mut(&id) {
            page.left = page.left.saturating_sub(1);
            page.is_spoiled |= !well;
            self.close(id);
        }
    }

    fn close(&mut self, id: PageId) {
        if self.open.get(&id).is_none_or(|page| page.left > 0) {
            return;
        }
        if let Some(Open { range: Some(range), is_spoiled: false, .. }) = self.open.remove(&id) {
            self.settled.settle(range);
        }
    }

    /// What is not settled, in order.
    pub(crate) fn rest(&self) -> Vec<KeyRange> {
        self.settled.gaps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn range(after: &str, until: &str) -> KeyRange {
        KeyRange::new(Key::new(after), Key::new(until)).unwrap()
    }

    #[test]
    fn a_page_is_settled_when_all_of_it_ended_well() {
        let mut pages = Pages::over(&[range("", "m"), range("p", "")]);
        assert_eq!(pages.rest(), [range("", "m"), range("p", "")]);
        let one = pages.open(Some(range("", "c")), 2);
        let two = pages.open(Some(range("c", "m")), 1);
        pages.open(Some(range("p", "")), 0);
        pages.ended(one, true);
        assert_eq!(pages.rest(), [range("", "m")]);
        pages.ended(one, true);
        pages.ended(two, false);
        assert_eq!(pages.rest(), [range("c", "m")], "what failed is to be looked at again");
        pages.open(None, 0);
        assert_eq!(pages.rest(), [range("c", "m")]);
    }
}
