//! [`Pipelining`]: a pipeline, and how it is run.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use foldhash::fast::RandomState;
use tidegate_lanes::{Concurrency, Finished, Lanes, Outcome, Policy};
use tokio::sync::Semaphore;

use super::{
    Pipeline, Tally,
    job::{Job, Lane},
    runner::{Runner, Running},
};
use crate::{
    Error, ErrorKind,
    consumer::{Claim, Draining, Feed, Halted, Layer, default_policy},
    version::{Memory, Waiting},
};

/// A [`Pipeline`], and how it is run: how many keys at once, and what happens on failure.
#[must_use = "a pipelining does nothing until a consumer runs it"]
pub struct Pipelining<P> {
    pipeline: P,
    keys: usize,
    policy: Policy,
    loads: usize,
    memory: usize,
    conflate: bool,
    tally: Tally,
}

impl<P: Pipeline> Pipelining<P> {
    /// Each message goes through this pipeline.
    pub fn new(pipeline: P) -> Self {
        Self {
            pipeline,
            keys: 64,
            policy: default_policy(),
            loads: 16,
            memory: 10_000,
            conflate: false,
            tally: Tally::default(),
        }
    }

    /// Keys that run at once, 1 or more; 0 counts as 1. Default: 64.
    pub fn concurrency(mut self, keys: usize) -> Self {
        self.keys = keys.max(1);
        self
    }

    /// What happens to a message that fails. Default, and what halting a key means: as
    /// [of a handler](crate::Handling::on_failure).
    pub fn on_failure(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Loads at once, 1 or more; 0 counts as 1. At a start every key is cold, and the store is not to get as many loads as
    /// there are keys. Default: 16.
    pub fn loads(mut self, at_once: usize) -> Self {
        self.loads = at_once.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Keys whose version and state are kept, so that they are not loaded again: those that were used last. 0 keeps none.
    /// Default: 10,000.
    pub fn memory(mut self, keys: usize) -> Self {
        self.memory = keys;
        self
    }

    /// Whether of the messages of a key that wait only the newest runs. The others are acknowledged when a newer version is
    /// stored and published, and run if it fails for good. A message that has begun goes on: while it is retried, newer ones
    /// wait. Default: no.
    pub fn conflate(mut self, conflate: bool) -> Self {
        self.conflate = conflate;
        self
    }

    /// Where it counts what it does.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    pub(crate) fn into_layer(self) -> Arc<dyn Layer> {
        Arc::new(Pipes {
            keys: self.keys,
            policy: self.policy,
            conflate: self.conflate,
            runner: Arc::new(Runner {
                pipeline: self.pipeline,
                loads: Semaphore::new(self.loads),
                memory: Mutex::new(Memory::new(self.memory)),
                tally: self.tally,
            }),
        })
    }
}

impl<P> fmt::Debug for Pipelining<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipelining")
            .field("keys", &self.keys)
            .field("policy", &self.policy)
            .field("loads", &self.loads)
            .field("memory", &self.memory)
            .field("conflate", &self.conflate)
            .finish_non_exhaustive()
    }
}

/// The layer of a pipeline.
struct Pipes<P: Pipeline> {
    keys: usize,
    policy: Policy,
    conflate: bool,
    runner: Arc<Runner<P>>,
}

/// The messages of one key that wait.
type Waits<P> = Waiting<<P as Pipeline>::Version, (Job<P>, Claim)>;

/// The messages that wait to be conflated.
struct Crowd<P: Pipeline> {
    /// Of the keys that are in the lanes, or in `turns`.
    waiting: HashMap<P::Key, Waits<P>, RandomState>,
    /// Keys of which nothing is in the lanes.
    turns: VecDeque<P::Key>,
}

impl<P: Pipeline> Crowd<P> {
    fn push(&mut self, key: P::Key, version: P::Version, job: Job<P>, claim: Claim) {
        let waiting = self.waiting.entry(key.clone()).or_insert_with(|| {
            self.turns.push_back(key);
            Waiting::new()
        });
        waiting.push(version, (job, claim));
    }

    /// What is to run next.
    fn next(&mut self) -> Option<(Job<P>, Claim)> {
        let key = self.turns.pop_front()?;
        let (_, newest) = self.waiting.get_mut(&key)?.take_newest()?;
        Some(newest)
    }

    /// The key's message in the lanes has ended, with this version stored: what is covered is finished.
    fn ended(&mut self, key: &P::Key, reached: Option<P::Version>) -> Vec<(Job<P>, Claim)> {
        let Some(waiting) = self.waiting.get_mut(key) else { return Vec::new() };
        let covered = reached.map(|version| waiting.take_covered(version)).unwrap_or_default();
        if waiting.is_empty() {
            self.waiting.remove(key);
        } else {
            self.turns.push_back(key.clone());
        }
        covered
    }

    /// All that wait of a key, from the oldest version on.
    fn take(&mut self, key: &P::Key) -> Vec<(Job<P>, Claim)> {
        self.waiting.remove(key).map(Waiting::into_messages).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.waiting.clear();
        self.turns.clear();
    }
}

impl<P: Pipeline> Pipes<P> {
    async fn work(self: Arc<Self>, mut feed: Feed) -> Result<(), Error> {
        let running = Running(Arc::clone(&self.runner));
        let lanes: Lanes<Lane<P::Key>, Job<P>, Claim, _> =
            Lanes::new(Concurrency::per_key(self.keys), self.policy.clone(), running);
        let mut lanes = lanes.give_back_halted();
        let mut halted = Halted::new();
        let mut crowd = Crowd::<P> { waiting: HashMap::default(), turns: VecDeque::new() };
        let drain = feed.drain();
        let mut drain = std::pin::pin!(drain);
        let mut draining = Draining::default();
        let mut ends = false;
        loop {
            // The newest is chosen when it can begin, not before.
            while !crowd.turns.is_empty() && lanes.len() - lanes.retries().count() < self.keys {
                if let Some((job, claim)) = crowd.next() {
                    lanes.push(job.lane(), job, claim);
                }
            }
            if draining.is_over() || lanes.is_empty() && ends {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = &mut drain, if !draining.has_begun() => {
                    draining.begin();
                    lanes.discard(|_| true);
                    crowd.clear();
                }
                finished = draining.next(&mut lanes), if !lanes.is_empty() => match finished {
                    // What was not to begin is given back.
                    None => {}
                    Some(Ok(Finished { item: job, claim, outcome: Outcome::GivenBack(after), .. })) => {
                        halted.give_back(job.lane(), &job.message, claim, after);
                        let behind = job.decoded.iter().flat_map(|it| crowd.take(&it.key));
                        for (job, claim) in behind {
                            halted.give_back(job.lane(), &job.message, claim, after);
                        }
                    }
                    Some(Ok(finished)) => {
                        finished.claim.finish_unheard();
                        if let (true, Ok(job)) = (self.conflate, &finished.item.decoded) {
                            let covered = crowd.ended(&job.key, job.reached.get().copied());
                            self.runner.tally.add(|it| &it.conflated, covered.len());
                            for (_, claim) in covered {
                                claim.finish_unheard();
                            }
                        }
                    }
                    Some(Err(stopped)) => {
                        let id = stopped.item.message.id();
                        let message = format!("message {id} failed, and the policy is to stop");
                        return Err(Error::new(ErrorKind::Handler, message).because(stopped.failure.text()));
                    }
                },
                message = feed.messages.recv(), if !ends => match message {
                    Some((message, claim)) => {
                        let job = Job::new(&self.runner.pipeline, message);
                        let Some(claim) = halted.admit(&job.lane(), &job.message, claim) else { continue };
                        match &job.decoded {
                            // After the drain nothing begins: it is given back.
                            Ok(_) if self.conflate && draining.has_begun() => drop(claim),
                            Ok(it) if self.conflate => {
                                let (key, version) = (it.key.clone(), it.version);
                                crowd.push(key, version, job, claim);
                            }
                            _ => lanes.push(job.lane(), job, claim),
                        }
                    }
                    None => ends = true,
                },
            }
        }
    }
}

impl<P: Pipeline> Layer for Pipes<P> {
    fn run(self: Arc<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        Box::pin(self.work(feed))
    }
}
