//! [`Nodes`]: every resource that was named, once.

use std::{hash::BuildHasher, sync::Arc};

use hashbrown::HashTable;

use crate::answers::AnyModel;

/// The place of a node.
pub(crate) type Id = u32;

/// Every resource that was named, once.
#[derive(Default)]
pub(super) struct Nodes {
    all: Vec<Node>,
    by_key: HashTable<Id>,
    hasher: foldhash::fast::RandomState,
}

/// A resource that was named.
pub(super) struct Node {
    pub(super) key: Arc<str>,
    /// Once it was found: not yet complete while [`State::Known`].
    pub(super) model: Option<AnyModel>,
    pub(super) edges: Box<[Edge]>,
    /// When it was found, in milliseconds.
    pub(super) at: u64,
    pub(super) scope: u32,
    pub(super) kind: u16,
    pub(super) state: State,
    pub(super) demand: Demand,
    pub(super) is: Flags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) to: Id,
    pub(super) via: u16,
}

/// What is known of a node. Reasons are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing yet.
    Named,
    /// It is there, and nobody wants it: its parts were not asked for.
    Known,
    Found,
    Absent,
    Denied(u32),
    Unsupported(u32),
    Failed(u32),
    Cancelled,
    /// Another name of a node.
    Alias(Id),
}

/// How much is wanted of a node: the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// Nobody wants it.
    #[default]
    None,
    /// Somebody looks whether it is the one; what it refers to is not wanted.
    Probed,
    /// It is of the graph.
    Asked,
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
pub(super) struct Flags {
    /// It was looked for, and not only referred to.
    pub(super) root: bool,
    /// It is a root if it is found.
    pub(super) root_if_found: bool,
    /// An obligation is open for it.
    pub(super) busy: bool,
    /// A call or a list is to answer for it.
    pub(super) awaiting: bool,
    /// A list is to answer for it.
    pub(super) joined: bool,
    /// A list told its key, and nothing else.
    pub(super) named: bool,
    /// It was named, and is being fetched: not all of its type are known before.
    pub(super) counted: bool,
    /// It stands in the lane of calls by id.
    pub(super) queued: bool,
    /// It was to be fetched anew, and could not be.
    pub(super) stale: bool,
}

impl Nodes {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, kind: u16, scope: u32, key: &str) -> Option<Id> {
        let hash = self.hasher.hash_one((kind, scope, key));
        let same = |id: &Id| {
            let node = &self.all[*id as usize];
            node.kind == kind && node.scope == scope && *node.key == *key
        };
        self.by_key.find(hash, same).copied()
    }

    /// Adds a node that is not there; `None` once there are as many as numbers.
    pub(super) fn add(&mut self, kind: u16, scope: u32, key: &str) -> Option<Id> {
        let id = Id::try_from(self.all.len()).ok().filter(|id| *id < Id::MAX)?;
        self.all.push(Node {
            key: key.into(),
            model: None,
            edges: Box::default(),
            at: 0,
            scope,
            kind,
            state: State::Named,
            demand: Demand::None,
            is: Flags::default(),
        });
        let (all, hasher) = (&self.all, &self.hasher);
        let hash = |id: &Id| {
            let node = &all[*id as usize];
            hasher.hash_one((node.kind, node.scope, &*node.key))
        };
        self.by_key.insert_unique(hasher.hash_one((kind, scope, key)), id, hash);
        Some(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &Node)> {
        (0..).zip(&self.all)
    }

    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        // No more were added.
        0..Id::try_from(self.all.len()).unwrap_or(Id::MAX)
    }
}

impl std::ops::Index<Id> for Nodes {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        &self.all[id as usize]
    }
}

impl std::ops::IndexMut<Id> for Nodes {
    fn index_mut(&mut self, id: Id) -> &mut Node {
        &mut self.all[id as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<Node>() <= 88, "{}", size_of::<Node>());
    }
}
