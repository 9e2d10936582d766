//! What is fetched anew.

use std::{collections::HashSet, time::Duration};

use super::{Demand, Engine, Id, ListState, State};
use crate::OutcomeKind;

impl Engine {
    /// Fetches everything anew that was looked for, asked for or led to: what was listed as lists, which may tell more.
    pub(crate) fn refresh_all(&mut self) {
        if !self.is_closed {
            // What failed is tried again, and may go better; what is denied is so for good.
            self.problems.retain(|(_, _, outcome), _| {
                matches!(outcome, OutcomeKind::Denied | OutcomeKind::Unsupported)
            });
        }
        // A list that is under way is as new as can be.
        let listing = self.listing();
        let wholes = self.wholes.keys().copied().filter(|it| !listing.contains(it)).collect();
        self.list_anew(&wholes);
        if !self.is_closed {
            // What was listed for a key is listed again when one is asked for.
            self.lists.retain(|id, list| list.state == ListState::Running || wholes.contains(&(id.0, id.1)));
        }
        for id in self.nodes.ids() {
            if !listing.contains(&(self.nodes[id].kind, self.nodes[id].scope)) {
                self.forget_known(id);
            }
        }
        for id in self.nodes.ids() {
            if self.nodes[id].demand > Demand::None {
                self.fetch_anew(id);
            }
        }
        self.finish_op();
    }

    /// Fetches a node anew if it is too old.
    pub(super) fn expire(&mut self, id: Id) {
        let id = self.canonical(id);
        let node = &self.nodes[id];
        // What is denied is so for good.
        let may_change = matches!(node.state, State::Found | State::Absent | State::Failed(_));
        if may_change && self.is_old(Duration::from_millis(node.at)) {
            self.fetch_anew(id);
        }
    }

    /// Lists a type anew if that is too long ago.
    pub(super) fn expire_whole(&mut self, kind: u16, scope: u32) {
        let (mut old, listing) = (HashSet::new(), self.listing());
        let mut next = Some((kind, scope));
        while let Some((kind, scope)) = next {
            if let Some(whole) = self.wholes.get(&(kind, scope))
                && whole.is_done
                && self.is_old(whole.at)
                && !listing.contains(&(kind, scope))
            {
                old.insert((kind, scope));
            }
            // What it is listed with is listed first.
            let outer = self.kinds.of(kind).plan().within.and_then(|outer| self.kinds.number(outer));
            let outer_scope = self.scopes.get(scope).clone();
            next = outer.map(|outer| (outer, self.scope_number(outer, &outer_scope)));
        }
        if old.is_empty() {
            return;
        }
        self.list_anew(&old);
        for id in self.nodes.ids() {
            let node = &self.nodes[id];
            if node.demand > Demand::None && old.contains(&(node.kind, node.scope)) {
                self.expire(id);
            }
        }
    }

    /// The types and scopes of the lists that are running.
    fn listing(&self) -> HashSet<(u16, u32)> {
        let running = self.lists.iter().filter(|(_, list)| list.state == ListState::Running);
        running.map(|((kind, scope, _), _)| (*kind, *scope)).collect()
    }

    pub(super) fn is_old(&self, at: Duration) -> bool {
        self.limits.ttl.is_some_and(|ttl| self.now.saturating_sub(at) >= ttl)
    }

    /// Lists types again. Who asks for holders does so still.
    fn list_anew(&mut self, wholes: &HashSet<(u16, u32)>) {
        if self.is_closed {
            return;
        }
        self.lists.retain(|(kind, scope, _), _| !wholes.contains(&(*kind, *scope)));
        let forgotten: Vec<_> = wholes.iter().map(|of| (*of, self.wholes.remove(of))).collect();
        for (kind, scope) in wholes {
            self.whole(*kind, *scope);
        }
        for ((kind, scope), forgotten) in forgotten {
            let (Some(before), Some(whole)) = (forgotten, self.wholes.get_mut(&(kind, scope))) else {
                continue;
            };
            whole.asks.extend(before.asks);
            whole.needs_models = before.needs_models;
            if whole.is_done {
                self.answer_asks(kind, scope);
            }
        }
        for id in self.nodes.ids() {
            if wholes.contains(&(self.nodes[id].kind, self.nodes[id].scope)) {
                self.forget_known(id);
            }
        }
    }

    /// Forgets what nobody wanted: whether it is there still is told again.
    fn forget_known(&mut self, id: Id) {
        let node = &mut self.nodes[id];
        if node.state == State::Known && !node.is.busy {
            node.model = None;
            self.set_state(id, State::Named);
        }
    }

    /// Fetches a node anew; what is known of it can be read meanwhile.
    pub(super) fn fetch_anew(&mut self, id: Id) {
        let id = self.canonical(id);
        let node = &self.nodes[id];
        if node.is.busy || self.is_closed || matches!(node.state, State::Named | State::Known) {
            return;
        }
        let (kind, scope, key) = (node.kind, node.scope, std::sync::Arc::clone(&node.key));
        let (is_found, is_named, at) =
            (node.state == State::Found, node.is.named, Duration::from_millis(node.at));
        let Some(group) = self.group_number(kind, &key) else { return };
        let list = (kind, scope, group);
        if is_found && !is_named && self.is_told(list, at) {
            // It is as new as the list that tells it, which does not tell it twice.
            return;
        }
        if !is_found {
            self.set_state(id, State::Named);
        }
        self.owe(id);
        if self.is_listing(list) && !is_named {
            self.join_list(list, id);
        } else {
            self.ask_for(id, group);
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX)
    }
}
