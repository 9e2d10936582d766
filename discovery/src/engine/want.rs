//! What is wanted, and how it is asked for.

use std::{sync::Arc, time::Duration};

use super::{Demand, Engine, Id, Lane, LaneId, ListState, NO_GROUP, Node, Pending, State, Work};
use crate::{Api, Gap, OutcomeKind, answers::AnyModel};

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
                if let Some(model) = node.model.take() {
                    self.complete(id, model);
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
        match self.lists.get_mut(&(kind, scope, group)).map(|list| (list.state.clone(), list)) {
            Some((ListState::Running, list)) => list.waiting.push(id),
            Some((ListState::Complete, _)) => self.absent(id),
            _ if self.wholes.get(&(kind, scope)).is_some_and(|whole| whole.is_done && !whole.is_lacking) => {
                self.absent(id);
            }
            Some((ListState::Ended(outcome, reason), _)) if plan.by_id.is_none() => {
                self.fail(id, outcome, &reason, first_api(plan));
            }
            _ => self.ask_for(id, group),
        }
    }

    /// Asks for a node by its id, or as a list.
    fn ask_for(&mut self, id: Id, group: u32) {
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
            (Some(step), Some((outcome, reason))) if plan.list.is_none() => {
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

    /// Asks for the parts of a node that was found, and finishes it if there are none.
    pub(super) fn complete(&mut self, id: Id, model: AnyModel) {
        self.owe(id);
        self.nodes[id].is.awaiting = false;
        let (kind, scope) = (self.nodes[id].kind, self.nodes[id].scope);
        let plan = Arc::clone(self.kinds.of(kind));
        let parts = &plan.plan().parts;
        self.pending.insert(id, Pending { model, patches: Vec::new(), gaps: Vec::new(), left: parts.len() });
        for (number, (name, step)) in (0_u16..).zip(parts) {
            let work = Work::Part(number);
            match self.refused.get(&(kind, work, scope)).cloned() {
                Some((outcome, reason)) => self.part_done(id, Some((name, step.api, outcome, reason))),
                // Parts of all groups share their calls.
                None => self.enqueue(LaneId { kind, work, scope, group: NO_GROUP }, id),
            }
        }
        if parts.is_empty() {
            self.finish(id);
        }
    }

    /// One of the parts of a node was answered, or could not be seen.
    pub(super) fn part_done(&mut self, id: Id, gap: Option<(&str, Api, OutcomeKind, Arc<str>)>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        pending.left = pending.left.saturating_sub(1);
        let is_done = pending.left == 0;
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
        let at = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
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

    /// There is no such resource.
    pub(super) fn absent(&mut self, id: Id) {
        self.pending.remove(&id);
        self.gaps.remove(&id);
        self.set_state(id, State::Absent);
        let node = &mut self.nodes[id];
        (node.model, node.edges) = (None, Box::default());
        node.is.stale = false;
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
        self.settle_node(id);
    }

    pub(super) fn cancel(&mut self, id: Id) {
        self.fail(id, OutcomeKind::Cancelled, &"the discovery was shut down".into(), None);
    }

    fn set_state(&mut self, id: Id, state: State) {
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

    /// Asks by id for a node that a list named.
    pub(super) fn fetch_named(&mut self, id: Id, group: u32) {
        self.owe(id);
        if self.can_fetch(self.nodes[id].kind, self.nodes[id].scope) {
            self.nodes[id].is.queued = true;
            self.enqueue_fetch(id, group);
        } else {
            let refused =
                self.refused.get(&(self.nodes[id].kind, Work::Fetch, self.nodes[id].scope)).cloned();
            let (outcome, reason) =
                refused.unwrap_or_else(|| (OutcomeKind::Failed, "it is listed by name only".into()));
            self.fail(id, outcome, &reason, None);
        }
    }

    /// Counts an obligation for a node, unless there is one.
    fn owe(&mut self, id: Id) {
        let is = &mut self.nodes[id].is;
        is.awaiting = true;
        if !std::mem::replace(&mut is.busy, true) {
            self.settle.add(1);
        }
    }

    /// A node is answered for.
    pub(super) fn settle_node(&mut self, id: Id) {
        let is = &mut self.nodes[id].is;
        is.awaiting = false;
        if std::mem::replace(&mut is.busy, false) {
            self.released += 1;
        }
        for watcher in self.watchers.remove(&id).into_iter().flatten() {
            // Whoever asked may have gone away.
            let _ = watcher.send(());
        }
    }

    /// Fetches a node anew if it is too old.
    pub(super) fn expire(&mut self, id: Id) {
        let id = self.canonical(id);
        let node = &self.nodes[id];
        let at = Duration::from_millis(node.at);
        let is_old = self.limits.ttl.is_some_and(|ttl| self.now.saturating_sub(at) >= ttl);
        if is_old && node.state == State::Found {
            self.fetch_anew(id);
        }
    }

    /// Fetches a node anew; what is known of it can be read meanwhile.
    pub(super) fn fetch_anew(&mut self, id: Id) {
        let id = self.canonical(id);
        let node: &Node = &self.nodes[id];
        if node.is.busy || self.is_closed || matches!(node.state, State::Named | State::Known) {
            return;
        }
        let (kind, key) = (node.kind, Arc::clone(&node.key));
        let Some(group) = self.group_number(kind, &key) else { return };
        if self.nodes[id].state != State::Found {
            self.set_state(id, State::Named);
        }
        self.owe(id);
        self.ask_for(id, group);
    }
}

/// The call that a problem of a whole type is laid to.
fn first_api(plan: &crate::Plan) -> Option<Api> {
    plan.by_id.or(plan.list).map(|step| step.api)
}
