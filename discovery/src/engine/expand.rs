//! What a resource leads to.

use std::{any::TypeId, sync::Arc};

use super::{Demand, Edge, Engine, Id, State};
use crate::{Refs, Scope, index::AnyIndex, refs::Named};

impl Engine {
    /// Wants what a node refers to.
    pub(super) fn expand(&mut self, id: Id) {
        let node = &self.nodes[id];
        let Some(model) = node.model.clone() else { return };
        let (is_root, kind) = (node.is.root, self.kind(id));
        let scope = self.scopes.get(node.scope).clone();
        self.held.remove(&id);
        let mut edges = Vec::new();
        let mut take = |named: Named<'_>| match named {
            Named::One { of, via, scope, key } => {
                if (!kind.is_shown() || self.follow.leads(kind.name(), via))
                    && let Some(to) = self.name(of, scope, key)
                {
                    edges.push(Edge { to, via: self.vias.number(via) });
                    self.todo.push_back((to, Demand::Asked));
                }
            }
            Named::LookUp { of, scope, ask } => {
                if self.follow.leads_back()
                    && let Some(question) = self.name(of, scope, ask)
                {
                    self.todo.push_back((question, Demand::Asked));
                }
            }
            Named::Holders { of, via, index, scope, key } => {
                let leads =
                    via.map_or_else(|| self.follow.leads_back(), |via| self.follow.leads(kind.name(), via));
                if leads {
                    let from = via.map(|via| Edge { to: id, via: self.vias.number(via) });
                    self.ask_holders(of, (index, key), scope, from);
                }
            }
        };
        kind.refs(&*model, &mut Refs::new(&scope, is_root, &mut take));
        self.nodes[id].edges = edges.into();
    }

    fn name(&mut self, of: TypeId, scope: &Scope, key: &str) -> Option<Id> {
        let kind = self.kinds.number(of)?;
        let scope = self.scope_number(kind, scope);
        self.node(kind, scope, key)
    }

    /// Wants the resources that hold a key, once all of their type are known.
    /// `from` is the node whose field refers to them, and the field.
    fn ask_holders(
        &mut self,
        of: TypeId,
        (index, key): (&'static dyn AnyIndex, &str),
        scope: &Scope,
        from: Option<Edge>,
    ) {
        let Some(kind) = self.kinds.number(of) else { return };
        let scope = self.scope_number(kind, scope);
        self.whole(kind, scope);
        let Some(whole) = self.wholes.get_mut(&(kind, scope)) else { return };
        whole.asks.push((index, key.into(), from));
        if !std::mem::replace(&mut whole.needs_models, true) {
            self.want_all_named(kind, scope);
        }
        if self.wholes[&(kind, scope)].is_done {
            self.answer_asks(kind, scope);
        }
    }

    /// Answers who asked for holders. A list that could not be had answers by what there is of it.
    pub(super) fn answer_asks(&mut self, kind: u16, scope: u32) {
        let Some(whole) = self.wholes.get_mut(&(kind, scope)) else { return };
        let asks = std::mem::take(&mut whole.asks);
        for (index, key, from) in asks {
            if !self.wholes[&(kind, scope)].holders.contains_key(index.name()) {
                self.build(kind, scope, index);
            }
            let holders = &self.wholes[&(kind, scope)].holders[index.name()];
            for holder in holders.get(&key).into_iter().flatten() {
                self.todo.push_back((*holder, Demand::Asked));
                if let Some(Edge { to: node, via }) = from {
                    let held = self.held.entry(node).or_default();
                    let edge = Edge { to: *holder, via };
                    // Whoever was expanded twice asked twice.
                    if !held.contains(&edge) {
                        held.push(edge);
                    }
                }
            }
        }
    }

    fn build(&mut self, kind: u16, scope: u32, index: &'static dyn AnyIndex) {
        let mut holders = std::collections::HashMap::<Box<str>, Vec<Id>>::new();
        for (id, node) in self.nodes.iter().filter(|(_, node)| node.kind == kind && node.scope == scope) {
            let pending = self.pending.get(&id).map(|pending| Arc::clone(&pending.model));
            if matches!(node.state, State::Alias(_)) {
                continue;
            }
            if let Some(model) = pending.or_else(|| node.model.clone()) {
                index.keys(&*model, &mut |key| {
                    let ids = holders.entry(key.into()).or_default();
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                });
            }
        }
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.holders.insert(index.name(), holders);
        }
    }
}
