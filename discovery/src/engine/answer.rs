//! What calls brought.

use std::{collections::HashSet, sync::Arc};

use super::{Demand, Engine, Id, LaneId, ListState, NO_GROUP, State, Step, Work};
use crate::{
    Api, FetchError, FetchErrorKind, OutcomeKind, Scope,
    answers::{Answer, AnyModel, Told},
    kind::Kind,
};

/// Resources that are asked for in one call.
pub(crate) struct Batch {
    pub(crate) lane: LaneId,
    pub(crate) ids: Vec<Id>,
    pub(crate) kind: Arc<dyn Kind>,
    pub(crate) scope: Scope,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) keys: Vec<Arc<str>>,
    /// Of a part: what it is of.
    pub(crate) models: Vec<AnyModel>,
    pub(crate) part: &'static str,
}

impl Engine {
    /// What the task of a lane does next.
    pub(crate) fn step(&mut self, id: LaneId) -> Step {
        let (at_once, most) = (self.at_once(id), self.limits.in_flight);
        let Some(lane) = self.lanes.get_mut(&id) else { return Step::Rest };
        let step = lane.step(at_once, most);
        let queued = lane.queue.len();
        if matches!(step, Step::Ready { .. }) && id.work == Work::Fetch && self.is_list_cheaper(id, queued) {
            let list = (id.kind, id.scope, id.group);
            let queue =
                self.lanes.get_mut(&id).map(|lane| std::mem::take(&mut lane.queue)).unwrap_or_default();
            for id in queue {
                self.nodes[id].is.queued = false;
                if self.nodes[id].is.awaiting {
                    self.join_list(list, id);
                }
            }
            self.finish_op();
            return self.step(id);
        }
        step
    }

    /// Whether a list is expected to take fewer calls than these keys by id. Of what is not known, the keys are taken
    /// to be a quarter.
    fn is_list_cheaper(&self, lane: LaneId, keys: usize) -> bool {
        let plan = self.kinds.of(lane.kind).plan();
        let (Some(by_id), Some(list)) = (plan.by_id, plan.list) else { return false };
        let is_new = !self.lists.contains_key(&(lane.kind, lane.scope, lane.group))
            && !self.refused.contains_key(&(lane.kind, Work::List, lane.scope));
        is_new && keys.div_ceil(by_id.most.get()) > keys.saturating_mul(4).div_ceil(list.most.get())
    }

    /// Takes a batch out of a lane; `None` if what waited there has been answered otherwise.
    pub(crate) fn close_batch(&mut self, id: LaneId) -> Option<Batch> {
        let at_once = self.at_once(id);
        let lane = self.lanes.get_mut(&id)?;
        let mut ids = lane.halves.pop_front().unwrap_or_default();
        let is_half = !ids.is_empty();
        while !is_half && ids.len() < at_once {
            let Some(next) = lane.queue.pop_front() else { break };
            let node = &mut self.nodes[next];
            if id.work == Work::Fetch {
                node.is.queued = false;
            }
            ids.push(next);
        }
        let is_open = |it: &Id| match id.work {
            Work::Fetch => self.nodes[*it].is.awaiting,
            _ => self.pending.contains_key(it),
        };
        ids.retain(is_open);
        if ids.is_empty() {
            return None;
        }
        let lane = self.lanes.get_mut(&id)?;
        lane.in_flight += 1;
        let kind = Arc::clone(self.kinds.of(id.kind));
        let part = match id.work {
            Work::Part(part) => kind.plan().parts.get(usize::from(part)).map_or("", |(name, _)| *name),
            _ => "",
        };
        let models = match id.work {
            Work::Part(_) => {
                ids.iter().filter_map(|id| self.pending.get(id)).map(|it| Arc::clone(&it.model)).collect()
            }
            _ => Vec::new(),
        };
        Some(Batch {
            lane: id,
            keys: ids.iter().map(|id| Arc::clone(&self.nodes[*id].key)).collect(),
            ids,
            scope: self.scopes.get(id.scope).clone(),
            group: self.group_of(id),
            kind,
            models,
            part,
        })
    }

    /// The scope of a lane, its mirror, and the key of what it is listed with.
    pub(crate) fn place(&self, lane: LaneId) -> (Scope, Arc<dyn Kind>, Option<Arc<str>>) {
        let kind = Arc::clone(self.kinds.of(lane.kind));
        (self.scopes.get(lane.scope).clone(), kind, self.group_of(lane))
    }

    fn group_of(&self, lane: LaneId) -> Option<Arc<str>> {
        (lane.group != NO_GROUP).then(|| Arc::clone(self.groups.get(lane.group)))
    }

    /// A call by id has ended.
    pub(crate) fn fetched(&mut self, lane: LaneId, ids: &[Id], result: Result<Vec<Answer>, FetchError>) {
        self.landed(lane);
        match result {
            Ok(answers) => {
                self.take(lane, answers);
                // What a successful call does not answer is absent.
                for id in ids {
                    if self.nodes[*id].is.awaiting && !self.nodes[*id].is.queued {
                        self.absent(*id);
                    }
                }
            }
            Err(error) if error.kind() == FetchErrorKind::Poisoned => {
                if let Some(id) = self.halve(lane, ids) {
                    self.absent(id);
                }
            }
            Err(error) => self.refuse(lane, ids, &error),
        }
        self.finish_op();
    }

    /// A call for a part has ended.
    pub(crate) fn completed(
        &mut self,
        lane: LaneId,
        ids: &[Id],
        result: Result<Vec<(Box<str>, Told)>, FetchError>,
    ) {
        self.landed(lane);
        match result {
            Ok(told) => self.take_parts(lane, ids, told),
            Err(error) if error.kind() == FetchErrorKind::Poisoned => {
                // It was there, and is gone.
                if let Some(id) = self.halve(lane, ids) {
                    self.absent(id);
                }
            }
            Err(error) => self.refuse(lane, ids, &error),
        }
        self.finish_op();
    }

    /// A page of a list has come. Whether the list goes on.
    pub(crate) fn listed(&mut self, lane: LaneId, result: Result<(Vec<Answer>, bool), FetchError>) -> bool {
        let list = (lane.kind, lane.scope, lane.group);
        let is_running = self.lists.get(&list).is_some_and(|it| it.state == ListState::Running);
        let goes_on = match result {
            _ if !is_running => false,
            Ok((answers, goes_on)) => {
                self.take(lane, answers);
                if !goes_on {
                    self.end_list(list, &Ok(()));
                }
                goes_on
            }
            Err(error) => {
                self.end_list(list, &Err((outcome_of(&error), error.line().into())));
                false
            }
        };
        self.finish_op();
        goes_on
    }

    /// A call will never be answered: its task is gone.
    pub(crate) fn lost(&mut self, lane: LaneId, ids: &[Id], panicked: bool) {
        let error = FetchError::failed("the mirror panicked");
        match (lane.work, panicked) {
            (Work::List, true) => {
                self.listed(lane, Err(error));
            }
            (Work::List, false) => {
                let list = (lane.kind, lane.scope, lane.group);
                self.end_list(list, &Err((OutcomeKind::Cancelled, "the discovery was shut down".into())));
            }
            (_, true) => {
                self.landed(lane);
                self.refuse(lane, ids, &error);
            }
            (_, false) => {
                self.landed(lane);
                for id in ids {
                    if self.nodes[*id].is.busy {
                        self.cancel(*id);
                    }
                }
            }
        }
        self.finish_op();
    }

    fn landed(&mut self, lane: LaneId) {
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            lane.changed.notify_one();
        }
    }

    /// Asks for the halves of a batch that failed as a whole; one that failed alone is given back.
    fn halve(&mut self, lane: LaneId, ids: &[Id]) -> Option<Id> {
        if let [id] = ids {
            return Some(*id);
        }
        let (one, other) = ids.split_at(ids.len() / 2);
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.halves.extend([one.to_vec(), other.to_vec()]);
        }
        None
    }

    /// A call failed for all that it was about.
    fn refuse(&mut self, lane: LaneId, ids: &[Id], error: &FetchError) {
        let (outcome, reason) = (outcome_of(error), Arc::<str>::from(error.line()));
        let Some(api) = self.api(lane) else { return };
        let mut ids = ids.to_vec();
        if matches!(outcome, OutcomeKind::Denied | OutcomeKind::Unsupported) {
            // It is not called again in this scope: all that waits for it is answered now.
            self.refused.insert((lane.kind, lane.work, lane.scope), (outcome, Arc::clone(&reason)));
            for (id, other) in &mut self.lanes {
                if (id.kind, id.work, id.scope) == (lane.kind, lane.work, lane.scope) {
                    ids.extend(other.queue.drain(..).chain(other.halves.drain(..).flatten()));
                }
            }
        }
        let can_list = lane.work == Work::Fetch
            && outcome != OutcomeKind::Failed
            && self.kinds.of(lane.kind).plan().list.is_some();
        for id in ids {
            self.nodes[id].is.queued &= lane.work != Work::Fetch;
            match lane.work {
                Work::Part(_) => {
                    self.part_done(id, Some((self.part_name(lane), api, outcome, Arc::clone(&reason))));
                }
                _ if !self.nodes[id].is.awaiting => {}
                // What cannot be had by id may yet be listed.
                _ if can_list => {
                    let key = Arc::clone(&self.nodes[id].key);
                    match self.group_number(lane.kind, &key) {
                        Some(group) => self.join_list((lane.kind, lane.scope, group), id),
                        None => self.fail(id, outcome, &reason, Some(api)),
                    }
                }
                _ => self.fail(id, outcome, &reason, Some(api)),
            }
        }
    }

    fn part_name(&self, lane: LaneId) -> &'static str {
        let parts = &self.kinds.of(lane.kind).plan().parts;
        match lane.work {
            Work::Part(part) => parts.get(usize::from(part)).map_or("", |(name, _)| *name),
            _ => "",
        }
    }

    pub(super) fn enqueue_fetch(&mut self, id: Id, group: u32) {
        let node = &self.nodes[id];
        let lane = LaneId { kind: node.kind, work: Work::Fetch, scope: node.scope, group };
        self.enqueue(lane, id);
    }

    fn take(&mut self, lane: LaneId, answers: Vec<Answer>) {
        for answer in answers {
            match answer {
                Answer::Found { of, model } => {
                    if let Some(kind) = self.kinds.number(of) {
                        let scope = self.scopes.get(lane.scope).clone();
                        let scope = self.scope_number(kind, &scope);
                        self.found(kind, scope, model);
                    }
                }
                Answer::Absent { key } => {
                    if let Some(id) = self.nodes.find(lane.kind, lane.scope, &key)
                        && self.nodes[id].is.awaiting
                    {
                        self.absent(id);
                    }
                }
                Answer::Named { key } => self.named(lane, &key),
                Answer::Unreadable { key, field } => self.unreadable(lane, key.as_deref(), &field),
            }
        }
    }

    /// A resource is there.
    fn found(&mut self, kind: u16, scope: u32, model: AnyModel) {
        let mirror = Arc::clone(self.kinds.of(kind));
        let key = mirror.key(&*model);
        let Some(id) = self.node(kind, scope, &key) else { return };
        drop(key);
        if let State::Alias(of) = self.nodes[id].state {
            let (name, other) = (&self.nodes[id].key, &self.nodes[of].key);
            self.conflicts.push(format!("{} {name} is another name of {other}", mirror.name()));
            return;
        }
        mirror.aliases(&*model, &mut |alias| self.alias(kind, scope, alias, id));
        let node = &mut self.nodes[id];
        if node.is.awaiting {
            self.complete(id, model);
        } else if node.is.busy || node.state == State::Found {
            // Its parts are being asked for, or it is there already: the same told twice.
            return;
        } else {
            self.set_known(id, model);
        }
        self.answer_searches(id, false);
        self.list_inside(id);
    }

    fn set_known(&mut self, id: Id, model: AnyModel) {
        self.know(id);
        self.nodes[id].model = Some(model);
        if self.nodes[id].demand > Demand::None {
            // It was not to be seen when it was wanted.
            let demand = self.nodes[id].demand;
            self.todo.push_back((id, demand));
        }
    }

    /// `alias` is another name of a node.
    fn alias(&mut self, kind: u16, scope: u32, alias: &str, id: Id) {
        let Some(other) = self.node(kind, scope, alias) else { return };
        if other == id {
            return;
        }
        match self.nodes[other].state {
            State::Alias(of) if of == id => {}
            State::Alias(_) | State::Known | State::Found => {
                let (name, one) = (self.kinds.of(kind).name(), &self.nodes[id].key);
                self.conflicts.push(format!("{name} {alias} is another name of {one}"));
            }
            _ => {
                let node = &self.nodes[other];
                let (demand, is) = (node.demand, node.is);
                self.become_alias(other, id);
                self.nodes[id].is.root_if_found |= is.root_if_found;
                if is.root || is.root_if_found {
                    self.make_root(id);
                }
                let demand = if is.root_if_found { Demand::Asked } else { demand };
                if demand > Demand::None {
                    self.todo.push_back((id, demand));
                }
            }
        }
    }

    fn named(&mut self, lane: LaneId, key: &str) {
        let demand = self.demand_of_named(lane.kind, lane.scope);
        if let Some(id) = self.nodes.find(lane.kind, lane.scope, key)
            && self.nodes[id].is.awaiting
            && lane.work == Work::List
            && self.can_fetch(lane.kind, lane.scope)
        {
            // It waited for the list, which has no more to tell of it.
            if !std::mem::replace(&mut self.nodes[id].is.queued, true) {
                self.enqueue_fetch(id, lane.group);
            }
            return;
        }
        if demand > Demand::None
            && let Some(id) = self.node(lane.kind, lane.scope, key)
        {
            if self.nodes[id].state == State::Named && !self.nodes[id].is.busy {
                self.nodes[id].demand = self.nodes[id].demand.max(demand);
                self.fetch_named(id, lane.group);
            } else {
                self.todo.push_back((id, demand));
            }
        }
    }

    fn unreadable(&mut self, lane: LaneId, key: Option<&str>, field: &str) {
        let reason: Arc<str> = format!("its field {field} cannot be read").into();
        self.nameless += u64::from(key.is_none());
        let nameless = format!("?{}", self.nameless);
        let Some(id) = self.node(lane.kind, lane.scope, key.unwrap_or(&nameless)) else { return };
        if !matches!(self.nodes[id].state, State::Named) && !self.nodes[id].is.awaiting {
            return;
        }
        let demand = self.demand_of_named(lane.kind, lane.scope);
        let node = &mut self.nodes[id];
        // One without a key may be what somebody waits for: it is shown, whoever asked.
        node.demand = node.demand.max(if key.is_none() { Demand::Asked } else { demand });
        let api = self.api(lane);
        self.fail(id, OutcomeKind::Failed, &reason, api);
    }

    fn take_parts(&mut self, lane: LaneId, ids: &[Id], told: Vec<(Box<str>, Told)>) {
        let asked: HashSet<Id> = ids.iter().copied().collect();
        let mut unreadable = std::collections::HashMap::new();
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
        for id in ids {
            let gap = unreadable.remove(id).zip(api).map(|(field, api): (String, Api)| {
                (name, api, OutcomeKind::Failed, format!("its field {field} cannot be read").into())
            });
            self.part_done(*id, gap);
        }
    }
}

fn outcome_of(error: &FetchError) -> OutcomeKind {
    match error.kind() {
        FetchErrorKind::Denied => OutcomeKind::Denied,
        FetchErrorKind::Unsupported => OutcomeKind::Unsupported,
        _ => OutcomeKind::Failed,
    }
}
