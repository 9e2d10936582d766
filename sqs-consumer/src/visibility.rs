//! [`Leases`]: keeps messages from other consumers while they are worked on. Pure: it is told what happened, with the
//! time.

mod lease;
mod settings;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use foldhash::fast::RandomState;

use self::lease::Lease;
pub use self::settings::Settings;
use crate::ReceiptHandle;

/// Entries of one `ChangeMessageVisibilityBatch`.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>
const MOST: usize = 10;

/// One message, from its receive until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(u64);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "who does not extend loses the messages"]
pub enum Action {
    /// To be sent as one `ChangeMessageVisibilityBatch`, of at most 10; each is to be
    /// [answered](Leases::answered).
    Extend(Vec<Extension>),
    /// The message is no longer ours: whoever works on it is to stop before he stores anything. It is forgotten.
    Revoke(LeaseId, Reason),
}

/// One entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Whose it is.
    pub lease: LeaseId,
    /// What SQS knows the message by.
    pub handle: ReceiptHandle,
    /// The visibility timeout to set, in whole seconds.
    pub timeout: Duration,
}

/// What SQS answered to one entry of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It was extended.
    Extended,
    /// The message is not ours: `ReceiptHandleIsInvalid` or `MessageNotInflight`.
    Lost,
    /// Neither is known: it was throttled, or there was no answer.
    Unknown,
}

/// Why a message is no longer ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// SQS said so.
    Lost,
    /// It could not be extended in time.
    Late,
    /// It was kept for as long as a message may be.
    Old,
}

/// Keeps messages from other consumers while they are worked on, wait for it, or wait for their delete.
///
/// It knows no clock and makes no calls. [Take](Self::take) each message that is received, do what is
/// [next](Self::next), say how each entry was [answered](Self::answered), ask again at the [`deadline`](Self::deadline), and
/// [release](Self::release) a message when its delete is confirmed or it is given back. `now` is the time since any
/// beginning, and never falls.
///
/// - A message is extended when a third of its time is left, together with those that are due within a twelfth.
/// - Who is not answered is asked for again, sooner each time. When a twentieth of the time is left, it is too late: the
///   message is revoked, so that whoever works on it stops before another one gets it.
/// - Nothing is asked for beyond 12 h from the receive, which SQS would refuse; the last extension reaches just
///   there.
/// - A message that is received again while it is here has a new handle, and its 12 h begin anew.
///
/// Each costs O(log n), and there is nothing for what is released.
///
/// ```
/// use std::time::Duration;
/// use tidegate_sqs_consumer::visibility::{Action, Leases, Reply, Settings};
///
/// let at = Duration::from_secs;
/// let mut leases = Leases::new(Settings::default());
/// let lease = leases.take("AQEB1".into(), at(0));
/// assert_eq!((leases.next(at(19)), leases.deadline()), (None, Some(at(20))));
///
/// let Some(Action::Extend(batch)) = leases.next(at(20)) else { panic!("a third is left") };
/// assert_eq!((batch[0].handle.as_str(), batch[0].timeout), ("AQEB1", at(30)));
/// leases.answered(at(21), &batch[0], Reply::Extended);
/// assert_eq!(leases.ends(lease), Some(at(50)));
///
/// leases.release(lease);
/// assert_eq!((leases.next(at(99)), leases.deadline()), (None, None));
/// ```
#[derive(Debug)]
pub struct Leases {
    settings: Settings,
    taken: u64,
    known: HashMap<LeaseId, Lease, RandomState>,
    /// When to extend: those that are neither asked for nor final.
    due: BTreeSet<(Duration, LeaseId)>,
    /// When it is too late: all.
    too_late: BTreeSet<(Duration, LeaseId)>,
    revoked: VecDeque<(LeaseId, Reason)>,
}

impl Leases {
    /// Without messages.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: settings.clamped(),
            taken: 0,
            known: HashMap::default(),
            due: BTreeSet::new(),
            too_late: BTreeSet::new(),
            revoked: VecDeque::new(),
        }
    }

    /// A message was received: its answer came at this time.
    pub fn take(&mut self, handle: ReceiptHandle, received: Duration) -> LeaseId {
        let id = LeaseId(self.taken);
        self.taken += 1;
        self.put(id, Lease::new(&self.settings, handle, received));
        id
    }

    /// A message that is here was received again. The newest handle is the one that counts. Answers whether it is here
    /// still.
    pub fn retake(&mut self, id: LeaseId, handle: ReceiptHandle, received: Duration) -> bool {
        let known = self.remove(id).is_some();
        if known {
            self.put(id, Lease::new(&self.settings, handle, received));
        }
        known
    }

    /// What is to be done. To be asked until there is nothing.
    pub fn next(&mut self, now: Duration) -> Option<Action> {
        if let Some((id, reason)) = self.revoked.pop_front() {
            return Some(Action::Revoke(id, reason));
        }
        if let Some((at, id)) = self.too_late.first().copied()
            && at <= now
            && let Some(lease) = self.remove(id)
        {
            let reason = if lease.is_old() { Reason::Old } else { Reason::Late };
            return Some(Action::Revoke(id, reason));
        }
        self.due.first().filter(|(at, _)| *at <= now)?;
        let until = now.saturating_add(self.settings.window());
        let batch: Vec<_> = self.due.iter().take_while(|(at, _)| *at <= until).take(MOST).copied().collect();
        let ask = |(at, lease): (Duration, LeaseId)| {
            self.due.remove(&(at, lease));
            let it = self.known.get_mut(&lease)?;
            let timeout = it.ask(&self.settings, now);
            Some(Extension { lease, handle: it.handle.clone(), timeout })
        };
        Some(Action::Extend(batch.into_iter().filter_map(ask).collect()))
    }

    /// When to ask for what is [`next`](Self::next), if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if !self.revoked.is_empty() {
            return Some(Duration::ZERO);
        }
        let first = |set: &BTreeSet<(Duration, LeaseId)>| set.first().map(|(at, _)| *at);
        first(&self.due).into_iter().chain(first(&self.too_late)).min()
    }

    /// An entry was answered. What is no longer here, or was received again meanwhile, does not care.
    pub fn answered(&mut self, now: Duration, extension: &Extension, reply: Reply) {
        let id = extension.lease;
        if self.known.get(&id).is_none_or(|lease| lease.handle != extension.handle) {
            return;
        }
        let Some(mut lease) = self.remove(id) else { return };
        match reply {
            Reply::Lost => return self.revoked.push_back((id, Reason::Lost)),
            Reply::Extended => lease.extended(&self.settings),
            Reply::Unknown => lease.unheard(&self.settings, now),
        }
        self.put(id, lease);
    }

    /// A message is deleted or given back: answers the handle that counted, if it was here still.
    pub fn release(&mut self, id: LeaseId) -> Option<ReceiptHandle> {
        self.remove(id).map(|lease| lease.handle)
    }

    /// The handle by which to delete a message.
    #[must_use]
    pub fn handle(&self, id: LeaseId) -> Option<&ReceiptHandle> {
        self.known.get(&id).map(|lease| &lease.handle)
    }

    /// From when on others may receive a message, as things stand.
    #[must_use]
    pub fn ends(&self, id: LeaseId) -> Option<Duration> {
        self.known.get(&id).map(Lease::ends)
    }

    /// How many messages are here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn put(&mut self, id: LeaseId, lease: Lease) {
        self.due.extend(lease.due().map(|at| (at, id)));
        self.too_late.insert((lease.too_late(&self.settings), id));
        self.known.insert(id, lease);
    }

    fn remove(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.known.remove(&id)?;
        if let Some(at) = lease.due() {
            self.due.remove(&(at, id));
        }
        self.too_late.remove(&(lease.too_late(&self.settings), id));
        Some(lease)
    }
}
