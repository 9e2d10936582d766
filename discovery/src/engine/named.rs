//! What lists told the keys of, and nothing else.

use super::{Demand, Engine, Id, LaneId, State, Work};
use crate::OutcomeKind;

impl Engine {
    /// There is a resource of a key; no more is known.
    pub(super) fn named(&mut self, lane: LaneId, key: &str) {
        if let Some(list) = self.lists.get_mut(&(lane.kind, lane.scope, lane.group))
            && lane.work == Work::List
        {
            list.has_names = true;
        }
        let Some(id) = self.node(lane.kind, lane.scope, key) else {
            return self.lack_key(lane.kind, lane.scope);
        };
        let id = self.canonical(id);
        self.nodes[id].is.named = true;
        self.list_inside(id);
        if !std::mem::take(&mut self.nodes[id].is.joined) {
            return self.want_named(id, lane.group);
        }
        // It waited for the list, which has no more to tell of it.
        if self.can_fetch(lane.kind, lane.scope) {
            self.queue_fetch(id, lane.group);
        } else {
            self.fail_named(id);
        }
    }

    /// Fetches whatever of a type was named and is wanted by now.
    pub(super) fn want_all_named(&mut self, kind: u16, scope: u32) {
        for id in self.nodes.ids() {
            let node = &self.nodes[id];
            if node.kind == kind && node.scope == scope && node.is.named && node.state == State::Named {
                let key = std::sync::Arc::clone(&node.key);
                if let Some(group) = self.group_number(kind, &key) {
                    self.want_named(id, group);
                }
            }
        }
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.is_done &= whole.fetching == 0;
        }
    }

    fn want_named(&mut self, id: Id, group: u32) {
        let node = &self.nodes[id];
        let (kind, scope) = (node.kind, node.scope);
        let demand = self.demand_of_named(kind, scope);
        if demand == Demand::None {
            return;
        }
        if self.nodes[id].state != State::Named || self.nodes[id].is.busy || self.is_closed {
            return self.todo.push_back((id, demand));
        }
        self.nodes[id].demand = self.nodes[id].demand.max(demand);
        self.owe(id);
        if !std::mem::replace(&mut self.nodes[id].is.counted, true)
            && let Some(whole) = self.wholes.get_mut(&(kind, scope))
        {
            whole.fetching += 1;
        }
        if self.can_fetch(kind, scope) {
            self.queue_fetch(id, group);
        } else {
            self.fail_named(id);
        }
    }

    /// What is listed by name only cannot be had by id either.
    pub(super) fn fail_named(&mut self, id: Id) {
        let refused = self.refused.get(&(self.nodes[id].kind, Work::Fetch, self.nodes[id].scope)).cloned();
        let (outcome, reason) =
            refused.unwrap_or_else(|| (OutcomeKind::Failed, "it is listed by name only".into()));
        self.fail(id, outcome, &reason, None);
    }

    /// One that was named is answered for.
    pub(super) fn named_settled(&mut self, id: Id) {
        let node = &self.nodes[id];
        let (kind, scope) = (node.kind, node.scope);
        let is_seen = match node.state {
            State::Found => !node.is.stale,
            state => matches!(state, State::Absent | State::Alias(_)),
        };
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.fetching = whole.fetching.saturating_sub(1);
            whole.is_lacking |= !is_seen;
            self.check_whole(kind, scope);
        }
    }

    /// Puts a node into the lane of calls by id, where it stands once.
    pub(super) fn queue_fetch(&mut self, id: Id, group: u32) {
        if !std::mem::replace(&mut self.nodes[id].is.queued, true) {
            let node = &self.nodes[id];
            let lane = LaneId { kind: node.kind, work: Work::Fetch, scope: node.scope, group };
            self.enqueue(lane, id);
        }
    }
}
