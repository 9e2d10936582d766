//! [`Worker`]: decides what a process does about its leases. Pure: it is told events with the time, and
//! answers actions.

mod action;
mod agenda;
mod assignment;
mod audit;
mod changes;
mod coverage;
mod event;
mod gate;
mod hear;
mod lineage;
mod listing;
mod pace;
mod plan;
mod rank;
mod settings;
mod standing;
mod status;
mod table;
mod tend;
mod tenure;
mod throughput;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

pub(crate) use self::coverage::hole;
pub use self::{
    action::Action,
    event::{Event, Listed},
    settings::{InitialPosition, Settings},
    status::{LeaseStatus, State, Status},
};
use self::{
    agenda::Agenda, audit::Audit, gate::Gate, listing::Listing, pace::Pace, plan::Move, table::Table,
    tenure::Tenure, write::Flight,
};
use crate::{
    ShardId,
    lease::{Fleet, Lease, Mark, Timestamp, WorkerId},
};

/// One tenure of one shard by this process: what a run of an earlier tenure still says counts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// Decides what a process does about its leases: which it takes, renews, checkpoints, hands over and gives back,
/// which shards it processes, and when it looks at the table and at the stream.
///
/// It knows no clock and makes no calls. Tell it what has happened ([`handle`](Self::handle)), ask it for what is
/// to be done ([`next`](Self::next)) until there is nothing more, and ask again at its
/// [`deadline`](Self::deadline). `now` is the time since any beginning, and never falls.
///
/// # Contract
///
/// Each action that is a call is answered by exactly one event, however late; it may be
/// [`Unavailable`](crate::lease::Unavailable). Each [`Action::Run`] is answered by exactly one
/// [`Event::Stopped`] or [`Event::Ended`]. After [`Action::Finish`] there are no actions.
///
/// A shard is never run twice at a time by one worker. After [`Action::Abort`] nothing that the run says is
/// written. A worker that could not renew a lease aborts it 5 % before another may take it.
///
/// ```
/// use std::time::Duration;
/// use tidegate_kinesis_consumer::{
///     lease::{Incarnation, Timestamp, WorkerId},
///     worker::{Action, Settings, Worker},
/// };
///
/// let settings = Settings::new(WorkerId::from("one"), Incarnation(1), Timestamp(0));
/// let mut worker = Worker::new(settings, Duration::ZERO);
/// assert_eq!(worker.next(Duration::ZERO), Some(Action::Scan));
/// assert_eq!(worker.next(Duration::ZERO), Some(Action::List));
/// assert_eq!(worker.next(Duration::ZERO), None);
/// ```
#[derive(Debug)]
pub struct Worker {
    settings: Settings,
    fleet: Fleet,
    me: Mark,

    // What it knows.
    table: Table,
    scanned: Option<Duration>,
    listing: Option<Listing>,
    no_stream: bool,
    /// Those who have leases, and this one, with their weights.
    workers: BTreeMap<WorkerId, u32>,

    // What it has.
    tenures: BTreeMap<ShardId, Tenure>,
    /// Runs of tenures that are lost, and that have not stopped.
    aborted: BTreeMap<ShardId, RunId>,
    /// Leases that their runs gave up: not to be taken again before this.
    declined: BTreeMap<ShardId, Duration>,
    runs: u64,

    // What it wants.
    moves: BTreeMap<ShardId, Move>,
    to_make: BTreeMap<ShardId, Lease>,
    to_delete: BTreeMap<ShardId, u64>,
    /// Since when each move and each lease to make is wanted, over the tries.
    wanted: BTreeMap<ShardId, Duration>,
    /// Leases of which a write has no answer: to be read.
    doubts: BTreeSet<ShardId>,
    /// Whether something was learnt since the last plan.
    news: bool,
    /// When leases of others are to be looked at.
    watch_at: Option<Duration>,
    shutdown: Option<Duration>,
    finished: bool,

    // How fast.
    pace: Pace,
    audit: Audit,
    gate: Gate,
    /// The write of each lease that is in flight: at most one.
    flights: BTreeMap<ShardId, Flight>,

    outbox: VecDeque<Action>,
    deadline: Option<Duration>,
}

impl Worker {
    /// Begins at this time: with a look at the table and at the stream.
    #[must_use]
    pub fn new(settings: Settings, now: Duration) -> Self {
        let failover = settings.failover;
        Self {
            fleet: Fleet::default(),
            me: Mark {
                worker: settings.worker.clone(),
                incarnation: settings.incarnation,
                weight: settings.weight,
            },
            table: Table::default(),
            scanned: None,
            listing: None,
            no_stream: false,
            workers: BTreeMap::from([(settings.worker.clone(), settings.weight)]),
            tenures: BTreeMap::new(),
            aborted: BTreeMap::new(),
            declined: BTreeMap::new(),
            runs: 0,
            moves: BTreeMap::new(),
            to_make: BTreeMap::new(),
            to_delete: BTreeMap::new(),
            wanted: BTreeMap::new(),
            doubts: BTreeSet::new(),
            news: false,
            watch_at: None,
            shutdown: None,
            finished: false,
            pace: Pace::new(failover, settings.scan_units, now),
            audit: Audit::new(failover, now),
            gate: Gate::new(settings.writes_in_flight, failover / 20),
            flights: BTreeMap::new(),
            outbox: VecDeque::new(),
            deadline: Some(now),
            settings,
        }
    }

    /// What is to be done next. To be asked after each event, and at each [`deadline`](Self::deadline), until
    /// there is nothing.
    pub fn next(&mut self, now: Duration) -> Option<Action> {
        if self.outbox.is_empty() && !self.finished {
            let mut agenda = Agenda::at(now);
            // What is lost is known before anything is written.
            self.expire(&mut agenda);
            self.watch(&mut agenda);
            self.plan(&mut agenda);
            self.tend(&mut agenda);
            self.list(&mut agenda);
            self.write(&mut agenda);
            self.finish(&mut agenda);
            self.deadline = agenda.next();
        }
        self.outbox.pop_front()
    }

    /// When it wants to be asked again, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    fn is_me(&self, worker: Option<&WorkerId>) -> bool {
        worker == Some(&self.me.worker)
    }

    fn time_of_day(&self, now: Duration) -> Timestamp {
        let since = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.settings.epoch.0.saturating_add(since))
    }

    /// Ends, when all is handed over or there is no more time.
    fn finish(&mut self, agenda: &mut Agenda) {
        let Some(since) = self.shutdown else { return };
        let rest = self.settings.failover / 10;
        let over = agenda.due(since + self.settings.drain + rest);
        let idle = self.tenures.is_empty()
            && self.aborted.is_empty()
            && self.flights.is_empty()
            && self.moves.is_empty()
            && self.doubts.is_empty();
        if idle || over {
            for tenure in self.tenures.values() {
                if let (Some(run), false) = (tenure.run(), tenure.is_aborting()) {
                    self.outbox.push_back(Action::Abort { key: tenure.lease.key.clone(), run });
                }
            }
            self.outbox.push_back(Action::Finish);
            self.finished = true;
            self.deadline = None;
        }
    }
}
