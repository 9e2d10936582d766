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
pub(crate) use self::settings::LONGEST;
pub use self::settings::Settings;
use crate::{MessageId, ReceiptHandle};

/// Entries of one `ChangeMessageVisibilityBatch`.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>
const MOST: usize = 10;

/// One message, from its first receive until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(u64);

/// What a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a message that is here already is not to be processed twice"]
pub enum Taken {
    /// A message that was not here.
    First(LeaseId),
    /// Another delivery of a message that is here: nothing is to be done, and its room is free again.
    Again(LeaseId),
}

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
/// say when a message is [deleted](Self::deleted) or otherwise [released](Self::release). `now` is the time since any
/// beginning, and never falls.
///
/// - A message is extended when a third of its time is left, together with those that are due within a twelfth.
/// - Who is not answered is asked for again, sooner each time. When a twentieth of the time is left, it is too late: the
///   message is revoked, so that whoever works on it stops before another one gets it.
/// - Nothing is asked for beyond 12 h from the receive, which SQS would refuse; the last extension reaches just
///   there.
/// - A message that is received again while it is here, because SQS delivers at least once or its time had ended unnoticed,
///   joins the first: it is extended once, by the newest handle, deleted by that one, and its 12 h begin anew.
///
/// Each costs O(log n), and there is nothing for what is released.
///
/// ```
/// use std::time::Duration;
/// use tidegate_sqs_consumer::visibility::{Action, Leases, Reply, Settings, Taken};
///
/// let at = Duration::from_secs;
/// let mut leases = Leases::new(Settings::default());
/// let Taken::First(lease) = leases.take("5fea7756".into(), "AQEB1".into(), at(0)) else { panic!("it is new") };
/// assert_eq!((leases.next(at(19)), leases.deadline()), (None, Some(at(20))));
///
/// let Some(Action::Extend(batch)) = leases.next(at(20)) else { panic!("a third is left") };
/// assert_eq!((batch[0].handle.as_str(), batch[0].timeout), ("AQEB1", at(30)));
/// leases.answered(at(21), &batch[0], Reply::Extended);
/// assert_eq!(leases.ends(lease), Some(at(50)));
///
/// assert_eq!(leases.take("5fea7756".into(), "AQEB2".into(), at(22)), Taken::Again(lease));
/// assert_eq!(leases.deleted(lease, &batch[0].handle), Some("AQEB2".into()), "by this one, too");
/// assert_eq!(leases.deleted(lease, &"AQEB2".into()), None);
/// assert_eq!((leases.next(at(99)), leases.deadline()), (None, None));
/// ```
#[derive(Debug)]
pub struct Leases {
    settings: Settings,
    taken: u64,
    known: HashMap<LeaseId, Lease, RandomState>,
    messages: HashMap<MessageId, LeaseId, RandomState>,
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
            messages: HashMap::default(),
            due: BTreeSet::new(),
            too_late: BTreeSet::new(),
            revoked: VecDeque::new(),
        }
    }

    /// A message was received: its answer came at this time.
    pub fn take(&mut self, message: MessageId, handle: ReceiptHandle, received: Duration) -> Taken {
        let lease = Lease::new(&self.settings, message, handle, received);
        if let Some(id) = self.messages.get(&lease.message).copied() {
            self.remove(id);
            self.put(id, lease);
            return Taken::Again(id);
        }
        let id = LeaseId(self.taken);
        self.taken += 1;
        self.put(id, lease);
        Taken::First(id)
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

    /// SQS deleted a message by this handle: it is released. Or it was received again meanwhile: SQS then may not have
    /// deleted it, whatever it said, and it is to be deleted by the handle that is answered, too.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html>
    #[must_use = "it is to be deleted by this one, too"]
    pub fn deleted(&mut self, id: LeaseId, by: &ReceiptHandle) -> Option<ReceiptHandle> {
        let newer = self.handle(id).filter(|handle| *handle != by).cloned();
        if newer.is_none() {
            self.remove(id);
        }
        newer
    }

    /// A message is given back: answers the handle that counted, if it was here still.
    pub fn release(&mut self, id: LeaseId) -> Option<ReceiptHandle> {
        self.remove(id).map(|lease| lease.handle)
    }

    /// The handle by which to delete a message.
    #[must_use]
    pub fn handle(&self, id: LeaseId) -> Option<&ReceiptHandle> {
        self.known.get(&id).map(|lease| &lease.handle)
    }

    /// How long a message that is given back now can be kept from others: SQS counts 12 h since its receive, and refuses more.
    #[must_use]
    pub fn most(&self, id: LeaseId, now: Duration) -> Option<Duration> {
        self.known.get(&id).map(|lease| lease.most(now))
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
        self.messages.insert(lease.message.clone(), id);
        self.known.insert(id, lease);
    }

    fn remove(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.known.remove(&id)?;
        if let Some(at) = lease.due() {
            self.due.remove(&(at, id));
        }
        self.too_late.remove(&(lease.too_late(&self.settings), id));
        self.messages.remove(&lease.message);
        Some(lease)
    }
}
