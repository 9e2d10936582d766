//! [`Whole`]: all resources of a type in a scope.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Engine, Id, List, ListState, list::ListKey, nodes::Edge};
use crate::index::AnyIndex;

/// Who asks for the holders of a key.
type Asks = Vec<(&'static dyn AnyIndex, Box<str>, Option<Edge>)>;

/// All resources of a type in a scope: one list, or one for each resource that they are listed with.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent")]
pub(super) struct Whole {
    /// How many of its lists are running.
    pub(super) open: usize,
    /// How many are being fetched of which a list told the keys only.
    pub(super) fetching: usize,
    /// Whether all that it is listed with is known.
    pub(super) knows_groups: bool,
    /// All lists have ended.
    pub(super) is_listed: bool,
    /// All that is wanted of what they named is there too.
    pub(super) is_done: bool,
    /// When that was.
    pub(super) at: Duration,
    /// Whether there may be some that no list told.
    pub(super) lacks_keys: bool,
    /// Whether one that a list told could not be seen.
    pub(super) is_lacking: bool,
    /// Whether somebody asks for what they hold.
    pub(super) needs_models: bool,
    /// Who asks for the holders of a key: and the node and field that refer to them by it, if one does.
    pub(super) asks: Asks,
    /// By the names of the indexes that were asked for.
    pub(super) holders: HashMap<&'static str, HashMap<Box<str>, Vec<Id>>>,
}

impl Whole {
    pub(super) fn is_complete(&self) -> bool {
        self.is_done && !self.lacks_keys && !self.is_lacking
    }
}

impl Engine {
    /// Sees that all resources of a type in a scope are listed.
    pub(super) fn whole(&mut self, kind: u16, scope: u32) {
        if self.wholes.contains_key(&(kind, scope)) {
            return;
        }
        let mut whole = Whole { lacks_keys: self.left_out_of.contains(&(kind, scope)), ..Whole::default() };
        let of_it = |(id, _): &(&ListKey, &List)| id.0 == kind && id.1 == scope;
        for (_, list) in self.lists.iter().filter(of_it) {
            whole.open += usize::from(list.state == ListState::Running);
            whole.lacks_keys |= list.has_nameless;
            whole.is_lacking |= list.has_unreadable;
        }
        let counted = |node: &super::Node| node.kind == kind && node.scope == scope && node.is.counted;
        whole.fetching = self.nodes.iter().filter(|(_, node)| counted(node)).count();
        self.wholes.insert((kind, scope), whole);
        let plan = Arc::clone(self.kinds.of(kind));
        let outer = plan.plan().within.map(|outer| self.kinds.number(outer));
        match outer {
            _ if plan.plan().list.is_none() => self.lack(kind, scope),
            // What it is listed with has no mirror.
            Some(None) => self.lack(kind, scope),
            Some(Some(outer)) => self.list_in_all(kind, scope, outer),
            None => {
                self.list_of_type(kind, scope);
                if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                    whole.knows_groups = true;
                }
            }
        }
        self.check_whole(kind, scope);
    }

    /// Begins the lists of what is listed with each resource of another type.
    fn list_in_all(&mut self, kind: u16, scope: u32, outer: u16) {
        let outer_scope = self.scopes.get(scope).clone();
        let outer_scope = self.scope_number(outer, &outer_scope);
        self.whole(outer, outer_scope);
        let groups: Vec<Arc<str>> = self
            .nodes
            .iter()
            .filter(|(id, node)| {
                let is_there = node.model.is_some() || node.is.named || self.pending.contains_key(id);
                node.kind == outer && node.scope == outer_scope && is_there
            })
            .map(|(id, _)| Arc::clone(&self.nodes[self.canonical(id)].key))
            .collect();
        for group in groups {
            self.list_group(kind, scope, &group);
        }
        let outer = self.wholes.get(&(outer, outer_scope));
        let (knows_groups, lacks_keys) =
            outer.map_or((true, true), |outer| (outer.is_listed, outer.is_listed && outer.lacks_keys));
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.knows_groups = knows_groups;
            whole.lacks_keys |= lacks_keys;
        }
    }

    /// A type that cannot be listed: nothing is known of what there is.
    fn lack(&mut self, kind: u16, scope: u32) {
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            (whole.knows_groups, whole.lacks_keys) = (true, true);
        }
    }

    /// There is a resource that is left out, as there are too many.
    pub(super) fn lack_key(&mut self, kind: u16, scope: u32) {
        self.left_out_of.insert((kind, scope));
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.lacks_keys = true;
        }
    }

    /// Looks whether all resources of a type in a scope are known.
    pub(super) fn check_whole(&mut self, kind: u16, scope: u32) {
        let now = self.now;
        let Some(whole) = self.wholes.get_mut(&(kind, scope)) else { return };
        if !whole.knows_groups || whole.open > 0 {
            return;
        }
        let was_listed = std::mem::replace(&mut whole.is_listed, true);
        let lacks_keys = whole.lacks_keys;
        if whole.fetching == 0 && !whole.is_done {
            (whole.is_done, whole.at) = (true, now);
            self.answer_asks(kind, scope);
        }
        if was_listed {
            return;
        }
        let outer_scope = self.scopes.get(scope).clone();
        for kind in self.kinds.inside[usize::from(kind)].clone() {
            let scope = self.scope_number(kind, &outer_scope);
            if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                whole.knows_groups = true;
                whole.lacks_keys |= lacks_keys;
                self.check_whole(kind, scope);
            }
        }
    }
}
