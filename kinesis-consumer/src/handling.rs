//! [`Handling`]: what is done with each record, and how.

mod in_hand;
mod key;

use std::{fmt, future::Future, mem, pin::Pin, sync::Arc, time::Duration};

use tidegate_lanes::{Concurrency, Handler, Policy};
use tokio::time::{Instant, sleep};

use self::in_hand::InHand;
pub(crate) use self::key::{Key, KeyOf};
use crate::{
    Error, Record, Shard,
    consumer::{Diversion, End, Fed, Layer, ShardRun, Signal},
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
        let Self { handler, concurrency, policy, key } = self;
        let in_hand = InHand::new(Arc::clone(handler), *concurrency, policy.clone(), key.clone());
        Box::pin(ShardHandling { in_hand, run }.run())
    }
}

/// One shard, being handled.
struct ShardHandling<H: Handler<Record>> {
    in_hand: InHand<H>,
    run: ShardRun,
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
        let Self { in_hand, run } = &mut self;
        in_hand.lanes.divert(mem::take(&mut run.diverted).into_iter().map(Key::from));
        let mut children: Option<Vec<Shard>> = None;
        loop {
            if in_hand.is_empty()
                && let Some(children) = children.take()
            {
                return End::Finished(children);
            }
            let (mut lost, mut drain) = (run.signals.clone(), run.signals.clone());
            let (is_empty, has_room) = (in_hand.is_empty(), in_hand.has_room());
            let woken = tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => Woken::Lost,
                () = drain.reaches(Signal::Drain) => Woken::Drain,
                Some(diversion) = run.diversions.recv() => Woken::Diverted(diversion),
                stopped = in_hand.finished(), if !is_empty => Woken::Finished(stopped),
                fed = run.feed.next(), if has_room && children.is_none() => Woken::Fed(fed),
            };
            match woken {
                Woken::Lost => return End::Stopped,
                Woken::Drain => return self.drain().await,
                Woken::Diverted(Diversion::Divert(key)) => in_hand.lanes.divert([Key::from(key)]),
                Woken::Diverted(Diversion::Restore(key)) => {
                    in_hand.lanes.restore(&Key::from(key));
                }
                Woken::Finished(stopped) => {
                    in_hand.note(&run.tracker);
                    if let Some(error) = stopped {
                        self.drain().await;
                        return End::Failed(error);
                    }
                }
                Woken::Fed(Fed::Records(items)) => in_hand.take(items),
                Woken::Fed(Fed::End(became)) => children = Some(became),
                Woken::Fed(Fed::Failed(error)) => return End::Failed(error),
            }
        }
    }

    /// Finishes what has begun, and what was read before it: so nothing that is finished lies beyond the
    /// checkpoint, and nothing comes twice. What fails is waited for only a little.
    async fn drain(mut self) -> End {
        /// When nothing came to its end for so long, what fails is left to the next owner.
        const PATIENCE: Duration = Duration::from_secs(1);
        /// How often it is looked whether only that is left: an attempt that fails ends nothing.
        const TICK: Duration = Duration::from_millis(100);
        let Self { in_hand, run } = &mut self;
        in_hand.give_up_rest();
        let mut lost = run.signals.clone();
        let mut patience = Instant::now() + PATIENCE;
        loop {
            let lanes = &in_hand.lanes;
            if lanes.running() == 0 && (lanes.is_empty() || lanes.is_stopped()) {
                return End::Stopped;
            }
            let only_retries = lanes.running() == 0 && lanes.retries().next().is_some();
            if only_retries && Instant::now() >= patience {
                return End::Stopped;
            }
            tokio::select! {
                biased;
                () = lost.reaches(Signal::Lost) => return End::Stopped,
                _ = in_hand.finished() => {
                    in_hand.note(&run.tracker);
                    patience = Instant::now() + PATIENCE;
                }
                () = sleep(TICK) => {}
            }
        }
    }
}
