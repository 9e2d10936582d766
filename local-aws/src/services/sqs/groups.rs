//! The message groups of a FIFO queue: which of them are open, and in which order.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Each group hands out its messages in order, and none while one of them is in flight.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// The groups that may be received from, by their first visible message.
    open: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    /// Messages that are visible.
    visible: BTreeSet<u64>,
    /// Messages in flight.
    held: usize,
    /// Under which message it is listed as open.
    listed: Option<u64>,
}

impl Groups {
    /// A message is visible.
    pub(super) fn show(&mut self, name: &Arc<str>, id: u64) {
        self.change(name, |group| {
            group.visible.insert(id);
        });
    }

    /// A message in flight is so no longer.
    pub(super) fn release(&mut self, name: &Arc<str>) {
        self.change(name, |group| group.held = group.held.saturating_sub(1));
    }

    /// A visible message goes into flight: the group is closed.
    pub(super) fn hold(&mut self, name: &Arc<str>, id: u64) {
        self.change(name, |group| {
            group.visible.remove(&id);
            group.held += 1;
        });
    }

    /// A visible message is gone.
    pub(super) fn remove(&mut self, name: &Arc<str>, id: u64) {
        self.change(name, |group| {
            group.visible.remove(&id);
        });
    }

    pub(super) fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The first messages of the group that is open and has the oldest of them, at most so many.
    pub(super) fn first(&self, most: usize) -> Vec<u64> {
        let group = self.open.first_key_value().and_then(|(_, name)| self.groups.get(name));
        group.map(|group| group.visible.iter().copied().take(most).collect()).unwrap_or_default()
    }

    /// Changes a group and lists it where it belongs; an empty one is forgotten.
    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(Arc::clone(name)).or_default();
        change(group);
        let list = group.visible.first().copied().filter(|_| group.held == 0);
        let unlist = std::mem::replace(&mut group.listed, list);
        let empty = group.visible.is_empty() && group.held == 0;
        if unlist != list {
            unlist.map(|id| self.open.remove(&id));
            list.map(|id| self.open.insert(id, Arc::clone(name)));
        }
        if empty {
            self.groups.remove(name);
        }
    }
}
