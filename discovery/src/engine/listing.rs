//! Lists, and what waits for them.

use std::sync::Arc;

use super::{Engine, Id, LaneId, List, ListState, NO_GROUP, State, Whole, Work};
use crate::OutcomeKind;

/// The type, scope and group of a list.
pub(super) type ListKey = (u16, u32, u32);

impl Engine {
    /// Sees that all resources of a type in a scope are listed.
    pub(super) fn whole(&mut self, kind: u16, scope: u32) {
        if self.wholes.contains_key(&(kind, scope)) {
            return;
        }
        let running =
            |(id, list): (&ListKey, &List)| id.0 == kind && id.1 == scope && list.state == ListState::Running;
        let open = self.lists.iter().filter(|it| running(*it)).count();
        self.wholes.insert((kind, scope), Whole { open, ..Whole::default() });
        let plan = Arc::clone(self.kinds.of(kind));
        let outer = plan.plan().within.map(|outer| self.kinds.number(outer));
        match outer {
            _ if plan.plan().list.is_none() => self.lack(kind, scope),
            // What it is listed with has no mirror.
            Some(None) => self.lack(kind, scope),
            Some(Some(outer)) => {
                let outer_scope = self.scopes.get(scope).clone();
                let outer_scope = self.scope_number(outer, &outer_scope);
                self.whole(outer, outer_scope);
                let groups: Vec<Arc<str>> = self
                    .nodes
                    .iter()
                    .filter(|(id, node)| {
                        let is_there = node.model.is_some() || self.pending.contains_key(id);
                        node.kind == outer && node.scope == outer_scope && is_there
                    })
                    .map(|(_, node)| Arc::clone(&node.key))
                    .collect();
                for group in groups {
                    self.list_group(kind, scope, &group);
                }
                let outer = self.wholes.get(&(outer, outer_scope));
                let (knows_groups, is_lacking) =
                    outer.map_or((true, true), |outer| (outer.is_done, outer.is_lacking));
                if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                    whole.knows_groups = knows_groups;
                    whole.is_lacking |= is_lacking && knows_groups;
                }
            }
            None => {
                self.begin_list((kind, scope, NO_GROUP));
                if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                    whole.knows_groups = true;
                }
            }
        }
        self.check_whole(kind, scope);
    }

    /// A type that cannot be listed: nothing is known of what there is.
    fn lack(&mut self, kind: u16, scope: u32) {
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            (whole.knows_groups, whole.is_lacking) = (true, true);
        }
    }

    /// Begins the list of a group, whose key is given.
    pub(super) fn list_group(&mut self, kind: u16, scope: u32, group: &str) {
        let group = self.groups.number::<str>(group);
        self.begin_list((kind, scope, group));
    }

    /// Begins a list, if that was not done before.
    pub(super) fn begin_list(&mut self, list: ListKey) {
        if !self.lists.contains_key(&list) {
            self.run_list(list);
        }
    }

    /// Waits for a list, which is begun if it is not under way.
    pub(super) fn join_list(&mut self, list: ListKey, id: Id) {
        let is_running = self.lists.get(&list).is_some_and(|it| it.state == ListState::Running);
        if !is_running {
            self.run_list(list);
        }
        match self.lists.get_mut(&list) {
            Some(List { state: ListState::Running, waiting }) => waiting.push(id),
            Some(List { state: ListState::Ended(outcome, reason), .. }) => {
                let (outcome, reason) = (*outcome, Arc::clone(reason));
                self.fail(id, outcome, &reason, None);
            }
            _ => self.absent(id),
        }
    }

    fn run_list(&mut self, list: ListKey) {
        let (kind, scope, group) = list;
        let lane = LaneId { kind, work: Work::List, scope, group };
        let refused = self.refused.get(&(kind, Work::List, scope)).cloned();
        let state = match refused {
            _ if self.is_closed => {
                ListState::Ended(OutcomeKind::Cancelled, "the discovery was shut down".into())
            }
            _ if self.kinds.of(kind).plan().list.is_none() => {
                ListState::Ended(OutcomeKind::Failed, "it cannot be listed".into())
            }
            Some((outcome, reason)) => ListState::Ended(outcome, reason),
            None => ListState::Running,
        };
        let runs = state == ListState::Running;
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.open += usize::from(runs);
            whole.is_lacking |= !runs;
        }
        let known =
            self.lists.entry(list).or_insert_with(|| List { state: state.clone(), waiting: Vec::new() });
        known.state = state;
        if runs {
            self.settle.add(1);
            self.wakes.push(lane);
        }
    }

    /// A list has come to its end.
    pub(super) fn end_list(&mut self, list: ListKey, result: &Result<(), (OutcomeKind, Arc<str>)>) {
        let (kind, scope, group) = list;
        let Some(known) = self.lists.get_mut(&list).filter(|it| it.state == ListState::Running) else {
            return;
        };
        self.released += 1;
        let waiting = std::mem::take(&mut known.waiting);
        known.state = match result {
            Ok(()) => ListState::Complete,
            Err((outcome, reason)) => ListState::Ended(*outcome, Arc::clone(reason)),
        };
        let lane = LaneId { kind, work: Work::List, scope, group };
        if let (Err((outcome, reason)), Some(api)) = (result, self.api(lane)) {
            self.problem(api, scope, *outcome, reason);
            if matches!(outcome, OutcomeKind::Denied | OutcomeKind::Unsupported) {
                self.refused.insert((kind, Work::List, scope), (*outcome, Arc::clone(reason)));
            }
        }
        for id in waiting {
            if !self.nodes[id].is.awaiting {
                continue;
            }
            match result {
                Ok(()) => self.absent(id),
                // What cannot be listed may yet be had by id.
                Err(_) if self.can_fetch(kind, scope) && !self.is_closed => {
                    self.nodes[id].is.queued = true;
                    self.enqueue_fetch(id, group);
                }
                Err((outcome, reason)) => self.fail(id, *outcome, reason, None),
            }
        }
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.open = whole.open.saturating_sub(1);
            whole.is_lacking |= result.is_err();
        }
        self.check_whole(kind, scope);
    }

    pub(super) fn can_fetch(&self, kind: u16, scope: u32) -> bool {
        self.kinds.of(kind).plan().by_id.is_some() && !self.refused.contains_key(&(kind, Work::Fetch, scope))
    }

    /// Looks whether all resources of a type in a scope are known.
    pub(super) fn check_whole(&mut self, kind: u16, scope: u32) {
        let Some(whole) = self.wholes.get_mut(&(kind, scope)) else { return };
        if whole.is_done || !whole.knows_groups || whole.open > 0 {
            return;
        }
        whole.is_done = true;
        let is_lacking = whole.is_lacking;
        self.answer_asks(kind, scope);
        let inside = self.kinds.inside[usize::from(kind)].clone();
        let outer_scope = self.scopes.get(scope).clone();
        for kind in inside {
            let scope = self.scope_number(kind, &outer_scope);
            if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                whole.knows_groups = true;
                whole.is_lacking |= is_lacking;
                self.check_whole(kind, scope);
            }
        }
    }

    /// Begins the lists of what is listed with a resource that was found, where somebody wants all of them.
    pub(super) fn list_inside(&mut self, id: Id) {
        let node = &self.nodes[id];
        if matches!(node.state, State::Alias(_)) {
            return;
        }
        let (kind, scope, key) = (node.kind, node.scope, Arc::clone(&node.key));
        let inside = &self.kinds.inside[usize::from(kind)];
        if inside.is_empty() {
            return;
        }
        let scope = self.scopes.get(scope).clone();
        for kind in inside.clone() {
            let scope = self.scope_number(kind, &scope);
            if self.wholes.contains_key(&(kind, scope)) {
                self.list_group(kind, scope, &key);
            }
        }
    }
}
