//! The desk at which every call is met: limits, latency and faults decide, counters take note.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    counters::{ActionCounters, Counters},
    faults::{Faults, Hit},
    latency::Latency,
    limits::{Limiter, Limits},
};
use crate::services::{Action, Flow, Gate, Scope, Shut};

/// The conditions of one run, and what was counted under them.
#[derive(Debug)]
pub(crate) struct Desk {
    start: Instant,
    seed: u64,
    settings: RwLock<Settings>,
    actions: RwLock<HashMap<&'static str, Records>>,
}

/// By action.
type Records = HashMap<String, Arc<Mutex<Record>>>;

/// Each can be replaced while calls are met.
#[derive(Clone, Debug)]
struct Settings {
    limiter: Arc<Limiter>,
    latency: Arc<Latency>,
    faults: Arc<Faults>,
}

/// What is kept of one action.
#[derive(Debug)]
struct Record {
    counters: ActionCounters,
    latency: fastrand::Rng,
    faults: fastrand::Rng,
}

/// A call that has arrived; it is in flight until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Arrival {
    record: Arc<Mutex<Record>>,
    second: u64,
    failed: bool,
    /// How long its answer takes.
    pub(crate) latency: Duration,
    pub(crate) verdict: Verdict,
}

/// What becomes of a call.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Throttled(Shut),
    Accepted(Option<Hit>),
}

impl Desk {
    pub(crate) fn new(limits: Limits, latency: Latency, faults: Faults, seed: u64) -> Self {
        let settings = Settings {
            limiter: Arc::new(Limiter::new(limits, seed)),
            latency: Arc::new(latency),
            faults: Arc::new(faults),
        };
        Self { start: Instant::now(), seed, settings: RwLock::new(settings), actions: RwLock::default() }
    }

    /// Meets a call that arrives now.
    pub(crate) fn arrive(&self, scope: &Scope, action: &Action) -> Arrival {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        let record = self.record(action);
        let now = self.start.elapsed();
        let refusal = settings.limiter.check(now, scope, action).err();
        let (service, name, throttled) = (action.service, &*action.name, refusal.is_some());

        let mut guard = record.lock().unwrap_or_else(PoisonError::into_inner);
        guard.counters.arrived(now.as_secs(), throttled);
        let latency = settings.latency.draw(service, name, throttled, &mut guard.latency);
        let verdict = match refusal {
            Some(refusal) => Verdict::Throttled(refusal),
            None => Verdict::Accepted(settings.faults.draw(service, name, &mut guard.faults)),
        };
        drop(guard);
        Arrival { record, second: now.as_secs(), failed: false, latency, verdict }
    }

    pub(crate) fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        for (service, actions) in &*self.actions.read().unwrap_or_else(PoisonError::into_inner) {
            for (action, record) in actions {
                let record = record.lock().unwrap_or_else(PoisonError::into_inner);
                counters.insert(service, action, record.counters.clone());
            }
        }
        counters
    }

    pub(crate) fn reset_counters(&self) {
        for record in
            self.actions.read().unwrap_or_else(PoisonError::into_inner).values().flat_map(HashMap::values)
        {
            record.lock().unwrap_or_else(PoisonError::into_inner).counters.reset();
        }
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        let mut settings = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let limiter = settings.limiter.replaced(limits, self.seed, self.start.elapsed());
        settings.limiter = Arc::new(limiter);
    }

    pub(crate) fn set_latency(&self, latency: Latency) {
        self.settings.write().unwrap_or_else(PoisonError::into_inner).latency = Arc::new(latency);
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.settings.write().unwrap_or_else(PoisonError::into_inner).faults = Arc::new(faults);
    }

    fn limiter(&self) -> Arc<Limiter> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner).limiter)
    }

    fn record(&self, action: &Action) -> Arc<Mutex<Record>> {
        let actions = self.actions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = actions.get(action.service).and_then(|known| known.get(&*action.name)) {
            return Arc::clone(record);
        }
        drop(actions);
        let mut actions = self.actions.write().unwrap_or_else(PoisonError::into_inner);
        let known = actions.entry(action.service).or_default();
        let record = known.entry(action.name.to_string()).or_insert_with(|| {
            let random = |purpose| {
                let seed = hash(self.seed, [action.service, &action.name, purpose]);
                fastrand::Rng::with_seed(seed)
            };
            let (latency, faults) = (random("latency"), random("faults"));
            Arc::new(Mutex::new(Record { counters: ActionCounters::default(), latency, faults }))
        });
        Arc::clone(record)
    }
}

impl Gate for Desk {
    fn counts(&self, service: &str, action: &str) -> bool {
        self.limiter().counts(service, action)
    }

    fn pass(&self, scope: &Scope, action: &Action, flow: Flow) -> Result<(), Shut> {
        self.limiter().pass(self.start.elapsed(), scope, action, flow)
    }
}

impl Arrival {
    /// The service itself found a limit exhausted.
    pub(crate) fn throttle(&mut self) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.counters.throttled_after_all(self.second);
    }

    /// The call did not end well.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).counters.left(self.failed);
    }
}

/// FNV-1a, so that a seed means the same under every version of Rust.
fn hash(seed: u64, parts: [&str; 3]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    seed.to_le_bytes().into_iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
