//! [`Batching`]: what is done with many records at once, and how.

use std::{
    collections::VecDeque, fmt, future::Future, iter::from_fn, mem, pin::Pin, sync::Arc, time::Duration,
};

use tidegate_lanes::{BatchHandler, Batches, Finished, Policy, Slot, Ticket};
use tokio::time::{Instant, sleep_until};

use crate::{
    Record, Shard,
    consumer::{Diversion, End, Fed, Item, Layer, ShardRun, Signal, given_up},
    handling::{Key, KeyOf},
};

/// What is done with many records at once, and how: a handler, how large a batch is, and what happens on failure.
///
/// The handler is any `Fn(Vec<Record>) -> impl Future<Output = Result<(), BatchFailure>>`. Each batch is of one shard and
/// in its order, and the next one waits for it. A batch that fails is bisected until each record that makes it fail is
/// alone, or named by the handler; that one is the policy's, and the others go on.
///
/// ```
/// use std::time::Duration;
///
/// use tidegate_kinesis_consumer::{BatchFailure, Batching, Record};
///
/// async fn insert(rows: &[Record]) -> std::io::Result<()> {
///     // …
///     # let _ = rows;
///     Ok(())
/// }
///
/// let batching = Batching::new(|records: Vec<Record>| async move {
///     insert(&records).await?;
///     Ok::<_, BatchFailure>(())
/// })
/// .up_to(1_000, 4 << 20)
/// .linger(Duration::from_millis(500));
/// # let _ = batching;
/// ```
///
/// # Cancel safety
///
/// A handler's future is dropped where it waits when its shard's lease is lost, and the records are handled by the
/// shard's next owner.
#[must_use = "a batching does nothing until a consumer runs it"]
pub struct Batching<H> {
    handler: Arc<H>,
    policy: Policy,
    key: Option<KeyOf>,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    records: usize,
    bytes: usize,
    linger: Duration,
}

impl<H> Batching<H>
where
    H: BatchHandler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    /// Batches of the records of each shard are given to this handler, one after the other.
    pub fn new(handler: H) -> Self {
        let bounds = Bounds { records: 500, bytes: 4 << 20, linger: Duration::ZERO };
        Self { handler: Arc::new(handler), policy: Policy::default(), key: None, bounds }
    }

    /// A batch has so many records and so many bytes of data at most, and at least one record. Default: 500 records and
    /// 4 MiB.
    pub fn up_to(mut self, records: usize, bytes: usize) -> Self {
        (self.bounds.records, self.bounds.bytes) = (records, bytes);
        self
    }

    /// How long a batch that is not full waits for more. Default: not at all; it has what was read in the meantime.
    pub fn linger(mut self, time: Duration) -> Self {
        self.bounds.linger = time;
        self
    }

    /// What happens to a record that makes its batch fail. Default: it is retried for ever, and what comes after it in
    /// its shard waits. The policy's timeout is that of a run of the handler.
    ///
    /// [`Policy::stop`] stops the whole consumer; its leases are released.
    pub fn on_failure(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What is diverted together, under [`Policy::divert_to`]. Default: what has the same partition key.
    pub fn key_by(mut self, key: impl Fn(&Record) -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }
}

impl<H> fmt::Debug for Batching<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching")
            .field("bounds", &self.bounds)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<H> Layer for Batching<H>
where
    H: BatchHandler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    fn process(&self, run: ShardRun) -> Pin<Box<dyn Future<Output = End> + Send>> {
        let shard = ShardBatching {
            batches: Batches::new(self.policy.clone(), Shared(Arc::clone(&self.handler))),
            run,
            key: self.key.clone(),
            waiting: Waiting { items: VecDeque::new(), bytes: 0, bounds: self.bounds },
            children: None,
        };
        Box::pin(shard.run())
    }
}

/// The user's handler, shared by the shards.
struct Shared<H>(Arc<H>);

impl<H: BatchHandler<Record>> BatchHandler<Record> for Shared<H> {
    type Future = H::Future;

    fn handle(&self, records: Vec<Record>) -> H::Future {
        self.0.handle(records)
    }
}

/// One shard, being handled in batches.
struct ShardBatching<H> {
    batches: Batches<Key, Shared<H>>,
    run: ShardRun,
    key: Option<KeyOf>,
    waiting: Waiting,
    /// What the shard became, once it was read to its end.
    children: Option<Vec<Shard>>,
}

/// What was read, and when, and is in no batch yet.
struct Waiting {
    items: VecDeque<(Instant, Item)>,
    bytes: usize,
    bounds: Bounds,
}

impl<H> ShardBatching<H>
where
    H: BatchHandler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    async fn run(mut self) -> End {
        self.batches.divert(mem::take(&mut self.run.diverted).into_iter().map(Key::from));
        loop {
            if let Some(end) = self.gather().await {
                return end;
            }
            if let Some(end) = self.handle().await {
                return end;
            }
        }
    }

    /// Waits until there is a batch, or nothing more to do.
    async fn gather(&mut self) -> Option<End> {
        let mut drain = self.run.signals.clone();
        loop {
            if self.waiting.items.is_empty()
                && let Some(children) = self.children.take()
            {
                return Some(End::Finished(children));
            }
            let due = self.waiting.due();
            tokio::select! {
                biased;
                () = drain.reaches(Signal::Drain) => return Some(End::Stopped),
                Some(diversion) = self.run.diversions.recv() => match diversion {
                    Diversion::Divert(key) => self.batches.divert([Key::from(key)]),
                    Diversion::Restore(key) => {
                        self.batches.restore(&Key::from(key));
                    }
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => return None,
                fed = self.run.feed.next(), if self.children.is_none() => match fed {
                    Fed::Records(items) => self.waiting.push(items),
                    Fed::End(became) => {
                        self.children = Some(became);
                        self.waiting.bounds.linger = Duration::ZERO;
                    }
                    Fed::Failed(error) => return Some(End::Failed(error)),
                },
            }
        }
    }

    /// Handles a batch, to its end unless a signal says otherwise.
    async fn handle(&mut self) -> Option<End> {
        /// As long as that may a retry take until it is left to the next owner.
        const PATIENCE: Duration = Duration::from_secs(1);
        let Self { batches, run, key, waiting, .. } = self;
        let key = key.as_ref();
        let of = |record: &Record| match key {
            Some(key) => Key::from(key(record)),
            None => Key::of(record),
        };
        let items = waiting.take().into_iter();
        let mut batch = batches.begin(items.map(|it| (of(&it.record), it.record, (it.ticket, it.slot))));
        let (mut lost, mut drain) = (run.signals.clone(), run.signals.clone());
        loop {
            note(run, from_fn(|| batch.take_finished()));
            let due = batch.due()?;
            let draining = run.signals.get() >= Signal::Drain;
            if draining && due > Instant::now() + PATIENCE {
                return Some(End::Stopped);
            }
            // Between the steps nothing runs, and nothing is cut off.
            tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => return Some(End::Stopped),
                () = drain.reaches(Signal::Drain), if !draining => continue,
                Some(diversion) = run.diversions.recv() => {
                    match diversion {
                        Diversion::Divert(key) => batch.divert([Key::from(key)]),
                        Diversion::Restore(key) => {
                            batch.restore(&Key::from(key));
                        }
                    }
                    continue;
                }
                () = sleep_until(due) => {}
            }
            let step = tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => return Some(End::Stopped),
                step = batch.step() => step,
            };
            if let Err(stopped) = step {
                note(run, from_fn(|| batch.take_finished()));
                return Some(End::Failed(given_up(&stopped.item, stopped.attempts, &stopped.failure)));
            }
        }
    }
}

impl Waiting {
    fn push(&mut self, items: Vec<Item>) {
        let now = Instant::now();
        self.bytes += items.iter().map(|item| item.record.data().len()).sum::<usize>();
        self.items.extend(items.into_iter().map(|item| (now, item)));
    }

    /// When there is a batch: at once if it is full.
    fn due(&self) -> Option<Instant> {
        let (arrived, _) = self.items.front()?;
        let full = self.items.len() >= self.bounds.records || self.bytes >= self.bounds.bytes;
        Some(if full { *arrived } else { *arrived + self.bounds.linger })
    }

    /// A batch.
    fn take(&mut self) -> Vec<Item> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some((_, item)) = self.items.front() {
            let size = item.record.data().len();
            let fits = batch.len() < self.bounds.records && bytes + size <= self.bounds.bytes;
            if !fits && !batch.is_empty() {
                break;
            }
            bytes += size;
            batch.extend(self.items.pop_front().map(|(_, item)| item));
        }
        self.bytes -= bytes;
        batch
    }
}

/// Tells what is finished, and first which keys are diverted by it.
fn note(run: &ShardRun, finished: impl Iterator<Item = Finished<Key, Record, (Ticket, Slot)>>) {
    let finished = finished.map(|finished| {
        if let Some(key) = &finished.diverts {
            run.tracker.divert(key.as_str());
        }
        finished.claim.0
    });
    let tickets: Vec<_> = finished.collect();
    run.tracker.finish(tickets);
}
