//! [`Batches`]: runs a handler on many items at once, and finds those that make it fail.

mod failure;

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::{Future, poll_fn},
    hash::Hash,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use foldhash::fast::RandomState;
use tokio::time::{Instant, sleep_until, timeout};

pub use self::failure::BatchFailure;
use crate::{
    Bisect, Failure, Finished, Item, Outcome, Policy, Stopped, failure as errors, panic, policy::Verdict,
    work::Work,
};

/// As long as nobody waits.
const NEVER: Duration = Duration::from_hours(30 * 365 * 24);

/// What is done with many items at once. Every `Fn(Vec<T>) -> impl Future<Output = Result<(), BatchFailure>>` is one.
///
/// What holds for a [`Handler`](crate::Handler) holds for it: an item may be handled more than once.
pub trait BatchHandler<T> {
    /// What runs.
    type Future: Future<Output = Result<(), BatchFailure>>;

    /// Begins an attempt at these items.
    fn handle(&self, items: Vec<T>) -> Self::Future;
}

impl<T, F, Fut> BatchHandler<T> for F
where
    F: Fn(Vec<T>) -> Fut,
    Fut: Future<Output = Result<(), BatchFailure>>,
{
    type Future = Fut;

    fn handle(&self, items: Vec<T>) -> Fut {
        self(items)
    }
}

/// Runs a handler on many items at once. A batch that fails is [bisected](Bisect) until each item that makes it fail is
/// alone; that one is the [`Policy`]'s, and the others go on, in their order.
///
/// A batch is one line: while an item waits for its retry, so do those behind it, whatever their keys.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::{iter::empty, sync::Arc};
/// use tidegate_lanes::{BatchFailure, Batches, Envelope, Item, Outcome, Policy, dead_letter::Memory};
///
/// #[derive(Clone)]
/// struct Row(u32);
///
/// impl Item for Row {
///     fn envelope(&self) -> Envelope {
///         Envelope::new("rows", self.0.to_string(), "")
///     }
/// }
///
/// let insert = async |rows: Vec<Row>| {
///     if rows.iter().any(|row| row.0 == 7) {
///         return Err(BatchFailure::from(std::fmt::Error));
///     }
///     Ok(())
/// };
/// let letters = Arc::new(Memory::new());
/// let policy = Policy::default().retries(empty).dead_letter_to(letters.clone());
/// let mut batches = Batches::new(policy, insert);
///
/// let mut batch = batches.begin((0..100).map(|number| ("a key", Row(number), ())));
/// let mut done = 0;
/// while let Some(finished) = batch.next().await {
///     done += u32::from(finished?.outcome == Outcome::Done);
/// }
/// assert_eq!((done, letters.letters()[0].id().as_str()), (99, "rows:7"));
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Batches<K, H> {
    policy: Policy,
    handler: H,
    diverted: HashSet<K, RandomState>,
    start: Instant,
}

impl<K: Hash + Eq + Clone, H> Batches<K, H> {
    /// Batches for this handler. The policy's timeout is that of a run.
    #[must_use]
    pub fn new(policy: Policy, handler: H) -> Self {
        Self { policy, handler, diverted: HashSet::default(), start: Instant::now() }
    }

    /// Begins a batch: keys, items and claims, as in [`Lanes::push`](crate::Lanes::push).
    pub fn begin<T: Item, C>(&mut self, items: impl IntoIterator<Item = (K, T, C)>) -> Batch<'_, K, T, C, H> {
        let entry = |(key, item, claim)| {
            Some(Entry { key, work: Work::new(item, claim), not_before: Duration::ZERO })
        };
        let entries: Vec<_> = items.into_iter().map(entry).collect();
        let bisect = Bisect::new(entries.len());
        Batch { batches: self, entries, bisect, finished: VecDeque::new(), stopped: false }
    }

    /// Diverts keys, as [`Lanes::divert`](crate::Lanes::divert) does.
    pub fn divert(&mut self, keys: impl IntoIterator<Item = K>) {
        self.diverted.extend(keys);
    }

    /// Ends the diversion of a key, and says whether there was one.
    pub fn restore(&mut self, key: &K) -> bool {
        self.diverted.remove(key)
    }

    /// The diverted keys, in no order.
    pub fn diverted(&self) -> impl Iterator<Item = &K> {
        self.diverted.iter()
    }
}

impl<K, H> fmt::Debug for Batches<K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Batches");
        out.field("policy", &self.policy).field("diverted", &self.diverted.len()).finish_non_exhaustive()
    }
}

/// A batch at work. Dropping it leaves what is not finished.
#[must_use = "a batch runs while it is polled"]
pub struct Batch<'a, K, T, C, H> {
    batches: &'a mut Batches<K, H>,
    /// `None` for what is finished.
    entries: Vec<Option<Entry<K, T, C>>>,
    bisect: Bisect,
    finished: VecDeque<Finished<K, T, C>>,
    stopped: bool,
}

struct Entry<K, T, C> {
    key: K,
    work: Work<T, C>,
    not_before: Duration,
}

impl<K, T: Item, C> Entry<K, T, C> {
    /// Settles that it goes to the dead letters, at once.
    fn give_up(&mut self, outcome: Outcome, diverts: bool, now: Duration) {
        self.work.give_up(outcome, diverts, now);
        self.not_before = Duration::ZERO;
    }
}

/// What is to be done next.
enum Job {
    /// The dead letter of this entry is to be written.
    Letter(usize),
    /// These are to be handled, at least one.
    Run(Vec<usize>),
}

impl<K: Hash + Eq + Clone, T: Item, C, H: BatchHandler<T>> Batch<'_, K, T, C, H> {
    /// The next item that is finished; `None` when all are, or one has stopped the source.
    ///
    /// # Errors
    ///
    /// [`Stopped`], once, under [`Policy::stop`]: nothing more of the batch runs.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the run in progress, which is made again; what it finished is not lost.
    pub async fn next(&mut self) -> Option<Result<Finished<K, T, C>, Stopped<T, C>>> {
        loop {
            if let Some(finished) = self.take_finished() {
                return Some(Ok(finished));
            }
            self.due()?;
            if let Err(stopped) = self.step().await {
                return Some(Err(stopped));
            }
        }
    }

    /// An item that is finished, if there is one: for who makes the [steps](Self::step) one by one.
    pub fn take_finished(&mut self) -> Option<Finished<K, T, C>> {
        self.finished.pop_front()
    }

    /// When the next step is to be made: in the future if an item waits for its retry. `None` when all items are finished,
    /// or one has stopped the source.
    pub fn due(&mut self) -> Option<Instant> {
        let job = self.job()?;
        // Only what ran alone, or was named, waits.
        let lone = match job {
            Job::Letter(index) => Some(index),
            Job::Run(live) => live.first().copied().filter(|_| live.len() == 1),
        };
        let not_before = lone.and_then(|it| self.entry(it)).map_or(Duration::ZERO, |it| it.not_before);
        // What the clock cannot show never comes.
        Some(self.batches.start.checked_add(not_before).unwrap_or_else(|| Instant::now() + NEVER))
    }

    /// Waits until it is due, and runs the handler once, or writes one dead letter.
    ///
    /// # Errors
    ///
    /// [`Stopped`], once, under [`Policy::stop`]: nothing more of the batch runs.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the run in progress, which is made again.
    pub async fn step(&mut self) -> Result<(), Stopped<T, C>> {
        let (Some(due), Some(job)) = (self.due(), self.job()) else { return Ok(()) };
        sleep_until(due).await;
        let live = match job {
            Job::Letter(index) => {
                self.write(index).await;
                return Ok(());
            }
            Job::Run(live) => live,
        };
        let began = self.now();
        match self.run(&live).await {
            Ok(()) => {
                for it in live {
                    self.finish(it, Outcome::Done, 1, false);
                }
                self.bisect.succeeded();
            }
            Err(failure) => {
                if let Some(stopped) = self.failed(&live, failure, began) {
                    self.stopped = true;
                    return Err(stopped);
                }
            }
        }
        Ok(())
    }

    /// Diverts keys, as [`Batches::divert`] does, while the batch is at work.
    pub fn divert(&mut self, keys: impl IntoIterator<Item = K>) {
        self.batches.divert(keys);
    }

    /// Ends the diversion of a key, as [`Batches::restore`] does: for what is not given up yet.
    pub fn restore(&mut self, key: &K) -> bool {
        self.batches.restore(key)
    }

    /// What is to be done next.
    fn job(&mut self) -> Option<Job> {
        loop {
            if self.stopped {
                return None;
            }
            let part = self.bisect.next()?;
            self.give_up_diverted(part.clone());
            let live: Vec<_> = part.filter(|it| self.entry(*it).is_some()).collect();
            let lettered = |it: &&usize| self.entry(**it).is_some_and(|it| it.work.letter().is_some());
            if let Some(index) = live.iter().find(lettered) {
                return Some(Job::Letter(*index));
            }
            if !live.is_empty() {
                return Some(Job::Run(live));
            }
            self.bisect.succeeded();
        }
    }

    /// Begins a run. It borrows nothing, so that it can be sent where its handler's future can.
    fn run(&self, live: &[usize]) -> impl Future<Output = Result<(), BatchFailure>> + use<K, T, C, H> {
        let entries = live.iter().filter_map(|it| self.entry(*it));
        let items = entries.map(|it| it.work.item.clone()).collect();
        let (handler, limit) = (&self.batches.handler, self.batches.policy.time_limit());
        let began = catch_unwind(AssertUnwindSafe(|| handler.handle(items)));
        async move {
            let mut future = Box::pin(began.map_err(|panic| BatchFailure::retry(panic::text(&*panic)))?);
            let run = poll_fn(|cx| {
                catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))
                    .unwrap_or_else(|panic| Err(BatchFailure::retry(panic::text(&*panic))).into())
            });
            match limit {
                None => run.await,
                Some(limit) => {
                    let late = |_| Err(BatchFailure::retry(format!("took longer than {limit:?}")));
                    timeout(limit, run).await.unwrap_or_else(late)
                }
            }
        }
    }

    /// Finds out who is to blame, and what is to be done with those.
    fn failed(&mut self, live: &[usize], failure: BatchFailure, began: Duration) -> Option<Stopped<T, C>> {
        let named = match failure.named(live) {
            Ok(named) => named,
            Err(failure) => {
                let [alone] = *live else {
                    tracing::debug!(items = live.len(), error = %failure, "a batch failed and is bisected");
                    self.bisect.failed();
                    return None;
                };
                vec![(alone, failure)]
            }
        };
        self.bisect.failed_only(named.iter().map(|(index, _)| *index));
        let is_named = |index: usize| named.iter().any(|(named, _)| *named == index);
        for done in live.iter().filter(|it| !is_named(**it)).copied().collect::<Vec<_>>() {
            self.finish(done, Outcome::Done, 1, false);
        }
        named.into_iter().find_map(|(index, failure)| self.judge(index, failure, began))
    }

    fn judge(&mut self, index: usize, failure: Failure, began: Duration) -> Option<Stopped<T, C>> {
        let now = self.now();
        let policy = &self.batches.policy;
        let entry = self.entries.get_mut(index)?.as_mut()?;
        let past = entry.work.past(began);
        past.trouble.attempts = past.trouble.attempts.saturating_add(1);
        past.error = failure.text();
        let attempts = past.trouble.attempts;
        let verdict = policy.judge(&mut past.trouble, &failure, now);
        tracing::debug!(id = entry.work.item.envelope().id(), attempts, error = %failure, ?verdict, "an item failed");
        match verdict {
            Verdict::RetryIn(delay) | Verdict::HaltFor(delay) => {
                entry.not_before = now.saturating_add(delay);
            }
            Verdict::Drop => self.finish(index, Outcome::Dropped, 0, false),
            Verdict::DeadLetter => entry.give_up(Outcome::DeadLettered, false, now),
            Verdict::Divert => entry.give_up(Outcome::DeadLettered, true, now),
            Verdict::Stop => {
                let Work { item, claim, .. } = self.entries.get_mut(index)?.take()?.work;
                return Some(Stopped { item, claim, attempts, failure });
            }
        }
        None
    }

    /// Sees to it that nobody handles what is diverted.
    fn give_up_diverted(&mut self, part: Range<usize>) {
        if self.batches.diverted.is_empty() {
            return;
        }
        let now = self.now();
        let Some(entries) = self.entries.get_mut(part) else { return };
        for entry in entries.iter_mut().flatten() {
            if entry.work.letter().is_none() && self.batches.diverted.contains(&entry.key) {
                entry.give_up(Outcome::Diverted, false, now);
            }
        }
    }

    /// Writes a dead letter; should that fail, it is due again after a while.
    async fn write(&mut self, index: usize) {
        let Some(letter) = self.entry(index).and_then(|it| it.work.letter()) else { return };
        let (outcome, diverts) = (letter.outcome, letter.diverts);
        let put = match self.batches.policy.dead_letters() {
            Some(letters) => letters.put(&letter.envelope).await.map_err(|error| errors::text(&*error)),
            None => Err("there are no dead letters in the policy".to_owned()),
        };
        let Err(error) = put else {
            return self.finish(index, outcome, 0, diverts);
        };
        let now = self.now();
        let Some(entry) = self.entries.get_mut(index).and_then(Option::as_mut) else { return };
        let letter = entry.work.past.as_mut().and_then(|past| past.letter.as_mut());
        let delay = letter.and_then(|letter| letter.delays.next()).unwrap_or_default();
        entry.not_before = now.saturating_add(delay);
        let id = entry.work.item.envelope().id();
        tracing::warn!(id, error, "a dead letter could not be written and will be tried again");
    }

    fn finish(&mut self, index: usize, outcome: Outcome, more: u32, diverts: bool) {
        let Some(entry) = self.entries.get_mut(index).and_then(Option::take) else { return };
        let attempts = entry.work.attempts().saturating_add(more);
        let Work { item, claim, .. } = entry.work;
        let key = diverts.then_some(entry.key);
        let diverts = key.filter(|key| self.batches.diverted.insert(key.clone()));
        self.finished.push_back(Finished { item, claim, outcome, attempts, diverts });
    }

    fn entry(&self, index: usize) -> Option<&Entry<K, T, C>> {
        self.entries.get(index)?.as_ref()
    }

    fn now(&self) -> Duration {
        self.batches.start.elapsed()
    }
}

impl<K, T, C, H> fmt::Debug for Batch<'_, K, T, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.entries.iter().flatten().count();
        f.debug_struct("Batch").field("left", &left).field("bisect", &self.bisect).finish_non_exhaustive()
    }
}
