//! [`Engine`]: decides what is asked for, and when all has been answered. Pure: it is fed with asks, answers and the
//! time, and says which calls to see to.

mod anew;
mod answer;
mod batch;
mod expand;
mod interner;
mod lane;
mod list;
mod named;
mod nodes;
mod parts;
mod search;
mod snapshot;
mod want;
mod whole;

use std::{
    any::TypeId,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::sync::oneshot;

pub(crate) use self::{
    batch::Batch,
    lane::{LaneId, Step, Work},
    nodes::Id,
};
use self::{
    interner::Interner,
    lane::Lane,
    list::{List, ListState},
    nodes::{Demand, Edge, Node, Nodes, State},
    parts::Pending,
    search::Search,
    whole::Whole,
};
use crate::{
    Api, Follow, Gap, Outcome, OutcomeKind, Progress, Scope, Term,
    answers::AnyModel,
    kind::{Kind, scope_of},
    settle::Obligations,
};

/// Why what is owed has failed when a mirror panicked.
const PANICKED: &str = "the mirror panicked";

/// The number of no group.
const NO_GROUP: u32 = 0;

/// Decides what is asked for, and when all has been answered.
pub(crate) struct Engine {
    kinds: Kinds,
    limits: EngineLimits,
    follow: Follow,
    scopes: Interner<Scope>,
    groups: Interner<Arc<str>>,
    reasons: Interner<Arc<str>>,
    vias: Vias,
    nodes: Nodes,
    /// Found, but not yet complete.
    pending: HashMap<Id, Pending>,
    gaps: HashMap<Id, Vec<Gap>>,
    lanes: HashMap<LaneId, Lane>,
    lists: HashMap<(u16, u32, u32), List>,
    wholes: HashMap<(u16, u32), Whole>,
    /// The references by something else than the key, which stand behind the others.
    held: HashMap<Id, Vec<Edge>>,
    searches: HashMap<(u16, u32), Vec<Search>>,
    /// Calls that are not made again in a scope.
    refused: HashMap<(u16, Work, u32), (OutcomeKind, Arc<str>)>,
    problems: BTreeMap<(Api, u32, OutcomeKind), (u64, Arc<str>)>,
    conflicts: BTreeSet<String>,
    left_out: u64,
    /// The types and scopes that are not whole for that.
    left_out_of: HashSet<(u16, u32)>,
    counts: Counts,
    /// What is yet to be wanted: a list instead of recursion, as chains may be long.
    todo: VecDeque<(Id, Demand)>,
    /// Obligations that end when all that they led to is counted.
    released: usize,
    settle: Arc<Obligations>,
    wakes: Vec<LaneId>,
    watchers: HashMap<Id, Vec<oneshot::Sender<()>>>,
    nameless: u64,
    now: Duration,
    /// How many operations there were.
    operation: u64,
    is_closed: bool,
    /// A mirror panicked amid an operation.
    is_abandoned: bool,
}

/// Bounds that the user sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EngineLimits {
    pub(crate) nodes: usize,
    pub(crate) in_flight: usize,
    pub(crate) ttl: Option<Duration>,
}

/// The mirrors, by number and by type.
pub(crate) struct Kinds {
    all: Vec<Arc<dyn Kind>>,
    by_type: HashMap<TypeId, u16>,
    /// The types that are listed with the resources of each.
    inside: Vec<Vec<u16>>,
}

#[derive(Default)]
struct Counts {
    found: u64,
    absent: u64,
    unseen: u64,
}

/// The names of fields.
#[derive(Default)]
struct Vias {
    all: Vec<&'static str>,
    numbers: HashMap<&'static str, u16>,
}

impl Vias {
    fn number(&mut self, via: &'static str) -> u16 {
        *self.numbers.entry(via).or_insert_with(|| {
            self.all.push(via);
            // There are as many as the mirrors name, which is far from the end.
            u16::try_from(self.all.len() - 1).unwrap_or(u16::MAX)
        })
    }
}

impl Kinds {
    pub(crate) fn new(all: Vec<Arc<dyn Kind>>) -> Self {
        let by_type: HashMap<_, _> = (0..).zip(&all).map(|(number, kind)| (kind.id(), number)).collect();
        let mut inside = vec![Vec::new(); all.len()];
        for (number, kind) in (0_u16..).zip(&all) {
            if let Some(outer) = kind.plan().within.and_then(|outer| by_type.get(&outer)) {
                inside[usize::from(*outer)].push(number);
            }
        }
        Self { all, by_type, inside }
    }

    fn of(&self, number: u16) -> &Arc<dyn Kind> {
        &self.all[usize::from(number)]
    }

    fn number(&self, of: TypeId) -> Option<u16> {
        self.by_type.get(&of).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Kind>> {
        self.all.iter()
    }
}

impl Engine {
    pub(crate) fn new(kinds: Kinds, limits: EngineLimits, follow: Follow, settle: Arc<Obligations>) -> Self {
        let mut groups = Interner::new();
        let no_group = groups.number::<str>("");
        debug_assert_eq!(no_group, NO_GROUP, "the first one");
        Self {
            kinds,
            limits,
            follow,
            scopes: Interner::new(),
            groups,
            reasons: Interner::new(),
            vias: Vias::default(),
            nodes: Nodes::default(),
            pending: HashMap::new(),
            gaps: HashMap::new(),
            lanes: HashMap::new(),
            lists: HashMap::new(),
            wholes: HashMap::new(),
            held: HashMap::new(),
            searches: HashMap::new(),
            refused: HashMap::new(),
            problems: BTreeMap::new(),
            conflicts: BTreeSet::new(),
            left_out: 0,
            left_out_of: HashSet::new(),
            counts: Counts::default(),
            todo: VecDeque::new(),
            released: 0,
            settle,
            wakes: Vec::new(),
            watchers: HashMap::new(),
            nameless: 0,
            now: Duration::ZERO,
            operation: 0,
            is_closed: false,
            is_abandoned: false,
        }
    }

    /// Says what time it is, since the start.
    pub(crate) fn tick(&mut self, now: Duration) {
        self.now = now;
    }

    /// The lanes that a task is to see to from now on.
    pub(crate) fn take_wakes(&mut self) -> Vec<LaneId> {
        std::mem::take(&mut self.wakes)
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            known: self.nodes.len() as u64,
            found: self.counts.found,
            absent: self.counts.absent,
            unseen: self.counts.unseen,
            open: self.settle.open() as u64,
        }
    }

    /// Asks for a resource; `None` if it is left out, as there are too many.
    pub(crate) fn ask(&mut self, kind: TypeId, scope: &Scope, key: &str) -> Result<Id, NotAsked> {
        let kind = self.kinds.number(kind).ok_or(NotAsked::NoMirror)?;
        let scope = self.scopes.number_of(scope);
        let id = self.node(kind, scope, key).ok_or(NotAsked::TooMany)?;
        self.make_root(id);
        self.todo.push_back((id, Demand::Asked));
        self.expire(id);
        self.finish_op();
        Ok(self.canonical(id))
    }

    /// Fetches a resource anew, whatever its age.
    pub(crate) fn refresh(&mut self, id: Id) {
        self.fetch_anew(id);
        self.finish_op();
    }

    /// Asks for every resource of a type in a scope.
    pub(crate) fn sweep(&mut self, kind: TypeId, scope: &Scope) -> Result<(), NotAsked> {
        let kind = self.kinds.number(kind).ok_or(NotAsked::NoMirror)?;
        self.sweep_kind(kind, scope);
        self.finish_op();
        Ok(())
    }

    /// Asks for every resource of every type in a scope.
    pub(crate) fn sweep_all(&mut self, scope: &Scope) {
        for kind in 0..self.kinds.all.len() {
            // There are fewer kinds than that.
            self.sweep_kind(u16::try_from(kind).unwrap_or(u16::MAX), scope);
        }
        self.finish_op();
    }

    /// Looks for a term in a scope, among all types.
    pub(crate) fn search(&mut self, term: &Arc<Term>, scope: &Scope) {
        for kind in 0..self.kinds.all.len() {
            self.search_kind(u16::try_from(kind).unwrap_or(u16::MAX), scope, term);
        }
        self.finish_op();
    }

    /// Ends everything: what is owed is cancelled.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        for id in self.nodes.ids() {
            if self.nodes[id].is.busy {
                self.cancel(id);
            }
        }
        self.lanes.values_mut().for_each(|lane| {
            lane.queue.clear();
            lane.halves.clear();
        });
        let running: Vec<_> = self
            .lists
            .iter()
            .filter(|(_, list)| list.state == ListState::Running)
            .map(|(id, _)| *id)
            .collect();
        for list in running {
            self.end_list(list, &Err((OutcomeKind::Cancelled, "the discovery was shut down".into())));
        }
        self.finish_op();
        self.watchers.clear();
    }

    /// Ends everything, as a mirror panicked amid an operation: what is owed has failed.
    ///
    /// Nothing is decided from what the operation left behind, and no mirror is asked any more.
    pub(crate) fn abandon(&mut self) {
        (self.is_closed, self.is_abandoned) = (true, true);
        self.released = 0;
        self.todo.clear();
        self.wakes.clear();
        self.pending.clear();
        for lane in self.lanes.values_mut() {
            lane.queue.clear();
            lane.halves.clear();
        }
        let why = self.reasons.number_of(&PANICKED.into());
        for id in self.nodes.ids() {
            let node = &mut self.nodes[id];
            if !node.is.busy {
                continue;
            }
            (node.is.busy, node.is.awaiting, node.is.queued, node.is.joined) = (false, false, false, false);
            if node.state == State::Found {
                node.is.stale = true;
            } else {
                self.set_state(id, State::Failed(why));
            }
        }
        self.abandon_lists();
        self.watchers.clear();
        self.settle.clear();
    }

    /// Calls back when a node is answered for, at once if it is.
    pub(crate) fn watch(&mut self, id: Id) -> Option<oneshot::Receiver<()>> {
        let id = self.canonical(id);
        // What is being fetched anew can be read meanwhile.
        if !self.nodes[id].is.busy || self.nodes[id].state == State::Found {
            return None;
        }
        let (tell, told) = oneshot::channel();
        let watchers = self.watchers.entry(id).or_default();
        if watchers.len() == watchers.capacity() {
            // Those that went away are let go of before there is room made for more.
            watchers.retain(|it| !it.is_closed());
        }
        watchers.push(tell);
        Some(told)
    }

    /// What became of a node.
    pub(crate) fn outcome(&self, id: Id) -> Outcome<AnyModel> {
        let node = &self.nodes[self.canonical(id)];
        let reason = |number: u32| Arc::clone(self.reasons.get(number));
        match node.state {
            State::Found => node.model.clone().map_or(Outcome::Cancelled, Outcome::Found),
            State::Absent => Outcome::Absent,
            State::Denied(why) => Outcome::Denied(reason(why)),
            State::Unsupported(why) => Outcome::Unsupported(reason(why)),
            State::Failed(why) => Outcome::Failed(reason(why)),
            // An alias is not canonical.
            State::Named | State::Known | State::Cancelled | State::Alias(_) => Outcome::Cancelled,
        }
    }

    /// The node that a node is another name of.
    fn canonical(&self, mut id: Id) -> Id {
        while let State::Alias(of) = self.nodes[id].state {
            id = of;
        }
        id
    }

    /// The node of a key, made if there is none; `None` if there are too many.
    fn node(&mut self, kind: u16, scope: u32, key: &str) -> Option<Id> {
        if let Some(id) = self.nodes.find(kind, scope, key) {
            return Some(id);
        }
        let id = (self.nodes.len() < self.limits.nodes).then(|| self.nodes.add(kind, scope, key)).flatten();
        if id.is_none() {
            self.left_out += 1;
        }
        id
    }

    fn kind(&self, id: Id) -> Arc<dyn Kind> {
        Arc::clone(self.kinds.of(self.nodes[id].kind))
    }

    /// The number of the scope of a kind, as it is named from `scope`.
    fn scope_number(&mut self, kind: u16, scope: &Scope) -> u32 {
        let scope = scope_of(&**self.kinds.of(kind), scope);
        self.scopes.number_of(&scope)
    }

    /// The number of what a resource is listed with; `None` if its key does not say.
    fn group_number(&mut self, kind: u16, key: &str) -> Option<u32> {
        let kind = Arc::clone(self.kinds.of(kind));
        if kind.plan().within.is_none() {
            return Some(NO_GROUP);
        }
        kind.group(key).map(|group| self.groups.number::<str>(&group))
    }

    /// Counts what could not be seen.
    fn problem(&mut self, api: Api, scope: u32, outcome: OutcomeKind, reason: &Arc<str>) {
        let (count, _) =
            self.problems.entry((api, scope, outcome)).or_insert_with(|| (0, Arc::clone(reason)));
        *count += 1;
    }

    /// Sees to all that an operation led to, and then lets go of what it ended.
    fn finish_op(&mut self) {
        while let Some((id, demand)) = self.todo.pop_front() {
            self.want(id, demand);
        }
        self.operation += 1;
        self.settle.release(std::mem::take(&mut self.released));
    }
}

/// Why a resource is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAsked {
    /// There is no mirror of its type.
    NoMirror,
    /// There are as many nodes as there may be.
    TooMany,
}
