//! What can be received from a queue, and in which order.

use std::{collections::BTreeSet, ops::Bound};

use super::{content::Content, groups::Groups};

/// The messages that are visible: in the order of arrival, or in that of their groups.
#[derive(Debug)]
pub(super) enum Visible {
    Standard(BTreeSet<u64>),
    Fifo(Groups),
}

impl Visible {
    pub(super) fn new(is_fifo: bool) -> Self {
        if is_fifo { Self::Fifo(Groups::default()) } else { Self::Standard(BTreeSet::new()) }
    }

    /// Whether a receive would find something.
    pub(super) fn has_some(&self) -> bool {
        match self {
            Self::Standard(visible) => !visible.is_empty(),
            Self::Fifo(groups) => groups.any_open(),
        }
    }

    /// The next messages, at most so many. Of a standard queue those after one number and up to another; of a
    /// FIFO queue those of its first open group.
    pub(super) fn next(&self, after: u64, last: u64, most: usize) -> Vec<u64> {
        match self {
            Self::Standard(visible) => {
                let range = visible.range((Bound::Excluded(after), Bound::Included(last)));
                range.copied().take(most).collect()
            }
            Self::Fifo(groups) => groups.first(most),
        }
    }

    /// A message is visible.
    pub(super) fn show(&mut self, id: u64, content: &Content) {
        match (self, &content.group) {
            (Self::Standard(visible), _) => drop(visible.insert(id)),
            (Self::Fifo(groups), Some(group)) => groups.show(group, id),
            // Every message of a FIFO queue has a group: sends without one are refused.
            (Self::Fifo(_), None) => {}
        }
    }

    /// A visible message goes into flight.
    pub(super) fn hold(&mut self, id: u64, content: &Content) {
        match (self, &content.group) {
            (Self::Standard(visible), _) => drop(visible.remove(&id)),
            (Self::Fifo(groups), Some(group)) => groups.hold(group, id),
            (Self::Fifo(_), None) => {}
        }
    }

    /// A message in flight is so no longer.
    pub(super) fn release(&mut self, content: &Content) {
        if let (Self::Fifo(groups), Some(group)) = (self, &content.group) {
            groups.release(group);
        }
    }

    /// A visible message is gone.
    pub(super) fn remove(&mut self, id: u64, content: &Content) {
        match (self, &content.group) {
            (Self::Standard(visible), _) => drop(visible.remove(&id)),
            (Self::Fifo(groups), Some(group)) => groups.remove(group, id),
            (Self::Fifo(_), None) => {}
        }
    }
}
