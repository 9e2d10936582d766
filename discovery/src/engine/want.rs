//! What is wanted, and how it is asked for.

use std::{sync::Arc, time::Duration};

use super::{Demand, Engine, Id, Lane, LaneId, List, ListState, State, Work, list::NAMELESS};
use crate::{Api, OutcomeKind};

impl Engine {
    /// Wants a node at least so much.
    pub(super) fn want(&mut self, id: Id, demand: Demand) {
        let node = &mut self.nodes[id];
        if let State::Alias(of) = node.state {
            self.todo.push_back((of, demand));
            return;
        }
        let before = node.demand;
        node.demand = before.max(demand);
        if self.is_closed && !node.is.busy && matches!(node.state, State::Named | State::Known) {
            node.state = State::Cancelled;
            self.counts.unseen += 1;
            return;
        }
        match node.state {
            State::Named if !node.is.busy => self.start(id),
            State::Known if !node.is.busy => {
                let (model, at) = (node.model.take(), Duration::from_millis(node.at));
                if let Some(model) = model.filter(|_| !self.is_old(at)) {
                    self.complete(id, model);
                } else {
                    self.set_state(id, State::Named);
                    self.start(id);
                }
            }
            State::Found if before < Demand::Asked && demand == Demand::Asked => self.expand(id),
            _ => {}
        }
    }

    /// Says that a node was looked for itself.
    pub(super) fn make_root(&mut self, id: Id) {
        let id = self.canonical(id);
        let node = &mut self.nodes[id];
        if !std::mem::replace(&mut node.is.root, true)
            && node.state == State::Found
            && node.demand == Demand::Asked
        {
            // A root leads to more.
            self.expand(id);
        }
    }

    /// Asks for a node of which nothing is known.
    fn start(&mut self, id: Id) {
        self.owe(id);
        let node = &self.nodes[id];
        let (kind, scope, key) = (node.kind, node.scope, Arc::clone(&node.key));
        let plan = Arc::clone(self.kinds.of(kind));
        let plan = plan.plan();
        let Some(group) = self.group_number(kind, &key) else {
            return self.fail(
                id,
                OutcomeKind::Failed,
                &"its key does not say what it is listed with".into(),
                first_api(plan),
            );
        };
        let whole = self.wholes.get(&(kind, scope));
        let knows_all =
            whole.is_some_and(|whole| whole.is_listed && !whole.lacks_keys && !self.is_old(whole.at));
        match self.lists.get(&(kind, scope, group)) {
            Some(List { state: ListState::Running, .. }) => self.join_list((kind, scope, group), id),
            Some(list) if list.tells_all() && !self.is_old(list.began()) => self.absent(id),
            // There is nothing that it could be listed with.
            None if knows_all => self.absent(id),
            Some(List { state: ListState::Ended(outcome, reason), .. }) if plan.by_id.is_none() => {
                let (outcome, reason) = (*outcome, Arc::clone(reason));
                self.fail(id, outcome, &reason, first_api(plan));
            }
            Some(list) if plan.by_id.is_none() && list.has_nameless => {
                self.fail(id, OutcomeKind::Failed, &NAMELESS.into(), None);
            }
            _ => self.ask_for(id, group),
        }
    }

    /// Asks for a node by its id, or as a list.
    pub(super) fn ask_for(&mut self, id: Id, group: u32) {
        let node = &self.nodes[id];
        let (kind, scope) = (node.kind, node.scope);
        let plan = Arc::clone(self.kinds.of(kind));
        let plan = plan.plan();
        match (&plan.by_id, self.refused.get(&(kind, Work::Fetch, scope)).cloned()) {
            (Some(_), None) => {
                if !std::mem::replace(&mut self.nodes[id].is.queued, true) {
                    self.enqueue(LaneId { kind, work: Work::Fetch, scope, group }, id);
                }
            }
            (Some(step), Some((outcome, reason)))
                if plan.list.is_none()
                    || self.nodes[id].is.named
                    || self.is_list_of_names((kind, scope, group)) =>
            {
                self.fail(id, outcome, &reason, Some(step.api));
            }
            _ => self.join_list((kind, scope, group), id),
        }
    }

    /// Puts a node into a lane, and wakes who sees to it.
    pub(super) fn enqueue(&mut self, lane: LaneId, id: Id) {
        let at_once = self.at_once(lane);
        let state: &mut Lane = self.lanes.entry(lane).or_default();
        state.queue.push_back(id);
        if !std::mem::replace(&mut state.is_pumped, true) {
            self.wakes.push(lane);
        } else if state.queue.len() == at_once {
            state.changed.notify_one();
        }
    }

    /// How many resources a call of a lane takes.
    pub(super) fn at_once(&self, lane: LaneId) -> usize {
        let plan = self.kinds.of(lane.kind).plan();
        let step = match lane.work {
            Work::Fetch => plan.by_id,
            Work::Part(part) => plan.parts.get(usize::from(part)).map(|(_, step)| *step),
            Work::List => plan.list,
        };
        step.map_or(1, |step| step.most.get())
    }

    /// The call of a lane.
    pub(crate) fn api(&self, lane: LaneId) -> Option<Api> {
        let plan = self.kinds.of(lane.kind).plan();
        let step = match lane.work {
            Work::Fetch => plan.by_id,
            Work::Part(part) => plan.parts.get(usize::from(part)).map(|(_, step)| *step),
            Work::List => plan.list,
        };
        step.map(|step| step.api)
    }

    /// There is no such resource.
    pub(super) fn absent(&mut self, id: Id) {
        self.pending.remove(&id);
        self.gaps.remove(&id);
        self.set_state(id, State::Absent);
        let at = self.now_ms();
        let node = &mut self.nodes[id];
        (node.model, node.edges) = (None, Box::default());
        node.is.stale = false;
        node.at = at;
        self.held.remove(&id);
        self.settle_node(id);
    }

    /// A node could not be looked at. What was known of it before stays, and is stale.
    pub(super) fn fail(&mut self, id: Id, outcome: OutcomeKind, reason: &Arc<str>, api: Option<Api>) {
        let scope = self.nodes[id].scope;
        if let Some(api) = api {
            self.problem(api, scope, outcome, reason);
        }
        self.pending.remove(&id);
        if self.nodes[id].state == State::Found {
            self.nodes[id].is.stale = true;
            return self.settle_node(id);
        }
        let number = self.reasons.number_of(reason);
        let state = match outcome {
            OutcomeKind::Denied => State::Denied(number),
            OutcomeKind::Unsupported => State::Unsupported(number),
            OutcomeKind::Cancelled => State::Cancelled,
            _ => State::Failed(number),
        };
        self.set_state(id, state);
        self.nodes[id].at = self.now_ms();
        self.settle_node(id);
    }

    pub(super) fn cancel(&mut self, id: Id) {
        self.fail(id, OutcomeKind::Cancelled, &"the discovery was shut down".into(), None);
    }

    pub(super) fn set_state(&mut self, id: Id, state: State) {
        for (state, add) in [(self.nodes[id].state, false), (state, true)] {
            let count = match state {
                State::Found => &mut self.counts.found,
                State::Absent => &mut self.counts.absent,
                State::Named | State::Known | State::Alias(_) => continue,
                _ => &mut self.counts.unseen,
            };
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
        }
        self.nodes[id].state = state;
    }

    /// A node is there, and nobody wants it.
    pub(super) fn know(&mut self, id: Id) {
        self.set_state(id, State::Known);
    }

    /// A node is another name of one; what was owed for it is owed no more.
    pub(super) fn become_alias(&mut self, id: Id, of: Id) {
        self.set_state(id, State::Alias(of));
        self.nodes[id].is.queued = false;
        self.settle_node(id);
    }

    /// Counts an obligation for a node, unless there is one.
    pub(super) fn owe(&mut self, id: Id) {
        let is = &mut self.nodes[id].is;
        is.awaiting = true;
        if !std::mem::replace(&mut is.busy, true) {
            self.settle.add(1);
        }
    }

    /// A node is answered for.
    pub(super) fn settle_node(&mut self, id: Id) {
        let is = &mut self.nodes[id].is;
        (is.awaiting, is.joined) = (false, false);
        if std::mem::replace(&mut is.busy, false) {
            self.released += 1;
        }
        if std::mem::replace(&mut is.counted, false) {
            self.named_settled(id);
        }
        for watcher in self.watchers.remove(&id).into_iter().flatten() {
            // Whoever asked may have gone away.
            let _ = watcher.send(());
        }
    }
}

/// The call that a problem of a whole type is laid to.
fn first_api(plan: &crate::Plan) -> Option<Api> {
    plan.by_id.or(plan.list).map(|step| step.api)
}
