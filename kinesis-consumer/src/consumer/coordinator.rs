//! [`Coordinator`]: the task that does what the [`Worker`] decides.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    select,
    sync::mpsc,
    task::{self, JoinError, JoinSet},
    time::{sleep, sleep_until},
};
use tracing::{Instrument as _, debug, error, info, info_span, warn};

use super::{
    clock::Clock,
    feed::Feeds,
    health::{Health, Totals},
    layer::{End, Layer},
    listing::Listing,
    run::{Run, ShardRun},
    signals::{Signal, signals},
    tracker::Tracker,
    watchdog::Watchdog,
};
use crate::{
    Error, ErrorKind,
    lease::{Fleet, Fleets, Lease, LeaseStore, Unavailable, UnknownState, WorkerId},
    worker::{Action, Event, RunId, Worker},
};

/// A time that does not come.
const FOREVER: Duration = Duration::MAX;

/// Between two looks at who else shares the leases, and two reports to a leader, who forgets a worker after 60 s.
const LOOK: Duration = Duration::from_secs(30);

/// Between two accounts of how it stands: each one looks at every lease.
const ACCOUNT: Duration = Duration::from_millis(100);

/// What the owner of a consumer asks of its task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Hand everything over, and end.
    Shutdown,
}

/// What a coordinator works with.
pub(crate) struct Parts {
    pub(crate) worker: Worker,
    pub(crate) name: WorkerId,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn LeaseStore>,
    pub(crate) fleets: Arc<dyn Fleets>,
    pub(crate) listing: Listing,
    pub(crate) feeds: Feeds,
    pub(crate) layer: Arc<dyn Layer>,
    pub(crate) health: Arc<Mutex<Health>>,
    pub(crate) watchdog: Watchdog,
}

/// The task that does what the [`Worker`] decides: it makes the calls, starts and stops the runs, and tells the
/// worker what came of it.
pub(crate) struct Coordinator {
    parts: Parts,
    runs: HashMap<RunId, Run>,
    calls: JoinSet<Event>,
    /// A look at who else shares the leases.
    looks: JoinSet<Result<Fleet, Unavailable>>,
    tasks: JoinSet<End>,
    /// Which run a task is.
    ids: HashMap<task::Id, RunId>,
    /// What the runs that have ended had done.
    totals: Totals,
    /// Why the consumer stops by itself.
    failure: Option<Error>,
    /// When it next says how it stands.
    account: Duration,
}

impl Coordinator {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts,
            runs: HashMap::new(),
            calls: JoinSet::new(),
            looks: JoinSet::new(),
            tasks: JoinSet::new(),
            ids: HashMap::new(),
            totals: Totals::default(),
            failure: None,
            account: Duration::ZERO,
        }
    }

    /// Runs until all is handed over.
    ///
    /// # Cancel safety
    /// Dropped, every run and call is dropped with it; the leases expire.
    pub(crate) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> Result<(), Error> {
        self.look_after(LOOK);
        loop {
            self.tell_progress();
            let mut finished = false;
            let now = self.parts.clock.now();
            while let Some(action) = self.parts.worker.next(now) {
                finished |= self.perform(action);
            }
            let accounted = finished || now >= self.account;
            if accounted {
                self.publish(now);
            }
            if finished {
                return self.failure.map_or(Ok(()), Err);
            }
            let account = (!accounted).then_some(self.account);
            let deadline = self.parts.worker.deadline().into_iter().chain(account).min();
            select! {
                Some(event) = self.calls.join_next() => self.called(event),
                Some(end) = self.tasks.join_next_with_id() => self.ended(end),
                Some(look) = self.looks.join_next() => self.looked(look),
                order = orders.recv(), if !orders.is_closed() => match order {
                    // An owner that dropped its handle has dropped this task with it.
                    Some(Order::Shutdown) | None => self.tell(Event::Shutdown),
                },
                () = sleep_until(self.parts.clock.at(deadline.unwrap_or(FOREVER))) => {}
            }
        }
    }

    /// Does what the worker wants. Says whether that was the last.
    fn perform(&mut self, action: Action) -> bool {
        debug!(?action, "acts");
        let asked = self.parts.clock.now();
        let store = Arc::clone(&self.parts.store);
        match action {
            Action::Scan => self.call(async move { Event::Scanned { asked, answer: store.scan().await } }),
            Action::Read(key) => self.call(async move {
                let answer = store.get(&key).await;
                Event::Read { key, asked, answer }
            }),
            Action::Change(change) => self.call(async move {
                let answer = store.change(&change).await;
                Event::Changed { change, asked, answer }
            }),
            Action::Create(lease) => self.call(async move {
                let answer = store.create(&lease).await;
                Event::Created { lease, asked, answer }
            }),
            Action::Delete { key, counter } => self.call(async move {
                let answer = store.delete(&key, counter).await;
                Event::Deleted { key, answer }
            }),
            Action::List => {
                let listing = self.parts.listing.clone();
                self.call(async move { Event::Listed { asked, answer: listing.list().await } });
            }
            Action::Run { run, lease } => self.start(run, &lease),
            Action::Divert { run, lease, .. } => self.divert(run, lease),
            Action::Drain { run, .. } => self.signal(run, Signal::Drain),
            Action::Abort { run, .. } => {
                self.totals.leases_lost += 1;
                self.signal(run, Signal::Lost);
            }
            Action::Finish => return true,
        }
        false
    }

    fn call(&mut self, call: impl Future<Output = Event> + Send + 'static) {
        self.calls.spawn(call);
    }

    /// Looks at who else shares the leases, after this time, and reports to a leader that wants to know.
    fn look_after(&mut self, time: Duration) {
        let (fleets, name) = (Arc::clone(&self.parts.fleets), self.parts.name.clone());
        self.looks.spawn(async move {
            sleep(time).await;
            let fleet = fleets.look().await?;
            fleets.report(&name).await?;
            Ok(fleet)
        });
    }

    fn looked(&mut self, look: Result<Result<Fleet, Unavailable>, JoinError>) {
        match look {
            Ok(Ok(fleet)) => self.tell(Event::Fleet(fleet)),
            // What was found last still holds, as far as anybody knows.
            Ok(Err(error)) if !is_unknown(&error) => {
                warn!(%error, "cannot see who else shares the leases");
            }
            Ok(Err(error)) => {
                self.fail(
                    Error::new(ErrorKind::Leases, "the leases are shared with what is not known")
                        .because(error),
                );
            }
            Err(panic) => {
                self.fail(Error::new(ErrorKind::Leases, "a call of the lease store panicked").because(panic));
            }
        }
        self.look_after(LOOK);
    }

    fn start(&mut self, run: RunId, lease: &Lease) {
        info!(shard = %lease.key, checkpoint = ?lease.checkpoint, "begins a shard");
        let tracker = Arc::new(Tracker::default());
        let (signaller, signals) = signals();
        let (diversions, diversions_to_follow) = mpsc::unbounded_channel();
        let shard_run = ShardRun {
            shard: lease.key.clone(),
            feed: self.parts.feeds.open(lease, Arc::clone(&tracker), self.parts.clock.time_of_day()),
            tracker: Arc::clone(&tracker),
            signals,
            diverted: lease.diverted.clone(),
            diversions: diversions_to_follow,
        };
        let span = info_span!("shard", shard = %lease.key);
        let task = self.tasks.spawn(self.parts.layer.process(shard_run).instrument(span));
        self.ids.insert(task.id(), run);
        let diverted = lease.diverted.clone();
        let (shard, from) = (lease.key.clone(), lease.checkpoint);
        self.runs.insert(run, Run { shard, from, tracker, signaller, diverted, diversions });
    }

    fn divert(&mut self, run: RunId, lease: Lease) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.divert(lease.diverted);
        }
    }

    fn signal(&self, run: RunId, signal: Signal) {
        if let Some(run) = self.runs.get(&run) {
            info!(shard = %run.shard, ?signal, "stops a shard");
            run.signaller.set(signal);
        }
    }

    /// Tells the worker what of each run is finished.
    fn tell_progress(&mut self) {
        let now = self.parts.clock.now();
        for (id, run) in &mut self.runs {
            if let Some(event) = run.progress(*id) {
                self.parts.worker.handle(now, event);
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.parts.worker.handle(self.parts.clock.now(), event);
    }

    fn called(&mut self, event: Result<Event, JoinError>) {
        match event {
            Ok(event) => {
                debug!(?event, "hears");
                self.tell(event);
            }
            // A store that panics has answered nothing, and the worker would wait for it for ever.
            Err(panic) => {
                self.fail(Error::new(ErrorKind::Leases, "a call of the lease store panicked").because(panic));
            }
        }
    }

    fn ended(&mut self, end: Result<(task::Id, End), JoinError>) {
        let (id, end) = match end {
            Ok((id, end)) => (id, end),
            Err(panic) => {
                let error = Error::new(ErrorKind::Handler, "the processing of a shard panicked");
                (panic.id(), End::Failed(error.because(panic)))
            }
        };
        let Some((id, mut run)) = self.ids.remove(&id).and_then(|id| Some((id, self.runs.remove(&id)?)))
        else {
            return;
        };
        info!(shard = %run.shard, ?end, "ends a shard");
        if let Some(event) = run.progress(id) {
            self.tell(event);
        }
        self.totals.add(&run.tracker.standing());
        let (key, run) = (run.shard, id);
        match end {
            End::Finished(children) => {
                self.tell(Event::Ended { key, run, children, diverted: BTreeSet::new() });
            }
            End::Stopped => self.tell(Event::Stopped { key, run }),
            End::Failed(error) => {
                self.tell(Event::Stopped { key, run });
                self.fail(error);
            }
        }
    }

    /// The consumer cannot go on: it hands everything over, and ends with this error.
    fn fail(&mut self, error: Error) {
        error!(%error, "stops");
        self.failure.get_or_insert(error);
        self.tell(Event::Shutdown);
    }

    /// Says how it stands, for whoever asks.
    fn publish(&mut self, now: Duration) {
        self.account = now + ACCOUNT;
        let standings = self.runs.iter().map(|(id, run)| (*id, run.tracker.standing()));
        let health = Health::new(now, self.parts.worker.status(now), &standings.collect(), self.totals);
        self.parts.watchdog.watch(&health.shards);
        *self.parts.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }
}

/// Whether something was seen that no known KCL does.
fn is_unknown(error: &Unavailable) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<UnknownState>)
}
