//! [`Hub`]: tells the deciders what happened, and does what they decide.

mod receive;
mod settle;
mod stop;

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use tidegate_lanes::{Budget, Slot};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinHandle},
    time::{Instant, sleep_until},
};
use tracing::{debug, warn};

use self::stop::Stopping;
use super::{
    Report, Totals,
    calls::{Calls, Problem},
    claim::Claim,
    event::Event,
    health::{Health, Snapshot},
    layer::{Feed, Layer},
};
use crate::{
    Error, ErrorKind, Message, ReceiptHandle,
    outgoing::Outgoing,
    poll::{Pollers, Trouble, Wanted},
    visibility::{Action, LeaseId, Leases, Reply},
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
    /// On a FIFO queue: the names of receives whose answers were lost. Asked again by its name, each has the same one.
    attempts: Vec<String>,
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
            attempts: Vec::new(),
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
        let stop = self.stopping.as_ref().map(|it| it.next().saturating_duration_since(self.start));
        let deciders = [
            self.pollers.deadline().filter(|_| self.reserving.is_none()),
            self.leases.deadline(),
            self.deletes.deadline(),
            self.releases.deadline(),
            stop,
        ];
        deciders.into_iter().flatten().min()
    }

    fn spawn(&self, call: impl Future<Output = Event> + Send + 'static) -> AbortHandle {
        let events = self.events.clone();
        let call = tokio::spawn(async move {
            // Where nobody hears, messages come again when their visibility ends.
            let _ = events.send(call.await);
        });
        call.abort_handle()
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
