//! What calls brought.

use std::sync::Arc;

use super::{Demand, Engine, Id, LaneId, ListState, PANICKED, State, Work, list::NAMELESS};
use crate::{
    FetchError, FetchErrorKind, OutcomeKind,
    answers::{Answer, AnyModel, Told},
};

impl Engine {
    /// A call by id has ended.
    pub(crate) fn fetched(&mut self, lane: LaneId, ids: &[Id], result: Result<Vec<Answer>, FetchError>) {
        self.landed(lane);
        match result {
            // It was not to be cancelled in time: nothing is owed any more.
            _ if self.is_closed => {}
            Ok(answers) => {
                let has_nameless =
                    answers.iter().any(|answer| matches!(answer, Answer::Unreadable { key: None, .. }));
                self.take(lane, answers);
                // What a successful call does not answer is absent, unless it may be what has no key.
                for id in ids {
                    match self.nodes[*id].is {
                        is if !is.awaiting || is.queued => {}
                        _ if has_nameless => self.fail(*id, OutcomeKind::Failed, &NAMELESS.into(), None),
                        _ => self.absent(*id),
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
            _ if self.is_closed => {}
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
        let error = FetchError::failed(PANICKED);
        match (lane.work, panicked) {
            // What was owed has been seen to.
            _ if self.is_closed => self.landed(lane),
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
        // What was asked for by id again meanwhile waits for that call.
        let waits = |id: &Id| lane.work == Work::Fetch && self.nodes[*id].is.queued;
        let mut ids: Vec<Id> = ids.iter().copied().filter(|id| !waits(id)).collect();
        if matches!(outcome, OutcomeKind::Denied | OutcomeKind::Unsupported) {
            // It is not called again in this scope: all that waits for it is answered now.
            self.refused.insert((lane.kind, lane.work, lane.scope), (outcome, Arc::clone(&reason)));
            for (id, other) in &mut self.lanes {
                if (id.kind, id.work, id.scope) == (lane.kind, lane.work, lane.scope) {
                    for id in other.queue.drain(..).chain(other.halves.drain(..).flatten()) {
                        self.nodes[id].is.queued &= lane.work != Work::Fetch;
                        ids.push(id);
                    }
                }
            }
        }
        let can_list = lane.work == Work::Fetch
            && outcome != OutcomeKind::Failed
            && self.kinds.of(lane.kind).plan().list.is_some();
        for id in ids {
            match lane.work {
                Work::Part(part) => {
                    self.part_done(id, part, Some((self.part_name(lane), api, outcome, Arc::clone(&reason))));
                }
                _ if !self.nodes[id].is.awaiting => {}
                // What cannot be had by id may yet be listed, if lists tell more than keys.
                _ if can_list && !self.nodes[id].is.named => {
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
        let Some(id) = self.node(kind, scope, &key) else { return self.lack_key(kind, scope) };
        drop(key);
        if let State::Alias(of) = self.nodes[id].state {
            let (name, other) = (&self.nodes[id].key, &self.nodes[of].key);
            self.conflicts.insert(format!("{} {name} is another name of {other}", mirror.name()));
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
        self.nodes[id].at = self.now_ms();
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
            State::Alias(of) if self.canonical(of) == id => {}
            // It is a resource of its own, or one that is being found.
            _ if self.pending.contains_key(&other) => self.conflict(kind, alias, id),
            State::Alias(_) | State::Known | State::Found => self.conflict(kind, alias, id),
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

    fn conflict(&mut self, kind: u16, alias: &str, id: Id) {
        let (name, one) = (self.kinds.of(kind).name(), &self.nodes[id].key);
        self.conflicts.insert(format!("{name} {alias} is another name of {one}"));
    }

    fn unreadable(&mut self, lane: LaneId, key: Option<&str>, field: &str) {
        let reason: Arc<str> = format!("its field {field} cannot be read").into();
        self.nameless += u64::from(key.is_none());
        let nameless = format!("?{}", self.nameless);
        let list = (lane.kind, lane.scope, lane.group);
        if let Some(list) = self.lists.get_mut(&list).filter(|_| lane.work == Work::List) {
            list.has_nameless |= key.is_none();
            list.has_unreadable |= key.is_some();
        }
        if let Some(whole) = self.wholes.get_mut(&(lane.kind, lane.scope)) {
            whole.lacks_keys |= key.is_none();
            whole.is_lacking = true;
        }
        let Some(id) = self.node(lane.kind, lane.scope, key.unwrap_or(&nameless)) else {
            return self.lack_key(lane.kind, lane.scope);
        };
        if key.is_some() && lane.work == Work::List {
            // What is listed with it is so all the same.
            self.nodes[id].is.named = true;
            self.list_inside(id);
        }
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
}

fn outcome_of(error: &FetchError) -> OutcomeKind {
    match error.kind() {
        FetchErrorKind::Denied => OutcomeKind::Denied,
        FetchErrorKind::Unsupported => OutcomeKind::Unsupported,
        _ => OutcomeKind::Failed,
    }
}
