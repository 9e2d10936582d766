//! [`Handling`]: what is done with each record, and how.

mod key;

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use tidegate_lanes::{Attempt, Concurrency, Finished, Handler, Lanes, Policy, Slot, Ticket};
use tokio::time::sleep;

pub(crate) use self::key::{Key, KeyOf};
use crate::{
    Error, Record, Shard,
    consumer::{Diversion, End, Fed, Layer, ShardRun, Signal, given_up},
};

/// What is done with each record, and how: a handler, how many run at once, and what happens on failure.
///
/// The handler is any `Fn(Record, Attempt) -> impl Future<Output = Result<(), Failure>>`. It runs at least once for
/// each record. It runs on the task of its shard, beside the other records of that shard: what computes for long
/// belongs into a task of its own, which the handler awaits.
///
/// ```
/// use std::time::Duration;
///
/// use tidegate_kinesis_consumer::{Concurrency, Failure, Handling, Policy, Record};
///
/// async fn store(record: &Record) -> std::io::Result<()> {
///     // …
///     # let _ = record;
///     Ok(())
/// }
///
/// let handling = Handling::new(|record: Record, _| async move {
///     if record.data().is_empty() {
///         return Err(Failure::drop("an empty record"));
///     }
///     store(&record).await?; // retried, by the policy
///     Ok(())
/// })
/// .concurrency(Concurrency::per_key(64))
/// .on_failure(Policy::default().timeout(Duration::from_secs(30)));
/// # let _ = handling;
/// ```
///
/// # Cancel safety
///
/// A handler's future is dropped where it waits when its shard's lease is lost, and the record is handled by the
/// shard's next owner.
#[must_use = "a handling does nothing until a consumer runs it"]
pub struct Handling<H> {
    handler: Arc<H>,
    concurrency: Concurrency,
    policy: Policy,
    key: Option<KeyOf>,
}

impl<H> Handling<H>
where
    H: Handler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    /// Each record is given to this handler, one after the other in each shard.
    pub fn new(handler: H) -> Self {
        Self {
            handler: Arc::new(handler),
            concurrency: Concurrency::Serial,
            policy: Policy::default(),
            key: None,
        }
    }

    /// What of a shard runs at once. Default: [`Concurrency::Serial`].
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// What happens to a record that fails. Default: it is retried for ever, and its key waits.
    ///
    /// [`Policy::stop`] stops the whole consumer; its leases are released.
    pub fn on_failure(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What the order of records depends on. Default: the partition key.
    ///
    /// Records of one key are in order only within a shard, and over reshardings; so a key should not be spread
    /// over several partition keys.
    pub fn key_by(mut self, key: impl Fn(&Record) -> String + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(key));
        self
    }
}

impl<H> fmt::Debug for Handling<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling")
            .field("concurrency", &self.concurrency)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<H> Layer for Handling<H>
where
    H: Handler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    fn process(&self, run: ShardRun) -> Pin<Box<dyn Future<Output = End> + Send>> {
        let begun = Arc::new(AtomicU64::new(0));
        let handler = Begins { handler: Arc::clone(&self.handler), begun: Arc::clone(&begun) };
        let lanes = Lanes::new(self.concurrency, self.policy.clone(), handler);
        Box::pin(
            ShardHandling { lanes, run, begun, key: self.key.clone(), arrived: 0, finished: Vec::new() }
                .run(),
        )
    }
}

/// A record, numbered in the order in which it was read.
#[derive(Clone)]
struct Numbered(u64, Record);

impl tidegate_lanes::Item for Numbered {
    fn envelope(&self) -> tidegate_lanes::Envelope {
        self.1.envelope()
    }
}

/// The user's handler; it notes how far records have begun.
struct Begins<H> {
    handler: Arc<H>,
    begun: Arc<AtomicU64>,
}

impl<H: Handler<Record>> Handler<Numbered> for Begins<H> {
    type Future = H::Future;

    fn handle(&self, Numbered(number, record): Numbered, attempt: Attempt) -> H::Future {
        self.begun.fetch_max(number, Relaxed);
        self.handler.handle(record, attempt)
    }
}

/// One shard, being handled.
struct ShardHandling<H: Handler<Record>> {
    lanes: Lanes<Key, Numbered, (Ticket, Slot), Begins<H>>,
    run: ShardRun,
    /// The last number that has begun.
    begun: Arc<AtomicU64>,
    key: Option<KeyOf>,
    /// How many records were read.
    arrived: u64,
    finished: Vec<Finished<Key, Numbered, (Ticket, Slot)>>,
}

/// What a shard waited for.
enum Woken {
    Lost,
    Drain,
    Diverted(Diversion),
    Finished(Option<Error>),
    Fed(Fed),
}

impl<H> ShardHandling<H>
where
    H: Handler<Record> + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    async fn run(mut self) -> End {
        self.lanes.divert(mem::take(&mut self.run.diverted).into_iter().map(Key::from));
        let mut children: Option<Vec<Shard>> = None;
        loop {
            if self.lanes.is_empty()
                && let Some(children) = children.take()
            {
                return End::Finished(children);
            }
            let (mut lost, mut drain) = (self.run.signals.clone(), self.run.signals.clone());
            let woken = tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => Woken::Lost,
                () = drain.reaches(Signal::Drain) => Woken::Drain,
                Some(diversion) = self.run.diversions.recv() => Woken::Diverted(diversion),
                stopped = finished(&mut self.lanes, &mut self.finished), if !self.lanes.is_empty() => {
                    Woken::Finished(stopped)
                }
                fed = self.run.feed.next(), if children.is_none() => Woken::Fed(fed),
            };
            match woken {
                Woken::Lost => return End::Stopped,
                Woken::Drain => return self.drain().await,
                Woken::Diverted(Diversion::Divert(key)) => self.lanes.divert([Key::from(key)]),
                Woken::Diverted(Diversion::Restore(key)) => {
                    self.lanes.restore(&Key::from(key));
                }
                Woken::Finished(stopped) => {
                    self.note();
                    if let Some(error) = stopped {
                        self.drain().await;
                        return End::Failed(error);
                    }
                }
                Woken::Fed(Fed::Records(items)) => {
                    for item in items {
                        self.arrived += 1;
                        let key = match &self.key {
                            Some(key) => Key::from(key(&item.record)),
                            None => Key::of(&item.record),
                        };
                        self.lanes.push(key, Numbered(self.arrived, item.record), (item.ticket, item.slot));
                    }
                }
                Woken::Fed(Fed::End(became)) => children = Some(became),
                Woken::Fed(Fed::Failed(error)) => return End::Failed(error),
            }
        }
    }

    /// Finishes what has begun, and what was read before it: so nothing that is finished lies beyond the
    /// checkpoint, and nothing comes twice. What fails is waited for only a little.
    async fn drain(mut self) -> End {
        /// As long as that may a retry take until it is left to the next owner.
        const PATIENCE: Duration = Duration::from_secs(1);
        let begun = self.begun.load(Relaxed);
        self.lanes.discard(move |Numbered(number, _)| *number > begun);
        let mut lost = self.run.signals.clone();
        while !self.lanes.is_empty() && !self.lanes.is_stopped() || self.lanes.running() > 0 {
            let only_retries = self.lanes.running() == 0 && self.lanes.retries().count() > 0;
            tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => return End::Stopped,
                _ = finished(&mut self.lanes, &mut self.finished) => self.note(),
                () = sleep(PATIENCE), if only_retries => break,
            }
        }
        End::Stopped
    }

    /// Tells what is finished, and first which keys are diverted by it.
    fn note(&mut self) {
        for finished in &self.finished {
            if let Some(key) = &finished.diverts {
                self.run.tracker.divert(key.as_str());
            }
        }
        self.run.tracker.finish(self.finished.drain(..).map(|finished| finished.claim.0));
    }
}

/// Gathers what has finished, at least one; and why the source is to stop, if so.
async fn finished<H>(
    lanes: &mut Lanes<Key, Numbered, (Ticket, Slot), Begins<H>>,
    finished: &mut Vec<Finished<Key, Numbered, (Ticket, Slot)>>,
) -> Option<Error>
where
    H: Handler<Record> + Send + Sync,
    H::Future: Send,
{
    poll_fn(|context: &mut Context<'_>| {
        loop {
            match lanes.poll(context) {
                Poll::Ready(Some(Ok(one))) => finished.push(one),
                Poll::Ready(Some(Err(stopped))) => {
                    let error = given_up(&stopped.item.1, stopped.attempts, &stopped.failure);
                    return Poll::Ready(Some(error));
                }
                Poll::Pending if finished.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => return Poll::Ready(None),
            }
        }
    })
    .await
}
