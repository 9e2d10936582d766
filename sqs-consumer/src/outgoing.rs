//! [`Outgoing`]: gathers deletes, or messages to publish, into batches, and sees each entry to its end. Pure: it is told
//! what happened, with the time.

mod batch;
mod settings;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use foldhash::fast::RandomState;
use tidegate_lanes::Backoff;

use self::batch::Entry;
pub use self::{
    batch::{Batch, EntryId},
    settings::Settings,
};

/// Entries of one batch.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html>
const MOST: usize = 10;

/// What the messages of one batch may weigh together.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
const MOST_BYTES: usize = 1 << 20;

/// After a failure, at least: jitter may say nothing at all.
const LEAST_PAUSE: Duration = Duration::from_millis(10);

/// When no more is left than this, no other attempt is made.
const LEAST_LEFT: Duration = Duration::from_millis(100);

/// What SQS answered to one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It was done.
    Done,
    /// It was not, and never will be: `SenderFault` is set.
    Refused,
    /// It was not, and may be yet.
    Again,
}

/// How an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// It was done.
    Done,
    /// SQS refused it for good: the receipt handle is no longer one, or the message cannot be sent.
    Refused,
    /// There was no more time: the message is about to be received by others.
    Expired,
}

/// Gathers deletes, or messages to publish, into batches, and sees each entry to its end.
///
/// It knows no clock and makes no calls. [Push](Self::push) entries, send each batch that is [next](Self::next), hand it
/// back with what was [answered](Self::answered), or as a [failure](Self::failed) of the whole, and take what is
/// [finished](Self::take_finished). Ask again at the [`deadline`](Self::deadline). `now` is the time since any beginning,
/// and never falls.
///
/// - A batch goes when it has 10 entries, or 1 MiB, or when its oldest entry has lingered. While as many are in flight as
///   may be, entries gather, so that under load all batches are full.
/// - Each entry is answered for itself. One that may be done yet is tried again, with pauses that grow, and sooner than that
///   if its time ends before; what SQS does not mention counts as such.
/// - A call that fails as a whole is no entry's fault: it is made again as it was, after a pause in which no other is
///   made, and alone until one succeeds.
///
/// # Contract
///
/// Each [`Batch`] is handed back exactly once.
///
/// ```
/// use std::time::Duration;
/// use tidegate_sqs_consumer::{ReceiptHandle, outgoing::{End, Outgoing, Reply, Settings}};
///
/// let now = Duration::ZERO;
/// let mut deletes = Outgoing::new(Settings::default());
/// for handle in ["AQEB1", "AQEB2"] {
///     deletes.push(now, ReceiptHandle::from(handle), handle.len(), None);
/// }
/// assert!(deletes.next(now).is_none(), "others may come");
/// let now = deletes.deadline().unwrap();
/// let batch = deletes.next(now).unwrap();
///
/// let ids: Vec<_> = batch.entries().map(|(id, _)| id).collect();
/// deletes.answered(now, batch, [(ids[0], Reply::Done), (ids[1], Reply::Again)]);
/// assert_eq!(deletes.take_finished(), Some((ids[0], "AQEB1".into(), End::Done)));
/// assert_eq!((deletes.take_finished(), deletes.len()), (None, 1));
/// ```
#[derive(Debug)]
pub struct Outgoing<T> {
    settings: Settings,
    pushed: u64,
    ready: VecDeque<Entry<T>>,
    /// What those that are ready weigh together.
    bytes: usize,
    /// Those that failed, by when they are tried again.
    failed: BTreeMap<(Duration, EntryId), Entry<T>>,
    in_flight: usize,
    sent: usize,
    /// The pauses while whole calls fail, and until when the last one is.
    failing: Option<(Backoff, Duration)>,
    flushing: bool,
    finished: VecDeque<(EntryId, T, End)>,
}

impl<T> Outgoing<T> {
    /// Without entries.
    #[must_use]
    pub fn new(mut settings: Settings) -> Self {
        settings.parallelism = settings.parallelism.max(1);
        Self {
            settings,
            pushed: 0,
            ready: VecDeque::new(),
            bytes: 0,
            failed: BTreeMap::new(),
            in_flight: 0,
            sent: 0,
            failing: None,
            flushing: false,
            finished: VecDeque::new(),
        }
    }

    /// Takes an entry of so many bytes, which it is of use to send before `until`: for a delete, the end of the
    /// message's visibility. One that has waited elsewhere is pushed with the time at which it came: it lingers no more.
    pub fn push(&mut self, now: Duration, item: T, bytes: usize, until: Option<Duration>) -> EntryId {
        let id = EntryId(self.pushed);
        self.pushed += 1;
        let due = now.saturating_add(self.settings.linger);
        self.bytes += bytes;
        self.ready.push_back(Entry { id, item, bytes, due, until, pauses: None });
        id
    }

    /// Nobody has to wait for others any more, and those whose time ends first go first: at a shutdown.
    pub fn flush(&mut self) {
        self.flushing = true;
    }

    /// They wait for others again: after a [`flush`](Self::flush) that was none at a shutdown.
    pub fn linger(&mut self) {
        self.flushing = false;
    }

    /// The batch to send now. To be asked until there is none.
    pub fn next(&mut self, now: Duration) -> Option<Batch<T>> {
        while self.failed.first_key_value().is_some_and(|((at, _), _)| *at <= now)
            && let Some((_, entry)) = self.failed.pop_first()
        {
            self.make_ready(entry);
        }
        if !self.may_send() || self.pause_ends().is_some_and(|at| now < at) {
            return None;
        }
        if self.flushing {
            let until = |entry: &Entry<T>| (entry.until.unwrap_or(Duration::MAX), entry.id);
            self.ready.make_contiguous().sort_by_key(until);
        }
        if self.first_due().is_none_or(|at| now < at) {
            return None;
        }
        let mut entries = Vec::with_capacity(MOST.min(self.ready.len()));
        let mut bytes: usize = 0;
        while let Some(first) = self.ready.front()
            && entries.len() < MOST
            && (entries.is_empty() || bytes.saturating_add(first.bytes) <= MOST_BYTES)
            && let Some(mut entry) = self.ready.pop_front()
        {
            entry.until = entry.until.or_else(|| Some(now.saturating_add(self.settings.patience?)));
            self.bytes -= entry.bytes;
            bytes = bytes.saturating_add(entry.bytes);
            entries.push(entry);
        }
        self.in_flight += 1;
        self.sent += entries.len();
        Some(Batch { entries })
    }

    /// When to ask for the [`next`](Self::next) batch, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if !self.may_send() {
            return None;
        }
        let first = self.first_due();
        let failed = self.failed.first_key_value().map(|((at, _), _)| *at);
        let at = first.into_iter().chain(failed).min()?;
        Some(self.pause_ends().map_or(at, |pause| pause.max(at)))
    }

    /// A call was answered, entry by entry. Those that are not mentioned are tried again.
    pub fn answered(
        &mut self,
        now: Duration,
        batch: Batch<T>,
        replies: impl IntoIterator<Item = (EntryId, Reply)>,
    ) {
        self.failing = None;
        self.came_back(&batch);
        let replies: HashMap<_, _, RandomState> = replies.into_iter().collect();
        for entry in batch.entries {
            match replies.get(&entry.id) {
                Some(Reply::Done) => self.finish(entry, End::Done),
                Some(Reply::Refused) => self.finish(entry, End::Refused),
                Some(Reply::Again) | None => self.again(now, entry),
            }
        }
    }

    /// A call failed as a whole: it was throttled, or there was no answer.
    pub fn failed(&mut self, now: Duration, batch: Batch<T>) {
        self.came_back(&batch);
        // Those that were in flight together fail together: that is one failure.
        if self.pause_ends().is_none_or(|at| at <= now) {
            let pauses = self.failing.take().map(|it| it.0);
            let mut pauses = pauses.unwrap_or_else(|| self.settings.backoff.clone());
            let pause = pauses.next().unwrap_or_default().max(LEAST_PAUSE);
            self.failing = Some((pauses, now.saturating_add(pause)));
        }
        for mut entry in batch.entries.into_iter().rev() {
            if is_over(now, &entry) {
                self.finish(entry, End::Expired);
            } else {
                entry.due = now;
                self.make_ready(entry);
            }
        }
    }

    /// An entry that has ended, how, and its item.
    pub fn take_finished(&mut self) -> Option<(EntryId, T, End)> {
        self.finished.pop_front()
    }

    /// How many entries have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.len() + self.failed.len() + self.sent
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn again(&mut self, now: Duration, mut entry: Entry<T>) {
        if is_over(now, &entry) {
            return self.finish(entry, End::Expired);
        }
        let pauses = entry.pauses.get_or_insert_with(|| self.settings.backoff.clone());
        let mut pause = pauses.next().unwrap_or_default().max(LEAST_PAUSE);
        if let Some(until) = entry.until {
            pause = pause.min(until.saturating_sub(now) / 2);
        }
        entry.due = now.saturating_add(pause);
        self.failed.insert((entry.due, entry.id), entry);
    }

    /// Before the others: it has waited.
    fn make_ready(&mut self, entry: Entry<T>) {
        self.bytes += entry.bytes;
        self.ready.push_front(entry);
    }

    fn came_back(&mut self, batch: &Batch<T>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.sent = self.sent.saturating_sub(batch.len());
    }

    fn finish(&mut self, entry: Entry<T>, end: End) {
        self.finished.push_back((entry.id, entry.item, end));
    }

    /// When there is a batch to send: at once, if it is full or nobody waits for others.
    fn first_due(&self) -> Option<Duration> {
        if self.flushing || self.ready.len() >= MOST || self.bytes >= MOST_BYTES {
            return (!self.ready.is_empty()).then_some(Duration::ZERO);
        }
        self.ready.iter().map(|entry| entry.due).min()
    }

    fn may_send(&self) -> bool {
        let most = if self.failing.is_some() { 1 } else { self.settings.parallelism };
        self.in_flight < most
    }

    fn pause_ends(&self) -> Option<Duration> {
        self.failing.as_ref().map(|it| it.1)
    }
}

fn is_over<T>(now: Duration, entry: &Entry<T>) -> bool {
    entry.until.is_some_and(|until| until < now.saturating_add(LEAST_LEFT))
}
