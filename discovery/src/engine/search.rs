//! [`Search`]: who looks for resources by a term, or for all of them.

use std::{borrow::Cow, sync::Arc};

use super::{Demand, Engine, Id, State};
use crate::{Find, Scope, Term};

/// Who looks for resources of a type in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Wants all of them.
    All,
    /// Wants those that answer to a term, as the list tells them.
    Listed(Arc<Term>),
    /// Wants those that answer to a term once all of their parts are there.
    Whole(Arc<Term>),
}

impl Engine {
    pub(super) fn sweep_kind(&mut self, kind: u16, scope: &Scope) {
        if self.kinds.of(kind).is_shown() {
            self.seek(kind, scope, Search::All);
        }
    }

    pub(super) fn search_kind(&mut self, kind: u16, scope: &Scope, term: &Arc<Term>) {
        let find = match self.kinds.of(kind).find(term) {
            _ if !self.kinds.of(kind).is_shown() => Find::No,
            Find::Key(key) => Find::Key(Cow::Owned(key.into_owned())),
            Find::No => Find::No,
            Find::List => Find::List,
            Find::Whole => Find::Whole,
        };
        match find {
            Find::No => {}
            Find::Key(key) => self.probe(kind, scope, &key),
            Find::List => self.seek(kind, scope, Search::Listed(Arc::clone(term))),
            Find::Whole => self.seek(kind, scope, Search::Whole(Arc::clone(term))),
        }
    }

    /// Looks whether there is a resource of a key.
    fn probe(&mut self, kind: u16, scope: &Scope, key: &str) {
        let scope = self.scope_number(kind, scope);
        let Some(id) = self.node(kind, scope, key) else { return };
        let id = self.canonical(id);
        if self.nodes[id].state == State::Found {
            self.todo.push_back((id, Demand::Asked));
            self.make_root(id);
        } else {
            self.nodes[id].is.root_if_found = true;
            self.todo.push_back((id, Demand::Probed));
        }
    }

    fn seek(&mut self, kind: u16, scope: &Scope, search: Search) {
        let scope = self.scope_number(kind, scope);
        let searches = self.searches.entry((kind, scope)).or_default();
        if !searches.contains(&search) {
            searches.push(search);
        }
        self.expire_whole(kind, scope);
        self.whole(kind, scope);
        self.want_all_named(kind, scope);
        // What was found before it was looked for.
        for id in self.nodes.ids() {
            let node = &self.nodes[id];
            if node.kind == kind && node.scope == scope && matches!(node.state, State::Known | State::Found) {
                let is_complete = node.state == State::Found;
                self.answer_searches(id, is_complete);
            }
        }
    }

    /// Wants a node whose model is there if somebody looks for it.
    pub(super) fn answer_searches(&mut self, id: Id, is_complete: bool) {
        let id = self.canonical(id);
        let node = &self.nodes[id];
        let Some(searches) = self.searches.get(&(node.kind, node.scope)) else { return };
        let model = self.pending.get(&id).map(|pending| &pending.model).or(node.model.as_ref());
        let Some(model) = model else { return };
        let kind = self.kinds.of(node.kind);
        let (mut demand, mut is_root) = (Demand::None, false);
        for search in searches {
            match search {
                Search::All => demand = Demand::Asked,
                Search::Listed(term) if kind.answers_to(&**model, term) => is_root = true,
                Search::Whole(_) if !is_complete => demand = demand.max(Demand::Probed),
                Search::Whole(term) if kind.answers_to(&**model, term) => is_root = true,
                _ => {}
            }
        }
        if is_root {
            demand = Demand::Asked;
            self.make_root(id);
        }
        if demand > self.nodes[id].demand {
            self.todo.push_back((id, demand));
        }
    }

    /// Whether all of a type are asked for.
    pub(super) fn wants_all(&self, kind: u16, scope: u32) -> bool {
        self.searches.get(&(kind, scope)).is_some_and(|searches| searches.contains(&Search::All))
    }

    /// How much is wanted of a node of which a list tells nothing but its key.
    pub(super) fn demand_of_named(&self, kind: u16, scope: u32) -> Demand {
        let searches = self.searches.get(&(kind, scope)).into_iter().flatten();
        let demand = |search| if matches!(search, &Search::All) { Demand::Asked } else { Demand::Probed };
        let holder = self.wholes.get(&(kind, scope)).is_some_and(|whole| whole.needs_models);
        let holder = if holder { Demand::Probed } else { Demand::None };
        searches.map(demand).max().unwrap_or_default().max(holder)
    }
}
