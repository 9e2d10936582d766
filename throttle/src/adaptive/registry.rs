//! [`Registry`]: the limits that are known, and which of them each call draws from.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};

use foldhash::fast::RandomState;
use tokio::time::Instant;

use super::{Knowledge, line::Line, route::Route, settings::Settings, sharing::Sharing};
use crate::{
    Call, Limit,
    catalog::{Catalog, Draw},
};

/// The limits that are known, and which of them each call draws from, found without allocating.
pub(super) struct Registry {
    settings: Arc<Settings>,
    catalog: Catalog,
    knowledge: Knowledge,
    start: Instant,
    known: RwLock<Known>,
    /// What is to run beside the first call, and once.
    sharing: Option<Mutex<Option<Sharing>>>,
}

#[derive(Default)]
struct Known {
    routes: HashMap<Key, Arc<Route>, RandomState>,
    lines: HashMap<Limit, Arc<Line>>,
}

impl Registry {
    pub(super) fn new(
        settings: Settings,
        catalog: Catalog,
        knowledge: Knowledge,
        sharing: Option<Sharing>,
    ) -> Self {
        let (settings, start) = (Arc::new(settings), Instant::now());
        let sharing = sharing.map(|sharing| Mutex::new(Some(sharing)));
        Self { settings, catalog, knowledge, start, known: RwLock::default(), sharing }
    }

    /// Begins to share with other processes, unless it has: there may have been no runtime before.
    pub(super) fn share(this: &Arc<Self>) {
        if let Some(sharing) = &this.sharing
            && let Some(sharing) = sharing.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            tokio::spawn(sharing.run(Arc::downgrade(this)));
        }
    }

    /// The limits that `call` draws from.
    pub(super) fn route(&self, call: &Call) -> Arc<Route> {
        if let Some(route) = self.read().routes.get(call as &dyn Parts) {
            return Arc::clone(route);
        }
        let draws = self.catalog.draws(call);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = known.routes.get(call as &dyn Parts) {
            return Arc::clone(route);
        }
        if known.lines.len() >= self.settings.max_limits {
            known.evict();
        }
        // Calls that differ in what their limits do not tell apart: they are looked up again.
        if known.routes.len() >= self.settings.max_limits.saturating_mul(2) {
            known.routes.clear();
        }
        let several = draws.len() > 1;
        let mut lines = draws.into_iter().map(|draw| {
            let cost = draw.cost;
            let line = known.line(draw, self);
            if several {
                line.lock().limiter.doubt_blame();
            }
            (line, cost)
        });
        // A catalog gives one at least; if it did not, the call's own would be right.
        let first = lines.next();
        let wider = lines.collect();
        let first = first.unwrap_or_else(|| {
            let draw = Draw::of(call);
            let cost = draw.cost;
            (known.line(draw, self), cost)
        });
        let route = Arc::new(Route::new(Arc::clone(&self.settings), first, wider));
        known.routes.insert(Key(call.clone()), Arc::clone(&route));
        route
    }

    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        let mut lines: Vec<_> = self.read().lines.values().map(Arc::clone).collect();
        lines.sort_unstable_by(|one, other| one.limit.cmp(&other.limit));
        lines
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn line(&mut self, draw: Draw, registry: &Registry) -> Arc<Line> {
        let line = self.lines.entry(draw.limit).or_insert_with_key(|limit| {
            let learnt = registry.knowledge.of(limit);
            let settings = Arc::clone(&registry.settings);
            Arc::new(Line::new(limit.clone(), draw.quota, draw.hint, learnt, settings, registry.start))
        });
        Arc::clone(line)
    }

    /// Forgets the half of the limits that nobody has used for longest, and nobody uses now.
    ///
    /// A call that has just looked one of them up goes by what it found; the next one learns anew.
    fn evict(&mut self) {
        let mut idle: Vec<_> =
            self.lines.values().filter_map(|line| Some((line.idle_since()?, line))).collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        let forgotten: HashSet<Limit> =
            idle.iter().take(self.lines.len().div_ceil(2)).map(|(_, line)| line.limit.clone()).collect();
        self.routes.retain(|_, route| !route.lines().any(|line| forgotten.contains(&line.limit)));
        self.lines.retain(|limit, _| !forgotten.contains(limit));
    }
}

/// What tells one call from another here.
trait Parts {
    fn parts(&self) -> [&str; 5];
}

impl Parts for Call {
    fn parts(&self) -> [&str; 5] {
        [
            self.account_id(),
            self.region_name(),
            self.service_name(),
            self.operation_name(),
            self.resource_name(),
        ]
    }
}

impl Hash for dyn Parts + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn Parts + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn Parts + '_ {}

/// A call as a key, whose cost, class and deadline do not matter.
struct Key(Call);

impl<'a> Borrow<dyn Parts + 'a> for Key {
    fn borrow(&self) -> &(dyn Parts + 'a) {
        &self.0
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.parts().hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.parts() == other.0.parts()
    }
}

impl Eq for Key {}
