//! What the graph is made of.

use std::{collections::BTreeMap, sync::Arc};

use super::{Demand, Edge, Engine, Id, State};
use crate::{
    CallCounts, Coverage, Graph, OutcomeKind, Problem, Report, ScopeName,
    graph::{Model, Stored, StoredEdge},
};

impl Engine {
    /// The graph of what is asked for, as it is known now.
    pub(crate) fn snapshot(&self, calls: CallCounts) -> Graph {
        let is_shown = |id: Id| {
            let node = &self.nodes[id];
            let is_shown = self.kinds.of(node.kind).is_shown();
            is_shown && node.demand == Demand::Asked && !matches!(node.state, State::Alias(_))
        };
        let mut places = vec![u32::MAX; self.nodes.len()];
        for (place, id) in (0..).zip(self.nodes.ids().filter(|id| is_shown(*id))) {
            places[id as usize] = place;
        }
        let vias: Vec<Arc<str>> = self.vias.all.iter().map(|via| Arc::from(*via)).collect();
        let names: Vec<Arc<str>> = self.kinds.iter().map(|kind| Arc::from(kind.name())).collect();
        let nodes = self.nodes.ids().filter(|id| is_shown(*id)).map(|id| {
            let edges = self.nodes[id].edges.iter().copied().chain(self.held_edges(id)).filter_map(|edge| {
                let to = places[self.canonical(edge.to) as usize];
                (to != u32::MAX).then(|| StoredEdge { to, via: Arc::clone(&vias[usize::from(edge.via)]) })
            });
            (self.stored(id, &names), edges.collect())
        });
        let aliases = self.nodes.iter().filter_map(|(id, node)| {
            let place = places[self.canonical(id) as usize];
            let is_alias = matches!(node.state, State::Alias(_)) && place != u32::MAX;
            let name = Arc::clone(&names[usize::from(node.kind)]);
            is_alias.then(|| (name, self.scopes.get(node.scope).clone(), Arc::clone(&node.key), place))
        });
        Graph::new(nodes.collect(), aliases.collect(), self.report(calls))
    }

    /// The references by something else than the key, in an order that does not depend on who came first.
    fn held_edges(&self, id: Id) -> Vec<Edge> {
        let mut held = self.held.get(&id).cloned().unwrap_or_default();
        held.sort_by_cached_key(|edge| {
            let to = &self.nodes[edge.to];
            let kind = self.kinds.of(to.kind).name();
            (self.vias.all[usize::from(edge.via)], kind, self.scopes.get(to.scope), Arc::clone(&to.key))
        });
        held
    }

    fn stored(&self, id: Id, names: &[Arc<str>]) -> Stored {
        let node = &self.nodes[id];
        let outcome = self.outcome(id);
        let model = match node.state {
            State::Found => node.model.clone().map(|model| Model::Typed(self.kind(id), model)),
            _ => None,
        };
        let reason = |number: u32| Some(Arc::clone(self.reasons.get(number)));
        Stored {
            type_name: Arc::clone(&names[usize::from(node.kind)]),
            scope: self.scopes.get(node.scope).clone(),
            key: Arc::clone(&node.key),
            outcome: outcome.kind(),
            reason: match node.state {
                State::Denied(why) | State::Unsupported(why) | State::Failed(why) => reason(why),
                _ => None,
            },
            model: model.unwrap_or(Model::None),
            is_root: node.is.root,
            is_stale: node.is.stale,
            gaps: self.gaps.get(&id).cloned().unwrap_or_default(),
        }
    }

    /// What was seen, and what could not be seen.
    pub(crate) fn report(&self, calls: CallCounts) -> Report {
        let mut outcomes: BTreeMap<OutcomeKind, u64> = BTreeMap::new();
        for (id, node) in self.nodes.iter() {
            let is_shown = self.kinds.of(node.kind).is_shown();
            if is_shown && node.demand == Demand::Asked && !matches!(node.state, State::Alias(_)) {
                *outcomes.entry(self.outcome(id).kind()).or_default() += 1;
            }
        }
        let problems = self.problems.iter().map(|((api, scope, outcome), (count, reason))| Problem {
            api: api.to_string(),
            scope: ScopeName::from(self.scopes.get(*scope)),
            outcome: *outcome,
            count: *count,
            reason: (**reason).to_owned(),
        });
        let mut coverage: Vec<Coverage> = self
            .wholes
            .iter()
            .map(|((kind, scope), whole)| Coverage {
                type_name: self.kinds.of(*kind).name().to_owned(),
                scope: ScopeName::from(self.scopes.get(*scope)),
                complete: whole.is_complete(),
                asked: self.wants_all(*kind, *scope),
            })
            .collect();
        coverage.sort_by(|a, b| (&a.type_name, &a.scope).cmp(&(&b.type_name, &b.scope)));
        let mut problems: Vec<Problem> = problems.collect();
        problems.sort_by(|a, b| (&a.api, &a.scope, a.outcome).cmp(&(&b.api, &b.scope, b.outcome)));
        let conflicts = self.conflicts.iter().cloned().collect();
        let (left_out, abandoned) = (self.left_out, self.is_abandoned);
        Report { outcomes, calls, problems, coverage, left_out, conflicts, abandoned }
    }
}
