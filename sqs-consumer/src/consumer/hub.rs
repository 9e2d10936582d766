//! [`Hub`]: tells the deciders what happened, and does what they decide.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use tidegate_lanes::{Budget, Reservation, Slot};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinHandle},
    time::{Instant, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{
    Report, Totals,
    calls::{Calls, Problem},
    claim::Claim,
    event::{Answer, Event},
    health::Health,
    layer::{Feed, Layer},
};
use crate::{
    Error, ErrorKind, Message, ReceiptHandle,
    outgoing::{End, Outgoing},
    poll::{self, Pollers, Standing, Trouble, Wanted},
    visibility::{Action, LeaseId, Leases, Reply, Taken},
};

/// So many events are heard before the deciders are asked again.
const AT_ONCE: usize = 256;

/// What an entry weighs beside its handle: its share of the call.
const ENTRY: usize = 100;

/// Tells the deciders what happened, and does what they decide: one task, which owns them all.
pub(super) struct Hub {
    start: Instant,
    calls: Arc<Calls>,
    budget: Budget,
    pollers: Pollers,
    leases: Leases,
    deletes: Outgoing<Delete>,
    releases: Outgoing<Release>,
    held: HashMap<LeaseId, Held, RandomState>,
    /// What is to be given back, in the order in which it was said.
    given_back: Vec<Release>,
    inbox: mpsc::UnboundedReceiver<Event>,
    events: mpsc::UnboundedSender<Event>,
    feed: Option<mpsc::UnboundedSender<(Message, Claim)>>,
    drain: watch::Sender<bool>,
    layer: JoinHandle<Result<(), Error>>,
    layer_ended: bool,
    /// The receive that waits for its room.
    reserving: Option<(Wanted, AbortHandle)>,
    /// On a FIFO queue: the name of a receive whose answer was lost. Asked again by that name, it has the same one.
    attempt: Option<String>,
    /// Whether a receive was ever answered.
    answered: bool,
    trouble: Option<Arc<str>>,
    /// What was warned of last, of all calls.
    told: Option<Trouble>,
    stopping: Option<Stopping>,
    totals: Totals,
    /// Since when messages are held and none was finished.
    waiting_since: Option<Instant>,
    health: Arc<Mutex<Snapshot>>,
}

/// What the hub is made of.
pub(super) struct Parts {
    pub(super) calls: Calls,
    pub(super) budget: Budget,
    pub(super) pollers: Pollers,
    pub(super) leases: Leases,
    pub(super) deletes: Outgoing<Delete>,
    pub(super) releases: Outgoing<Release>,
    pub(super) layer: Arc<dyn Layer>,
    pub(super) health: Arc<Mutex<Snapshot>>,
}

/// How it stood at the last look.
#[derive(Debug)]
pub(super) struct Snapshot {
    health: Health,
    waiting_since: Option<Instant>,
}

/// A message that is held.
#[derive(Debug)]
struct Held {
    slot: Slot,
    message: Message,
    is_lost: bool,
    confirm: Option<oneshot::Sender<bool>>,
}

/// A message that is to be deleted.
#[derive(Debug)]
pub(super) struct Delete {
    lease: LeaseId,
    handle: ReceiptHandle,
}

/// A message that is given back. Its room is taken until SQS has it.
#[derive(Debug)]
pub(super) struct Release {
    handle: ReceiptHandle,
    after: Duration,
    _slot: Slot,
}

#[derive(Debug)]
struct Stopping {
    /// Then handlers are cut off.
    cut: Instant,
    /// Then it ends, whatever is left.
    until: Instant,
    error: Option<Error>,
}

impl Hub {
    pub(super) fn new(
        parts: Parts,
        inbox: mpsc::UnboundedReceiver<Event>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        let (feed, messages) = mpsc::unbounded_channel();
        let (drain, draining) = watch::channel(false);
        let is_fifo = parts.calls.name.ends_with(".fifo");
        let layer = tokio::spawn(parts.layer.run(Feed { messages, drain: draining, is_fifo }));
        Self {
            start: Instant::now(),
            calls: Arc::new(parts.calls),
            budget: parts.budget,
            pollers: parts.pollers,
            leases: parts.leases,
            deletes: parts.deletes,
            releases: parts.releases,
            held: HashMap::default(),
            given_back: Vec::new(),
            inbox,
            events,
            feed: Some(feed),
            drain,
            layer,
            layer_ended: false,
            reserving: None,
            attempt: None,
            answered: false,
            trouble: None,
            told: None,
            stopping: None,
            totals: Totals::default(),
            waiting_since: None,
            health: parts.health,
        }
    }

    /// Runs until it is shut down, or cannot go on.
    pub(super) async fn run(mut self) -> Result<Report, Error> {
        loop {
            let next = self.act();
            self.show();
            if let Some(end) = self.end() {
                return end;
            }
            let next = self.start + next.unwrap_or(Duration::MAX).min(self.now() + Duration::from_hours(1));
            tokio::select! {
                biased;
                ended = &mut self.layer, if !self.layer_ended => self.layer_ended(ended.unwrap_or_else(|error| {
                    let cut_off = error.is_cancelled();
                    let message = if cut_off { "handlers were cut off" } else { "a handler's task panicked" };
                    if cut_off { Ok(()) } else { Err(Error::new(ErrorKind::Handler, message).because(error)) }
                })),
                Some(event) = self.inbox.recv() => {
                    self.hear(event);
                    for _ in 0..AT_ONCE {
                        let Ok(event) = self.inbox.try_recv() else { break };
                        self.hear(event);
                    }
                }
                () = sleep_until(next) => {}
            }
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Does what is to be done now, and answers when there may be more.
    fn act(&mut self) -> Option<Duration> {
        let now = self.now();
        while let Some(wanted) = self.pollers.next(now) {
            self.reserve(wanted);
        }
        while let Some(action) = self.leases.next(now) {
            match action {
                Action::Extend(asked) => {
                    self.totals.changes += 1;
                    let calls = Arc::clone(&self.calls);
                    self.spawn(async move {
                        let answer = calls.extend(&asked).await;
                        Event::Extended { asked, answer }
                    });
                }
                Action::Revoke(lease, reason) => self.lose(lease, reason),
            }
        }
        if self.may_release() {
            // What came last goes first, so that what came first is found first.
            for release in mem::take(&mut self.given_back).into_iter().rev() {
                let bytes = release.handle.as_str().len() + ENTRY;
                let _ = self.releases.push(now, release, bytes, None);
            }
        }
        while let Some(batch) = self.deletes.next(now) {
            self.totals.deletes += 1;
            let calls = Arc::clone(&self.calls);
            let entries = batch.entries().map(|(id, delete)| (id, delete.handle.clone())).collect();
            self.spawn(async move { Event::Deleted { answer: calls.delete(entries).await, batch } });
        }
        while let Some(batch) = self.releases.next(now) {
            self.totals.changes += 1;
            let calls = Arc::clone(&self.calls);
            let entries = batch.entries().map(|(id, it)| (id, it.handle.clone(), it.after)).collect();
            self.spawn(async move { Event::Released { answer: calls.release(entries).await, batch } });
        }
        let stop = self.stopping.as_ref().map(|stopping| {
            let at = if self.layer_ended { stopping.until } else { stopping.cut };
            at.saturating_duration_since(self.start)
        });
        let deciders = [
            self.pollers.deadline().filter(|_| self.reserving.is_none()),
            self.leases.deadline(),
            self.deletes.deadline(),
            self.releases.deadline(),
            stop,
        ];
        deciders.into_iter().flatten().min()
    }

    /// At a stop, what is given back while receives are out would be received by these, and count as received once more.
    fn may_release(&self) -> bool {
        let Some(stopping) = &self.stopping else { return true };
        self.pollers.out() == 0 || Instant::now() >= stopping.cut
    }

    fn spawn(&self, call: impl Future<Output = Event> + Send + 'static) -> AbortHandle {
        let events = self.events.clone();
        let call = tokio::spawn(async move {
            // Where nobody hears, messages come again when their visibility ends.
            let _ = events.send(call.await);
        });
        call.abort_handle()
    }

    /// A receive asks for its room.
    fn reserve(&mut self, wanted: Wanted) {
        let budget = self.budget.clone();
        let reserve = self.spawn(async move {
            let room = budget.reserve_between(wanted.least, wanted.most);
            let room = match wanted.patience {
                Some(patience) => timeout(patience, room).await.ok(),
                None => Some(room.await),
            };
            Event::Room { wanted, room }
        });
        self.reserving = Some((wanted, reserve));
    }

    fn hear(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Room { wanted, room } => self.receive(wanted, room),
            Event::Received { wanted, room, answer } => self.received(wanted, room, answer),
            Event::Extended { asked, answer } => {
                if let Err(problem) = &answer {
                    self.failed(problem);
                }
                let replies = answer.unwrap_or_else(|_| vec![Reply::Unknown; asked.len()]);
                for (extension, reply) in asked.iter().zip(replies) {
                    self.leases.answered(now, extension, reply);
                }
            }
            Event::Deleted { batch, answer } => {
                match answer {
                    Ok(replies) => self.deletes.answered(now, batch, replies),
                    Err(problem) => {
                        self.failed(&problem);
                        self.deletes.failed(now, batch);
                    }
                }
                while let Some((_, delete, end)) = self.deletes.take_finished() {
                    self.deleted(delete, end);
                }
            }
            Event::Released { batch, answer } => {
                match answer {
                    Ok(replies) => self.releases.answered(now, batch, replies),
                    Err(problem) => {
                        self.failed(&problem);
                        self.releases.failed(now, batch);
                    }
                }
                while self.releases.take_finished().is_some() {}
            }
            Event::Finished { lease, confirm } => self.finished(lease, confirm),
            Event::GivenBack { lease, after, dropped } => self.give_back(lease, after, dropped),
            Event::Shutdown { until } => self.stop(until, None),
        }
    }

    /// A receive has its room.
    fn receive(&mut self, wanted: Wanted, room: Option<Reservation>) {
        let is_it = |(it, _): &mut (Wanted, AbortHandle)| it.poll == wanted.poll;
        if self.reserving.take_if(is_it).is_none() {
            return;
        }
        let Some(mut room) = room else { return self.pollers.given_up(wanted.poll) };
        let most = self.pollers.granted(self.now(), wanted.poll, room.left());
        room.shrink(most, usize::MAX);
        self.totals.receives += 1;
        let is_fifo = self.calls.name.ends_with(".fifo");
        let attempt = is_fifo.then(|| self.attempt.take().unwrap_or_else(attempt_id));
        let calls = Arc::clone(&self.calls);
        let (events, drain) = (self.events.clone(), self.drain.subscribe());
        // Never dropped: what SQS has answered is to be heard.
        tokio::spawn(async move {
            let answer = calls.receive(most, attempt.clone(), || *drain.borrow()).await;
            let answer = answer.map_err(|problem| (problem, attempt));
            let _ = events.send(Event::Received { wanted, room, answer });
        });
    }

    fn received(&mut self, wanted: Wanted, mut room: Reservation, answer: Answer) {
        let now = self.now();
        let messages = match answer {
            Ok(messages) => messages,
            Err((problem, attempt)) => {
                self.pollers.failed(now, wanted.poll, problem.trouble);
                self.failed(&problem);
                if problem.trouble == Trouble::Network {
                    self.attempt = attempt;
                }
                return self.receive_failed(&problem);
            }
        };
        (self.answered, self.trouble) = (true, None);
        let (count, mut bytes) = (messages.len(), 0);
        for message in messages {
            let Some((message, handle)) = Message::of(&self.calls.name, message) else {
                warn!(queue = %self.calls.name, "a message without id or receipt handle is left alone");
                continue;
            };
            let weight = message.bytes();
            bytes += weight;
            match self.leases.take(message.id().clone(), handle, now) {
                Taken::Again(_) => self.totals.joined += 1,
                Taken::First(lease) => {
                    self.totals.received += 1;
                    self.totals.bytes += weight as u64;
                    let slot = room.slot(weight);
                    let held = Held { slot, message: message.clone(), is_lost: false, confirm: None };
                    self.held.insert(lease, held);
                    self.waiting_since.get_or_insert_with(Instant::now);
                    let claim = Claim::new(lease, self.events.clone());
                    // Dropped where nobody takes it, it is given back.
                    if let Some(feed) = &self.feed {
                        let _ = feed.send((message, claim));
                    }
                }
            }
        }
        drop(room);
        self.pollers.received(wanted.poll, poll::Received { count, bytes, held: self.held.len() });
    }

    fn failed(&mut self, problem: &Problem) {
        self.totals.failed += 1;
        let (queue, trouble) = (&self.calls.name, problem.trouble);
        // What passes is made again, and counted; what somebody has to mend, they have to hear of.
        if matches!(trouble, Trouble::Network | Trouble::Throttled | Trouble::OverLimit) {
            debug!(%queue, problem = problem.text, "a call failed");
        } else if self.told != Some(trouble) {
            self.told = Some(trouble);
            warn!(%queue, %trouble, problem = problem.text, "calls fail, and are made again");
        }
    }

    fn receive_failed(&mut self, problem: &Problem) {
        let text: Arc<str> = format!("{}: {}", problem.trouble, problem.text).into();
        if self.trouble.is_none() {
            warn!(queue = %self.calls.name, trouble = %text, "messages cannot be received");
        }
        self.trouble = Some(Arc::clone(&text));
        let for_good = matches!(problem.trouble, Trouble::Denied | Trouble::QueueGone);
        // Later, somebody may mend it.
        if for_good && !self.answered {
            let message = format!("queue {} cannot be received from: {}", self.calls.name, problem.trouble);
            let error = Error::new(ErrorKind::Queue, message).because(problem.text.clone());
            self.stop(Instant::now(), Some(error));
        }
    }

    fn lose(&mut self, lease: LeaseId, reason: crate::visibility::Reason) {
        let Some(held) = self.held.get_mut(&lease) else { return };
        held.is_lost = true;
        held.message.lose();
        self.totals.lost += 1;
        warn!(queue = %self.calls.name, message = %held.message.id(), ?reason, "a message could not be kept");
    }

    fn finished(&mut self, lease: LeaseId, confirm: Option<oneshot::Sender<bool>>) {
        self.waiting_since = Some(Instant::now());
        let handle = self.leases.handle(lease).cloned();
        let Some(held) = self.held.get_mut(&lease) else { return };
        let Some(handle) = handle.filter(|_| !held.is_lost) else {
            // Others have it, or will.
            return self.settle(lease, confirm, false);
        };
        held.confirm = confirm;
        let bytes = handle.as_str().len() + ENTRY;
        let _ = self.deletes.push(self.start.elapsed(), Delete { lease, handle }, bytes, None);
    }

    fn deleted(&mut self, delete: Delete, end: End) {
        let Delete { lease, handle } = delete;
        if end == End::Done
            && let Some(handle) = self.leases.deleted(lease, &handle)
        {
            let bytes = handle.as_str().len() + ENTRY;
            let _ = self.deletes.push(self.now(), Delete { lease, handle }, bytes, None);
            return;
        }
        let done = end == End::Done;
        if done {
            self.totals.deleted += 1;
        } else {
            self.leases.release(lease);
            self.totals.not_deleted += 1;
            warn!(queue = %self.calls.name, ?end, "a message that is finished was not deleted: it comes again");
        }
        let confirm = self.held.get_mut(&lease).and_then(|held| held.confirm.take());
        self.settle(lease, confirm, done);
    }

    /// A message is held no more.
    fn settle(&mut self, lease: LeaseId, confirm: Option<oneshot::Sender<bool>>, deleted: bool) {
        self.held.remove(&lease);
        if self.held.is_empty() {
            self.waiting_since = None;
        }
        if let Some(confirm) = confirm {
            // Who does not wait for it, does not.
            let _ = confirm.send(deleted);
        }
    }

    fn give_back(&mut self, lease: LeaseId, after: Duration, dropped: bool) {
        let handle = self.leases.release(lease);
        let Some(held) = self.held.remove(&lease) else { return };
        if self.held.is_empty() {
            self.waiting_since = None;
        }
        let Some(handle) = handle.filter(|_| !held.is_lost) else { return };
        self.totals.given_back += 1;
        if dropped && self.stopping.is_none() {
            self.totals.dropped += 1;
            warn!(queue = %self.calls.name, message = %held.message.id(), "a message was dropped: it comes again");
        }
        self.given_back.push(Release { handle, after, _slot: held.slot });
    }

    fn layer_ended(&mut self, ended: Result<(), Error>) {
        self.layer_ended = true;
        // What it had is about to be heard of, and the receives that are out have to end.
        if self.stopping.is_none() || ended.is_err() {
            self.stop(Instant::now() + self.calls.wait + Duration::from_secs(10), ended.err());
        }
    }

    /// Begins nothing new: what there is, is to be finished until then.
    fn stop(&mut self, until: Instant, error: Option<Error>) {
        self.pollers.stop();
        if let Some((wanted, reserve)) = self.reserving.take() {
            reserve.abort();
            self.pollers.given_up(wanted.poll);
        }
        self.feed = None;
        self.drain.send_replace(true);
        self.deletes.flush();
        self.releases.flush();
        let now = Instant::now();
        // An eighth of the time is for giving back what handlers have not finished.
        let cut = until.checked_sub(until.saturating_duration_since(now) / 8).unwrap_or(now);
        let error = error.or_else(|| self.stopping.take().and_then(|it| it.error));
        self.stopping = Some(Stopping { cut, until, error });
    }

    /// Whether it has come to its end, and to which.
    fn end(&mut self) -> Option<Result<Report, Error>> {
        let stopping = self.stopping.as_mut()?;
        let now = Instant::now();
        if !self.layer_ended && now >= stopping.cut {
            self.layer.abort();
        }
        let is_done = self.layer_ended
            && self.pollers.out() == 0
            && self.held.is_empty()
            && self.given_back.is_empty()
            && self.releases.is_empty();
        if !is_done && now < stopping.until {
            return None;
        }
        self.layer.abort();
        let abandoned = self.held.len() + self.given_back.len() + self.releases.len();
        Some(match stopping.error.take() {
            Some(error) => Err(error),
            None => Ok(Report { totals: self.totals, abandoned }),
        })
    }

    fn show(&self) {
        let health = Health {
            standing: self.pollers.standing(),
            trouble: self.trouble.as_deref().map(str::to_owned),
            held: self.held.len(),
            in_use: self.budget.in_use(),
            receives: self.pollers.out(),
            deletes: self.deletes.len(),
            stalled: Duration::ZERO,
            shutting_down: self.stopping.is_some(),
            totals: self.totals,
        };
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) =
            Snapshot { health, waiting_since: self.waiting_since };
    }
}

/// As a handler's task may go on after its hub is gone, it is cut off.
impl Drop for Hub {
    fn drop(&mut self) {
        self.layer.abort();
        if let Some((_, reserve)) = &self.reserving {
            reserve.abort();
        }
    }
}

impl Snapshot {
    pub(super) fn new() -> Self {
        let health = Health {
            standing: Standing::Busy,
            trouble: None,
            held: 0,
            in_use: tidegate_lanes::Amount::NONE,
            receives: 0,
            deletes: 0,
            stalled: Duration::ZERO,
            shutting_down: false,
            totals: Totals::default(),
        };
        Self { health, waiting_since: None }
    }

    pub(super) fn health(&self) -> Health {
        let stalled = self.waiting_since.map(|since| since.elapsed()).unwrap_or_default();
        Health { stalled, ..self.health.clone() }
    }
}

/// A name for a receive, new each time.
fn attempt_id() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
