//! [`ShardFanout`]: republishes one shard.

use std::{
    collections::{BTreeSet, HashMap},
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt as _, future::BoxFuture};
use tidegate_kinesis_consumer::{Concurrency, Delivery, Failure, Policy, ShardStream};
use tidegate_lanes::{Attempt, Backoff, Finished, Lanes, Outcome};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep},
};
use tracing::warn;

use crate::{copy::Copy, key::KeyHash, letters::Letters, target::Target};

/// Between two looks at which keys were replayed.
const LOOK: Duration = Duration::from_secs(10);

/// Between two looks at whether a shard that is handed over is lost.
const TICK: Duration = Duration::from_millis(200);

/// A request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(20);

type Publish = fn(Copy, Attempt) -> BoxFuture<'static, Result<(), Failure>>;

/// Republishes one shard: for each target the keys in lanes of their own, so that nothing waits for another target,
/// nor for another key.
pub(crate) struct ShardFanout {
    stream: ShardStream,
    letters: Letters,
    routes: Vec<Route>,
    /// By number: what is not at all targets yet, and at how many it is not.
    out: HashMap<u64, (Delivery, usize)>,
    /// How many records came.
    count: u64,
    begun: Arc<AtomicU64>,
}

/// The way to a target.
struct Route {
    target: Arc<Target>,
    lanes: Lanes<KeyHash, Copy, u64, Publish>,
    /// How many records of each key are in the lanes.
    busy: HashMap<KeyHash, usize>,
    /// When each diverted key last had a letter.
    lettered: HashMap<KeyHash, Instant>,
}

type Done = Finished<KeyHash, Copy, u64>;

/// Which route, when it was asked for, and which keys have letters.
type Looked = (usize, Instant, Result<BTreeSet<KeyHash>, String>);

impl ShardFanout {
    pub(crate) fn new(
        stream: ShardStream,
        targets: &[Arc<Target>],
        letters: Letters,
        concurrency: Concurrency,
        patience: Duration,
    ) -> Self {
        let routes = targets.iter().map(|target| {
            let down = Arc::clone(target);
            let policy = Policy::default()
                .retries(move || {
                    // What is down long enough is not waited for by every key anew.
                    let retries = if down.is_down() { 0 } else { usize::MAX };
                    Backoff::new(Duration::from_millis(50), Duration::from_secs(2)).take(retries)
                })
                .max_age(patience)
                .timeout(TIMEOUT)
                .divert_to(letters.store());
            let publish: Publish = |copy, attempt| Box::pin(copy.publish(attempt));
            Route {
                target: Arc::clone(target),
                lanes: Lanes::new(concurrency, policy, publish),
                busy: HashMap::new(),
                lettered: HashMap::new(),
            }
        });
        Self {
            stream,
            routes: routes.collect(),
            letters,
            out: HashMap::new(),
            count: 0,
            begun: Arc::default(),
        }
    }

    /// Republishes until the shard is at its end, or goes to another process.
    pub(crate) async fn run(mut self) {
        // What an earlier owner has diverted stays so.
        for route in &mut self.routes {
            let keys = loop {
                match self.letters.keys(&route.target.name).await {
                    Ok(keys) => break keys,
                    Err(problem) if !self.stream.is_lost() => warn!(problem, "waits"),
                    Err(_) => return,
                }
                sleep(Duration::from_secs(1)).await;
            };
            route.lanes.divert(keys);
        }
        let (mut ended, mut look, mut tick) = (false, interval(LOOK), interval(TICK));
        let mut looks = JoinSet::new();
        while !(self.stream.is_lost() || ended && self.is_done()) {
            tokio::select! {
                finished = finished(&mut self.routes) => self.note(finished),
                came = self.stream.next(), if !ended => {
                    if let Some(delivery) = came {
                        self.push(delivery);
                    } else {
                        ended = true;
                        self.give_up_rest();
                    }
                }
                _ = look.tick(), if looks.is_empty() => self.look(&mut looks),
                Some(Ok(looked)) = looks.join_next() => self.looked(looked),
                _ = tick.tick() => {}
            }
        }
        for (delivery, _) in self.out.into_values() {
            delivery.nack();
        }
    }

    fn push(&mut self, delivery: Delivery) {
        self.count += 1;
        let record = delivery.record();
        let key = KeyHash::of(record.partition_key());
        for route in &mut self.routes {
            let (target, begun) = (Arc::clone(&route.target), Arc::clone(&self.begun));
            *route.busy.entry(key).or_default() += 1;
            let copy = Copy { target, record: record.clone(), number: self.count, begun };
            route.lanes.push(key, copy, self.count);
        }
        self.out.insert(self.count, (delivery, self.routes.len()));
    }

    fn note(&mut self, finished: Vec<(usize, Done)>) {
        for (route, done) in finished {
            if let Some(route) = self.routes.get_mut(route) {
                route.note(&done);
            }
            if let Some((_, left)) = self.out.get_mut(&done.claim) {
                *left -= 1;
                if *left == 0
                    && let Some((delivery, _)) = self.out.remove(&done.claim)
                {
                    delivery.ack();
                }
            }
        }
    }

    /// What has begun nowhere is left to the next owner, so that nothing of it is there twice.
    fn give_up_rest(&mut self) {
        let begun = self.begun.load(Relaxed);
        for route in &mut self.routes {
            route.lanes.discard(move |copy| copy.number > begun);
        }
    }

    /// Whether nothing runs any more: what is left waits for a retry, and that is the next owner's.
    fn is_done(&self) -> bool {
        self.routes.iter().all(|route| route.lanes.running() == 0)
    }

    /// Looks which keys still have letters.
    fn look(&self, looks: &mut JoinSet<Looked>) {
        for (index, route) in self.routes.iter().enumerate() {
            if route.lanes.diverted().next().is_some() {
                let (letters, target) = (self.letters.clone(), Arc::clone(&route.target));
                looks.spawn(async move { (index, Instant::now(), letters.keys(&target.name).await) });
            }
        }
    }

    /// Publishes the keys again whose letters are gone.
    fn looked(&mut self, (index, asked, answer): Looked) {
        match answer {
            Ok(keys) => {
                if let Some(route) = self.routes.get_mut(index) {
                    route.restore(&keys, asked);
                }
            }
            Err(problem) => warn!(problem, "cannot see which keys were replayed"),
        }
    }
}

impl Route {
    fn note(&mut self, done: &Done) {
        let key = KeyHash::of(done.item.record.partition_key());
        if let Some(busy) = self.busy.get_mut(&key) {
            *busy -= 1;
            if *busy == 0 {
                self.busy.remove(&key);
            }
        }
        if done.outcome != Outcome::Done {
            self.lettered.insert(key, Instant::now());
            self.target.note_kept();
        }
        if done.diverts.is_some() {
            let (target, partition_key) = (&self.target.name, done.item.record.partition_key());
            warn!(
                target,
                partition_key, "cannot be published; it and what follows is kept until it is replayed"
            );
        }
    }

    /// Restores the keys that had no letters, as of a time, and have got none since.
    fn restore(&mut self, lettered: &BTreeSet<KeyHash>, asked: Instant) {
        let gone: Vec<_> = self.lanes.diverted().filter(|key| !lettered.contains(key)).copied().collect();
        for key in gone {
            let later = self.lettered.get(&key).is_some_and(|last| *last >= asked);
            if !later && !self.busy.contains_key(&key) {
                self.lanes.restore(&key);
                self.lettered.remove(&key);
            }
        }
    }
}

/// Gathers what has finished, at least one.
async fn finished(routes: &mut [Route]) -> Vec<(usize, Done)> {
    poll_fn(|context: &mut Context<'_>| {
        let mut all = Vec::new();
        for (index, route) in routes.iter_mut().enumerate() {
            // The policy stops nothing, so nothing is an error.
            while let Poll::Ready(Some(Ok(done))) = route.lanes.poll(context) {
                all.push((index, done));
            }
        }
        if all.is_empty() { Poll::Pending } else { Poll::Ready(all) }
    })
    .await
}
