//! [`Turns`]: one message of a group at a time. Pure: it is told who comes and who goes.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

/// One message of a group at a time, in the order in which they came.
///
/// Two of a group in one call would not do: each entry fails for itself, and the second would be in the queue before the first.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// By the groups that have a message on its way: who comes after it.
    behind: HashMap<String, VecDeque<T>, RandomState>,
}

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self { behind: HashMap::default() }
    }

    /// One comes: it is answered at once if it is its turn, and by [`leave`](Self::leave) if not.
    pub(super) fn enter(&mut self, group: &str, item: T) -> Option<T> {
        if let Some(behind) = self.behind.get_mut(group) {
            behind.push_back(item);
            return None;
        }
        self.behind.insert(group.to_owned(), VecDeque::new());
        Some(item)
    }

    /// The one of a group that had its turn has come to its end: whose turn it is now.
    pub(super) fn leave(&mut self, group: &str) -> Option<T> {
        let next = self.behind.get_mut(group)?.pop_front();
        if next.is_none() {
            self.behind.remove(group);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_group_at_a_time() {
        let mut turns = Turns::new();
        assert_eq!(turns.enter("a", 1), Some(1));
        assert_eq!((turns.enter("a", 2), turns.enter("a", 3)), (None, None));
        assert_eq!(turns.enter("b", 4), Some(4), "groups do not wait for each other");
        assert_eq!((turns.leave("a"), turns.leave("a"), turns.leave("a")), (Some(2), Some(3), None));
        assert_eq!(turns.enter("a", 5), Some(5));
        assert_eq!((turns.leave("b"), turns.leave("a")), (None, None));
        assert!(turns.behind.is_empty(), "a group that has nothing costs nothing");
    }
}
