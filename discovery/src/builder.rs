//! [`Builder`]: what a discovery is to be like.

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use tidegate_throttle::{Throttle, Unlimited};
use tokio::runtime::Handle;

use crate::{
    Api, Discovery, Follow, Lookup, Mirror,
    engine::{Engine, EngineLimits, Kinds},
    kind::{Kind, Registered},
    lookup::Questions,
    runner::{Runner, Settings},
    settle::Obligations,
};

/// What a [`Discovery`] is to be like.
#[must_use]
pub struct Builder {
    kinds: Vec<Arc<dyn Kind>>,
    throttle: Arc<dyn Throttle>,
    follow: Follow,
    limits: EngineLimits,
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            throttle: Arc::new(Unlimited),
            follow: Follow::all(),
            limits: EngineLimits { nodes: 1_000_000, in_flight: 2, ttl: None },
            settings: Settings { linger: Duration::from_millis(1), attempts: 5 },
        }
    }
}

impl Builder {
    /// Adds a type of resource.
    pub fn mirror<M: Mirror>(mut self, mirror: M) -> Self {
        self.kinds.push(Arc::new(Registered::new(mirror)));
        self
    }

    /// Adds a reverse question. What it finds needs its own [mirror](Self::mirror).
    pub fn lookup<L: Lookup>(self, lookup: L) -> Self {
        self.mirror(Questions(lookup))
    }

    /// What paces the calls. Default: [`Unlimited`]; `Adaptive` learns AWS's limits.
    pub fn throttle(mut self, throttle: impl Throttle + 'static) -> Self {
        self.throttle = Arc::new(throttle);
        self
    }

    /// Which references lead on. Default: all.
    pub fn follow(mut self, follow: Follow) -> Self {
        self.follow = follow;
        self
    }

    /// The most resources that are known of at once; what is named beyond that is left out, and the report says how
    /// much. Default: 1,000,000.
    pub fn max_nodes(mut self, nodes: usize) -> Self {
        self.limits.nodes = nodes;
        self
    }

    /// The most calls of one kind and scope at once, beside what the throttle allows. Default: 2, at least 1: where AWS
    /// publishes no limit, so many calls at most are refused when it is met.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.limits.in_flight = calls.max(1);
        self
    }

    /// How old what is known may be when it is [asked](Discovery::ask) for; an older one is fetched anew, and what was
    /// found can be read meanwhile. So it is with lists, and with what was not there. Default: as old as it likes.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.limits.ttl = Some(ttl);
        self
    }

    /// How long a call that is not full waits for more to ask. Default: 1 ms.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.settings.linger = linger;
        self
    }

    /// How often a call is made that fails in a way that may pass, pauses of 200 ms to 5 s between. Default: 5, at
    /// least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts;
        self
    }

    /// Every call that the mirrors may make: [`policy`](crate::policy) makes the least IAM policy of them.
    pub fn apis(&self) -> impl Iterator<Item = Api> {
        self.kinds.iter().flat_map(|kind| kind.plan().apis().collect::<Vec<_>>())
    }

    /// Builds it, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if two mirrors are of one type, or there is no runtime.
    pub fn build(self) -> Result<Discovery, BuildError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let (mut types, mut names) = (HashSet::new(), HashSet::new());
        for kind in &self.kinds {
            if !types.insert(kind.id()) || !names.insert(kind.name()) {
                return Err(BuildError::Twice(kind.name()));
            }
        }
        let settle = Arc::<Obligations>::default();
        let engine = Engine::new(Kinds::new(self.kinds), self.limits, self.follow, Arc::clone(&settle));
        Ok(Discovery::new(Runner::new(engine, settle, self.throttle, runtime, self.settings)))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        f.debug_struct("Builder")
            .field("mirrors", &names)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why there is no discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Two mirrors or lookups are of this name: there would be two caches of the same resources.
    Twice(&'static str),
    /// There is no tokio runtime.
    NoRuntime,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(name) => write!(f, "two mirrors or lookups of {name}: each name has one"),
            Self::NoRuntime => f.write_str("a discovery is built on a tokio runtime, and there is none"),
        }
    }
}

impl std::error::Error for BuildError {}
