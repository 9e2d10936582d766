//! [`List`]: a list of a type, scope and group, and what waits for it.

use std::{sync::Arc, time::Duration};

use super::{Engine, Id, LaneId, NO_GROUP, PANICKED, Work};
use crate::OutcomeKind;

/// Why what an answer does not tell may be in it.
pub(super) const NAMELESS: &str = "it may be one whose key cannot be read";

/// The type, scope and group of a list.
pub(super) type ListKey = (u16, u32, u32);

/// A list of a type, scope and group.
#[derive(Debug)]
pub(super) struct List {
    pub(super) state: ListState,
    began: Duration,
    /// The operation that began it, which it cannot have told anything of yet.
    began_in: u64,
    /// Those that it answers for: what it does not bring is absent.
    waiting: Vec<Id>,
    /// It told keys and nothing else: other names of what it told are not known.
    pub(super) has_names: bool,
    /// It told something without a key.
    pub(super) has_nameless: bool,
    /// It told something that cannot be read.
    pub(super) has_unreadable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListState {
    Running,
    Complete,
    /// It could not be had: how, and why.
    Ended(OutcomeKind, Arc<str>),
}

impl List {
    fn new(state: ListState, began: Duration, began_in: u64) -> Self {
        let (has_names, has_nameless, has_unreadable) = (false, false, false);
        Self { state, began, began_in, waiting: Vec::new(), has_names, has_nameless, has_unreadable }
    }

    pub(super) fn began(&self) -> Duration {
        self.began
    }

    /// Whether what it did not tell is absent.
    pub(super) fn tells_all(&self) -> bool {
        self.state == ListState::Complete && !self.has_names && !self.has_nameless
    }
}

impl Engine {
    /// Begins the list of a group, whose key is given.
    pub(super) fn list_group(&mut self, kind: u16, scope: u32, group: &str) {
        let group = self.groups.number::<str>(group);
        self.begin_list((kind, scope, group));
    }

    /// Begins a list, if that was not done before; one that could not be had may go better now.
    pub(super) fn begin_list(&mut self, list: ListKey) {
        if self.lists.get(&list).is_none_or(|known| matches!(known.state, ListState::Ended(..))) {
            self.run_list(list);
        }
    }

    /// Waits for a list, which is begun if it is not under way.
    pub(super) fn join_list(&mut self, list: ListKey, id: Id) {
        if !self.is_listing(list) {
            self.run_list(list);
        }
        match self.lists.get_mut(&list) {
            Some(List { state: ListState::Running, waiting, .. }) => {
                waiting.push(id);
                self.nodes[id].is.joined = true;
            }
            Some(List { state: ListState::Ended(outcome, reason), .. }) => {
                let (outcome, reason) = (*outcome, Arc::clone(reason));
                self.fail(id, outcome, &reason, None);
            }
            _ => self.absent(id),
        }
    }

    pub(super) fn is_listing(&self, list: ListKey) -> bool {
        self.lists.get(&list).is_some_and(|it| it.state == ListState::Running)
    }

    /// Whether a list that is running told of a resource that was found then.
    pub(super) fn is_told(&self, list: ListKey, found: Duration) -> bool {
        let list = self.lists.get(&list).filter(|it| it.state == ListState::Running);
        list.is_some_and(|it| it.began_in != self.operation && it.began <= found)
    }

    pub(super) fn is_list_of_names(&self, list: ListKey) -> bool {
        self.lists.get(&list).is_some_and(|it| it.state == ListState::Complete && it.has_names)
    }

    fn run_list(&mut self, list: ListKey) {
        let (kind, scope, group) = list;
        let lane = LaneId { kind, work: Work::List, scope, group };
        let refused = self.refused.get(&(kind, Work::List, scope)).cloned();
        let state = match refused {
            _ if self.is_closed => {
                ListState::Ended(OutcomeKind::Cancelled, "the discovery was shut down".into())
            }
            _ if self.kinds.of(kind).plan().list.is_none() => {
                ListState::Ended(OutcomeKind::Failed, "it cannot be listed".into())
            }
            Some((outcome, reason)) => ListState::Ended(outcome, reason),
            None => ListState::Running,
        };
        let runs = state == ListState::Running;
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.open += usize::from(runs);
            whole.lacks_keys |= !runs;
        }
        self.lists.insert(list, List::new(state, self.now, self.operation));
        if runs {
            self.settle.add(1);
            self.wakes.push(lane);
        }
    }

    /// A list has come to its end.
    pub(super) fn end_list(&mut self, list: ListKey, result: &Result<(), (OutcomeKind, Arc<str>)>) {
        let (kind, scope, group) = list;
        let Some(known) = self.lists.get_mut(&list).filter(|it| it.state == ListState::Running) else {
            return;
        };
        self.released += 1;
        let waiting = std::mem::take(&mut known.waiting);
        known.state = match result {
            Ok(()) => ListState::Complete,
            Err((outcome, reason)) => ListState::Ended(*outcome, Arc::clone(reason)),
        };
        let (tells_all, has_nameless) = (known.tells_all(), known.has_nameless);
        let lane = LaneId { kind, work: Work::List, scope, group };
        if let (Err((outcome, reason)), Some(api)) = (result, self.api(lane)) {
            self.problem(api, scope, *outcome, reason);
            if matches!(outcome, OutcomeKind::Denied | OutcomeKind::Unsupported) {
                self.refused.insert((kind, Work::List, scope), (*outcome, Arc::clone(reason)));
            }
        }
        for id in waiting {
            if !std::mem::take(&mut self.nodes[id].is.joined) {
                continue;
            }
            match result {
                Ok(()) if tells_all => self.absent(id),
                // What a list does not tell may yet be had by id.
                _ if self.can_fetch(kind, scope) && !self.is_closed => self.queue_fetch(id, group),
                Ok(()) if has_nameless => self.fail(id, OutcomeKind::Failed, &NAMELESS.into(), None),
                Ok(()) => self.fail_named(id),
                Err((outcome, reason)) => self.fail(id, *outcome, reason, None),
            }
        }
        if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
            whole.open = whole.open.saturating_sub(1);
            whole.lacks_keys |= result.is_err();
        }
        self.check_whole(kind, scope);
    }

    /// Ends all lists that are running, as those of an engine that is abandoned.
    pub(super) fn abandon_lists(&mut self) {
        let running: Vec<_> = self.lists.keys().copied().filter(|list| self.is_listing(*list)).collect();
        for list in running {
            let (kind, scope, group) = list;
            let reason: Arc<str> = PANICKED.into();
            if let Some(list) = self.lists.get_mut(&list) {
                list.waiting.clear();
                list.state = ListState::Ended(OutcomeKind::Failed, Arc::clone(&reason));
            }
            if let Some(api) = self.api(LaneId { kind, work: Work::List, scope, group }) {
                self.problem(api, scope, OutcomeKind::Failed, &reason);
            }
            if let Some(whole) = self.wholes.get_mut(&(kind, scope)) {
                whole.lacks_keys = true;
            }
        }
    }

    pub(super) fn can_fetch(&self, kind: u16, scope: u32) -> bool {
        self.kinds.of(kind).plan().by_id.is_some() && !self.refused.contains_key(&(kind, Work::Fetch, scope))
    }

    /// Begins the lists of what is listed with a resource that is there, where somebody wants all of them.
    pub(super) fn list_inside(&mut self, id: Id) {
        let node = &self.nodes[self.canonical(id)];
        let (kind, scope, key) = (node.kind, node.scope, Arc::clone(&node.key));
        let inside = &self.kinds.inside[usize::from(kind)];
        if inside.is_empty() {
            return;
        }
        let scope = self.scopes.get(scope).clone();
        for kind in inside.clone() {
            let scope = self.scope_number(kind, &scope);
            if self.wholes.contains_key(&(kind, scope)) {
                self.list_group(kind, scope, &key);
            }
        }
    }

    /// The list of a type that is listed with no other.
    pub(super) fn list_of_type(&mut self, kind: u16, scope: u32) {
        self.begin_list((kind, scope, NO_GROUP));
    }
}
