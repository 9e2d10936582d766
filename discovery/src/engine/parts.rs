//! [`Pending`]: a resource that was found, whose parts are being asked for.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Demand, Engine, Id, LaneId, NO_GROUP, State, Work};
use crate::{
    Api, Gap, OutcomeKind,
    answers::{AnyModel, Patch, Told},
};

/// A resource that was found, whose parts are being asked for.
pub(super) struct Pending {
    pub(super) model: AnyModel,
    patches: Vec<Patch>,
    gaps: Vec<Gap>,
    /// The parts that are still to be answered.
    pub(super) open: Vec<u16>,
}

impl Engine {
    /// Asks for the parts of a node that was found, and finishes it if there are none.
    pub(super) fn complete(&mut self, id: Id, model: AnyModel) {
        self.owe(id);
        (self.nodes[id].is.awaiting, self.nodes[id].is.joined) = (false, false);
        let (kind, scope) = (self.nodes[id].kind, self.nodes[id].scope);
        let plan = Arc::clone(self.kinds.of(kind));
        let parts = &plan.plan().parts;
        self.pending.insert(
            id,
            Pending {
                model,
                patches: Vec::new(),
                gaps: Vec::new(),
                open: (0..).zip(parts).map(|(number, _)| number).collect(),
            },
        );
        for (number, (name, step)) in (0_u16..).zip(parts) {
            let work = Work::Part(number);
            match self.refused.get(&(kind, work, scope)).cloned() {
                Some((outcome, reason)) => {
                    self.part_done(id, number, Some((name, step.api, outcome, reason)));
                }
                // Parts of all groups share their calls.
                None => self.enqueue(LaneId { kind, work, scope, group: NO_GROUP }, id),
            }
        }
        if parts.is_empty() {
            self.finish(id);
        }
    }

    /// One of the parts of a node was answered, or could not be seen.
    pub(super) fn part_done(&mut self, id: Id, part: u16, gap: Option<(&str, Api, OutcomeKind, Arc<str>)>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Some(place) = pending.open.iter().position(|open| *open == part) else { return };
        pending.open.swap_remove(place);
        let is_done = pending.open.is_empty();
        if let Some((part, api, outcome, reason)) = gap {
            pending.gaps.push(Gap { part: part.to_owned(), outcome, reason: (*reason).to_owned() });
            self.problem(api, self.nodes[id].scope, outcome, &reason);
        }
        if is_done {
            self.finish(id);
        }
    }

    /// A node is found, with all its parts.
    fn finish(&mut self, id: Id) {
        let Some(Pending { mut model, patches, gaps, .. }) = self.pending.remove(&id) else { return };
        if !patches.is_empty() {
            self.kind(id).patch(&mut model, patches);
        }
        if gaps.is_empty() {
            self.gaps.remove(&id);
        } else {
            self.gaps.insert(id, gaps);
        }
        self.set_state(id, State::Found);
        let at = self.now_ms();
        let node = &mut self.nodes[id];
        node.model = Some(model);
        node.at = at;
        node.is.stale = false;
        if node.is.root_if_found {
            node.is.root = true;
            node.demand = Demand::Asked;
        }
        self.answer_searches(id, true);
        if self.nodes[id].demand == Demand::Asked {
            self.expand(id);
        }
        self.settle_node(id);
    }

    pub(super) fn part_name(&self, lane: LaneId) -> &'static str {
        let parts = &self.kinds.of(lane.kind).plan().parts;
        match lane.work {
            Work::Part(part) => parts.get(usize::from(part)).map_or("", |(name, _)| *name),
            _ => "",
        }
    }

    pub(super) fn take_parts(&mut self, lane: LaneId, ids: &[Id], told: Vec<(Box<str>, Told)>) {
        let asked: HashSet<Id> = ids.iter().copied().collect();
        let mut unreadable = HashMap::new();
        for (key, told) in told {
            let Some(id) = self.nodes.find(lane.kind, lane.scope, &key).filter(|id| asked.contains(id))
            else {
                continue;
            };
            match told {
                Told::Patch(patch) => {
                    if let Some(pending) = self.pending.get_mut(&id) {
                        pending.patches.push(patch);
                    }
                }
                Told::Absent => self.absent(id),
                Told::Unreadable(field) => {
                    unreadable.insert(id, field);
                }
            }
        }
        let (name, api) = (self.part_name(lane), self.api(lane));
        let Work::Part(part) = lane.work else { return };
        for id in ids {
            let gap = unreadable.remove(id).zip(api).map(|(field, api): (String, Api)| {
                (name, api, OutcomeKind::Failed, format!("its field {field} cannot be read").into())
            });
            self.part_done(*id, part, gap);
        }
    }
}
