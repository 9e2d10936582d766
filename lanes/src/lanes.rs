//! [`Lanes`]: runs a handler on items, in the order of their keys.

mod finished;
mod ready;
mod run;

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::{Future, poll_fn},
    hash::Hash,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use foldhash::fast::RandomState;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

pub use self::finished::{Counts, Finished, Outcome, Retry, Stopped};
use self::{
    ready::Ready,
    run::{Ended, Run},
};
use crate::{
    Concurrency, Failure, Handler, Item, Policy, failure,
    policy::Verdict,
    schedule::{Schedule, Turn},
    work::Work,
};

/// Runs a handler on items: those of one key in order, many keys at once, and what fails as the policy says.
///
/// Items are pushed, each with a claim that comes back with it: the ticket of a
/// [watermark](crate::Watermark), the [slot](crate::Slot) of a budget. Lanes take whatever is pushed: what bounds
/// them is the [`Budget`](crate::Budget) that their source asks before it fetches. Finished items come from
/// [`next`](Lanes::next), or from the `Stream`, in the order in which they finish.
///
/// Handlers run while that is polled, and on its task: they are concurrent, not parallel. What computes for long
/// belongs into a task of its own, which its handler awaits. There is no task and, for a handler that ends at
/// once, no allocation for an item.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use tidegate_lanes::{Attempt, Concurrency, Envelope, Failure, Item, Lanes, Policy, Watermark};
///
/// #[derive(Clone)]
/// struct Record(u64, &'static str);
///
/// impl Item for Record {
///     fn envelope(&self) -> Envelope {
///         Envelope::new("numbers", self.0.to_string(), self.1)
///     }
/// }
///
/// let handler = async |record: Record, _: Attempt| {
///     println!("{}", record.1.parse::<u32>()?);
///     Ok::<_, Failure>(())
/// };
/// let mut lanes = Lanes::new(Concurrency::per_key(64), Policy::default(), handler);
/// let mut watermark = Watermark::new();
///
/// for (sequence, key) in [(100, "a"), (101, "b"), (102, "a")] {
///     lanes.push(key, Record(sequence, "7"), watermark.arrive(sequence));
/// }
/// while let Some(finished) = lanes.next().await {
///     watermark.finish(finished?.claim);
/// }
/// assert_eq!(watermark.mark(), Some(102));
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Diverted keys
///
/// Under [`Policy::divert_to`], a failed item takes its key's later ones with it to the dead letters, so that
/// nothing overtakes it. [`Finished::diverts`] tells: whoever owns the lanes makes the set of diverted keys
/// durable before its watermark passes that item, [seeds](Lanes::divert) the lanes of the next owner with it, and
/// [restores](Lanes::restore) a key when an operator says so.
///
/// # Cancel safety
///
/// Dropping the lanes drops the handlers' futures where they are, and every item with its claim. Dropping a
/// future of `next` loses nothing.
pub struct Lanes<K, T, C, H: Handler<T>> {
    handler: H,
    policy: Policy,
    schedule: Schedule<K, Work<T, C>>,
    runs: Vec<Run<H::Future, T, C>>,
    /// Places in which nothing runs.
    idle: Vec<u32>,
    ready: Arc<Ready>,
    /// Those who were woken, and how many of them were polled.
    woken: Vec<u32>,
    polled: usize,
    diverted: HashSet<K, RandomState>,
    discards: Option<Discards<T>>,
    gives_back: bool,
    /// What stood behind an item whose key was halted.
    given_back: VecDeque<Finished<K, T, C>>,
    stopped: bool,
    counts: Counts,
    start: Instant,
    /// The time of the last look at the clock.
    now: Duration,
    /// The clock was looked at in this poll: what begins in one poll begins at one time.
    is_fresh: bool,
    /// No handler has had its time before this.
    deadline: Option<Duration>,
    /// How many items were given back since others had the thread.
    steps: u32,
    timer: Option<Pin<Box<Sleep>>>,
}

/// So many steps are made before others get the thread, and between two looks at the clock.
const STEPS: u32 = 128;

/// Which items are not to begin.
type Discards<T> = Box<dyn Fn(&T) -> bool + Send>;

/// What lanes give back, one at a time.
type Next<K, T, C> = Result<Finished<K, T, C>, Stopped<T, C>>;

impl<K, T, C, H> Lanes<K, T, C, H>
where
    K: Hash + Eq + Clone,
    T: Item,
    H: Handler<T>,
{
    /// Lanes without items.
    #[must_use]
    pub fn new(concurrency: Concurrency, policy: Policy, handler: H) -> Self {
        Self {
            handler,
            policy,
            schedule: Schedule::new(concurrency),
            runs: Vec::new(),
            idle: Vec::new(),
            ready: Ready::new(),
            woken: Vec::new(),
            polled: 0,
            diverted: HashSet::default(),
            discards: None,
            gives_back: false,
            given_back: VecDeque::new(),
            stopped: false,
            counts: Counts::default(),
            start: Instant::now(),
            now: Duration::ZERO,
            is_fresh: false,
            deadline: None,
            steps: 0,
            timer: None,
        }
    }

    /// Where a key is halted, its items come back unfinished, as [`Outcome::GivenBack`]: for a source that keeps them meanwhile, so
    /// that they take nobody's place here. Whoever owns the lanes sees to it that nothing of the key is pushed before the item
    /// that failed.
    #[must_use]
    pub fn give_back_halted(mut self) -> Self {
        self.gives_back = true;
        self
    }

    /// Takes an item, behind all others of its key. It runs when the lanes are polled.
    pub fn push(&mut self, key: K, item: T, claim: C) {
        self.schedule.push(key, Work::new(item, claim));
    }

    /// The next item that is finished; `None` if there are no items, or, after an item has stopped the source, none that
    /// run. More may be pushed and awaited afterwards.
    ///
    /// # Errors
    ///
    /// [`Stopped`], once, under [`Policy::stop`]: from then on nothing starts. What runs goes on, and is given back.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing. Handlers make progress only while it is polled.
    pub async fn next(&mut self) -> Option<Result<Finished<K, T, C>, Stopped<T, C>>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// As [`next`](Lanes::next), for a poll of one's own.
    #[inline]
    #[expect(clippy::type_complexity, reason = "it is what a stream answers")]
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Finished<K, T, C>, Stopped<T, C>>>> {
        self.steps += 1;
        self.is_fresh = false;
        if self.steps > STEPS {
            // Whoever always finds something finished must let others have the thread, and look at the clock.
            self.steps = 0;
            self.look_at_clock();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(given_back) = self.given_back.pop_front() {
            return Poll::Ready(Some(Ok(given_back)));
        }
        loop {
            if self.deadline.is_some()
                && let Some(next) = self.expire()
            {
                return Poll::Ready(Some(next));
            }
            if let Some(next) = self.advance() {
                return Poll::Ready(Some(next));
            }
            if self.schedule.running() == 0 && (self.stopped || self.schedule.queued() == 0) {
                return Poll::Ready(None);
            }
            if !self.is_due(cx) {
                break;
            }
        }
        self.steps = 0;
        if !self.ready.park(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// How many items there are, be they running or waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.schedule.running() + self.schedule.queued() + self.given_back.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.schedule.running()
    }

    /// Whether an item has stopped the source.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How often what happened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The items that failed and wait for their next attempt, in no order.
    pub fn retries(&self) -> impl Iterator<Item = Retry<'_, K, T>> {
        self.schedule.retries().map(|(key, work)| {
            let error = work.past.as_ref().map_or("", |past| past.error.as_str());
            Retry { key, item: &work.item, attempts: work.attempts(), error }
        })
    }

    /// Diverts keys: what of them has not begun goes to the dead letters, unseen. Without
    /// [dead letters](Policy::letters) in the policy they wait instead.
    pub fn divert(&mut self, keys: impl IntoIterator<Item = K>) {
        self.diverted.extend(keys);
    }

    /// Ends the diversion of a key, and says whether there was one. Its next item is handled.
    pub fn restore(&mut self, key: &K) -> bool {
        self.diverted.remove(key)
    }

    /// From now on, items that have not begun and are such as this are dropped with their claims, in their turn:
    /// for a source that is to end, and leaves them to the next.
    pub fn discard(&mut self, such: impl Fn(&T) -> bool + Send + 'static) {
        self.discards = Some(Box::new(such));
    }

    /// The diverted keys, in no order.
    pub fn diverted(&self) -> impl Iterator<Item = &K> {
        self.diverted.iter()
    }

    /// Polls who was woken and starts who may run, until one is finished.
    #[inline]
    fn advance(&mut self) -> Option<Next<K, T, C>> {
        if self.polled == self.woken.len() {
            self.woken.clear();
            self.polled = 0;
            self.ready.take(&mut self.woken);
        }
        while let Some(&index) = self.woken.get(self.polled) {
            self.polled += 1;
            if let Some(next) = self.resume(index) {
                return Some(next);
            }
        }
        while !self.stopped
            && let Some((turn, work)) = self.schedule.next(self.now)
        {
            if self.is_discarded(&work) {
                self.schedule.finish(turn);
                continue;
            }
            if let Some(next) = self.begin(turn, work) {
                return Some(next);
            }
        }
        None
    }

    /// What has begun once is not discarded any more.
    fn is_discarded(&self, work: &Work<T, C>) -> bool {
        work.past.is_none() && self.discards.as_ref().is_some_and(|such| such(&work.item))
    }

    /// Runs an item, in a place that is free.
    #[inline]
    fn begin(&mut self, turn: Turn, mut work: Work<T, C>) -> Option<Next<K, T, C>> {
        if !self.diverted.is_empty()
            && work.letter().is_none()
            && self.schedule.key(&turn).is_some_and(|key| self.diverted.contains(key))
        {
            self.look_at_clock();
            work.give_up(Outcome::Diverted, false, self.now);
        }
        let index = self.idle.pop().unwrap_or_else(|| {
            // There are as many places as may run at once.
            let index = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
            self.runs.push(Run::new(index, &self.ready));
            index
        });
        let run = self.runs.get_mut(index as usize)?;
        let ended = if let Some(letter) = work.letter() {
            let envelope = Arc::clone(&letter.envelope);
            let letters = self.policy.dead_letters().cloned();
            run.write(Box::pin(async move {
                let letters = letters.ok_or("there are no dead letters in the policy")?;
                letters.put(&envelope).await
            }));
            run.poll()
        } else {
            let attempt = work.attempt(self.now);
            let handler = &self.handler;
            let item = &work.item;
            run.handle(|| handler.handle(item.clone(), attempt))
        };
        if let Poll::Ready(ended) = ended {
            self.idle.push(index);
            // Most items end here.
            if let Ended::Handled(Ok(())) = ended {
                return Some(Ok(self.done(turn, work)));
            }
            return self.settle(turn, work, ended, None);
        }
        if !self.is_fresh {
            self.look_at_clock();
        }
        let run = self.runs.get_mut(index as usize)?;
        run.began = self.now;
        run.work = Some((turn, work));
        if let Some(limit) = self.policy.time_limit() {
            let deadline = self.now.saturating_add(limit);
            self.deadline.get_or_insert(deadline);
        }
        None
    }

    /// Polls what was woken.
    fn resume(&mut self, index: u32) -> Option<Next<K, T, C>> {
        let run = self.runs.get_mut(index as usize)?;
        run.woken();
        // What ended meanwhile may still be woken.
        run.work.as_ref()?;
        let Poll::Ready(ended) = run.poll() else { return None };
        let (turn, work) = run.work.take()?;
        let began = run.began;
        self.idle.push(index);
        self.settle(turn, work, ended, Some(began))
    }

    /// Decides what becomes of an item whose future ended.
    fn settle(
        &mut self,
        turn: Turn,
        work: Work<T, C>,
        ended: Ended,
        began: Option<Duration>,
    ) -> Option<Next<K, T, C>> {
        match ended {
            Ended::Handled(Ok(())) => Some(Ok(self.done(turn, work))),
            Ended::Handled(Err(failure)) => self.fail(turn, work, failure, began),
            Ended::Panicked(failure) => {
                self.counts.panics += 1;
                self.fail(turn, work, failure, began)
            }
            Ended::Written(Ok(())) => {
                let (outcome, diverts) = work.letter().map(|letter| (letter.outcome, letter.diverts))?;
                match outcome {
                    Outcome::Diverted => self.counts.diverted += 1,
                    _ => self.counts.dead_lettered += 1,
                }
                let attempts = work.attempts();
                Some(Ok(self.finish(turn, work, outcome, attempts, diverts)))
            }
            Ended::Written(Err(error)) => {
                self.look_at_clock();
                self.rewrite(turn, work, &*error);
                None
            }
        }
    }

    #[inline]
    fn done(&mut self, turn: Turn, work: Work<T, C>) -> Finished<K, T, C> {
        self.counts.done += 1;
        let attempts = work.attempts().saturating_add(1);
        self.schedule.finish(turn);
        let Work { item, claim, .. } = work;
        Finished { item, claim, outcome: Outcome::Done, attempts, diverts: None }
    }

    fn finish(
        &mut self,
        turn: Turn,
        work: Work<T, C>,
        outcome: Outcome,
        attempts: u32,
        diverts: bool,
    ) -> Finished<K, T, C> {
        let diverts = self.schedule.key(&turn).filter(|_| diverts).cloned();
        let diverts = diverts.filter(|key| self.diverted.insert(key.clone()));
        self.schedule.finish(turn);
        Finished { item: work.item, claim: work.claim, outcome, attempts, diverts }
    }

    /// An attempt failed.
    fn fail(
        &mut self,
        turn: Turn,
        mut work: Work<T, C>,
        failure: Failure,
        began: Option<Duration>,
    ) -> Option<Next<K, T, C>> {
        self.look_at_clock();
        self.counts.failed_attempts += 1;
        let now = self.now;
        let past = work.past(began.unwrap_or(now));
        past.trouble.attempts = past.trouble.attempts.saturating_add(1);
        past.error = failure.text();
        let attempts = past.trouble.attempts;
        let verdict = self.policy.judge(&mut past.trouble, &failure, now);
        let id = || work.item.envelope().id();
        match verdict {
            Verdict::HaltFor(delay) if self.gives_back => {
                tracing::warn!(id = id(), attempts, ?delay, error = %failure, "an item failed, and its key is given back");
                Some(Ok(self.give_back(turn, work, delay)))
            }
            Verdict::RetryIn(delay) | Verdict::HaltFor(delay) => {
                tracing::debug!(id = id(), attempts, ?delay, error = %failure, "an item failed and will be retried");
                self.schedule.delay(turn, work, now.saturating_add(delay));
                None
            }
            Verdict::Drop => {
                tracing::warn!(id = id(), attempts, error = %failure, "an item is given up, as its handler says");
                self.counts.dropped += 1;
                Some(Ok(self.finish(turn, work, Outcome::Dropped, attempts, false)))
            }
            Verdict::Stop => {
                tracing::error!(id = id(), attempts, error = %failure, "an item stops its source");
                self.stopped = true;
                self.schedule.finish(turn);
                Some(Err(Stopped { item: work.item, claim: work.claim, attempts, failure }))
            }
            verdict @ (Verdict::DeadLetter | Verdict::Divert) => {
                tracing::warn!(id = id(), attempts, error = %failure, "an item goes to the dead letters");
                work.give_up(Outcome::DeadLettered, verdict == Verdict::Divert, now);
                self.begin(turn, work)
            }
        }
    }

    /// A key is halted: gives back its item that failed, and then those behind it that would have begun.
    fn give_back(&mut self, turn: Turn, work: Work<T, C>, delay: Duration) -> Finished<K, T, C> {
        let outcome = Outcome::GivenBack(delay);
        let behind = self.schedule.take_behind(&turn);
        let behind = behind.into_iter().filter(|work| !self.is_discarded(work)).map(|work| Finished {
            attempts: work.attempts(),
            item: work.item,
            claim: work.claim,
            outcome,
            diverts: None,
        });
        let behind: Vec<_> = behind.collect();
        self.counts.given_back += 1 + behind.len() as u64;
        self.given_back.extend(behind);
        let attempts = work.attempts();
        self.finish(turn, work, outcome, attempts, false)
    }

    /// A dead letter could not be written: its lane waits, for as long as it takes.
    fn rewrite(&mut self, turn: Turn, mut work: Work<T, C>, error: &(dyn std::error::Error + 'static)) {
        self.counts.letters_failed += 1;
        let now = self.now;
        let past = work.past(now);
        past.error = format!("the dead letter could not be written: {}", failure::text(error));
        let delay = past.letter.as_mut().and_then(|letter| letter.delays.next()).unwrap_or_default();
        let id = past.letter.as_ref().map(|letter| letter.envelope.id());
        tracing::warn!(id, error = past.error, "a dead letter could not be written and will be tried again");
        self.schedule.delay(turn, work, now.saturating_add(delay));
    }

    fn look_at_clock(&mut self) {
        self.now = self.start.elapsed();
        self.is_fresh = true;
    }

    /// Whether time has made something due; if not, the lanes will be woken when it does.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let retry = self.schedule.next_due().filter(|_| !self.stopped);
        let Some(due) = [retry, self.deadline].into_iter().flatten().min() else { return false };
        // A time that is too far off for the clock does not come.
        let Some(at) = self.start.checked_add(due) else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        let is_due = timer.as_mut().poll(cx).is_ready();
        if is_due {
            self.look_at_clock();
        }
        is_due
    }

    /// Ends handlers that have had their time, until one of their items is finished.
    fn expire(&mut self) -> Option<Next<K, T, C>> {
        let limit = self.policy.time_limit()?;
        while self.deadline? <= self.now {
            let handling = self.runs.iter_mut().filter(|run| run.work.is_some() && run.is_handling());
            let Some(run) = handling.min_by_key(|run| run.began) else {
                self.deadline = None;
                break;
            };
            let deadline = run.began.saturating_add(limit);
            self.deadline = Some(deadline);
            if deadline <= self.now {
                run.clear();
                let (turn, work) = run.work.take()?;
                let (began, index) = (run.began, run.index);
                self.idle.push(index);
                self.counts.timeouts += 1;
                let failure = Failure::retry(format!("took longer than {limit:?}"));
                if let Some(next) = self.fail(turn, work, failure, Some(began)) {
                    return Some(next);
                }
            }
        }
        None
    }
}

impl<K, T, C, H> Stream for Lanes<K, T, C, H>
where
    K: Hash + Eq + Clone,
    T: Item,
    H: Handler<T>,
{
    type Item = Result<Finished<K, T, C>, Stopped<T, C>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

/// What is pinned is in boxes of its own.
impl<K, T, C, H: Handler<T>> Unpin for Lanes<K, T, C, H> {}

impl<K: Hash + Eq, T, C, H: Handler<T>> fmt::Debug for Lanes<K, T, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Lanes");
        out.field("schedule", &self.schedule).field("diverted", &self.diverted.len());
        out.field("counts", &self.counts).finish_non_exhaustive()
    }
}
