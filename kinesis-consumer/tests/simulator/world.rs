//! [`World`]: all actors, and the loop that lets them act in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fastrand::Rng;
use tidegate_kinesis_consumer::{
    Checkpoint, ShardId,
    lease::{Answer, Change, Unavailable, WorkerId},
    worker::{Action, Event, Listed, RunId, Settings},
};

use super::{
    faults::{Fate, Faults},
    host::{Host, Run},
    java::{Held, Peer, Tick, Version},
    ledger::{Ledger, Outcome, name},
    log::Log,
    millis,
    queue::Queue,
    secs,
    store::{Actor, Store},
    stream::{Stream, number},
};

/// What happens next.
pub(crate) enum Due {
    /// A request arrives at the table or the stream.
    Arrive(usize, Box<Action>, Duration),
    /// A request arrives that nobody expects any more.
    Late(usize, Box<Change>),
    Hear(usize, Box<Event>),
    Ask(usize),
    Fetch(usize, RunId),
    Finish(usize, RunId, usize),
    Stop(usize, RunId),
    Put,
    /// A process of ours looks who else is there.
    Look(usize),
    Peer(usize, Tick),
    /// A 2.x worker takes leases, if their counters are still these.
    Takes(usize, Vec<(ShardId, u64)>),
}

/// All actors.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) rng: Rng,
    pub(crate) store: Store,
    pub(crate) stream: Stream,
    pub(crate) hosts: Vec<Host>,
    pub(crate) peers: Vec<Peer>,
    /// When workers of ours reported to a leader.
    pub(crate) reports: BTreeMap<WorkerId, Duration>,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Between two records that are put, at most.
    pub(crate) pace: Duration,
    /// How long a record takes at most.
    pub(crate) work: Duration,
    /// Between two looks at a shard, at most.
    pub(crate) poll: Duration,
    /// One record in so many fails, and diverts its key.
    pub(crate) fails: Option<u32>,
    pub(crate) writing: bool,
    pub(crate) writes: u64,
    /// When each shard began to be processed the last time, and by whom.
    pub(crate) began: Vec<(Duration, usize)>,
    /// Until when two may process a shard: one of them took it without asking.
    contested: Vec<Duration>,
    queue: Queue<Due>,
}

impl World {
    pub(crate) fn new(shards: usize, seed: u64, log: Log) -> Self {
        let stream = Stream::new(shards);
        let mut world = Self {
            now: Duration::ZERO,
            rng: Rng::with_seed(seed),
            store: Store::default(),
            ledger: Ledger::new(stream.keys()),
            stream,
            hosts: Vec::new(),
            peers: Vec::new(),
            reports: BTreeMap::new(),
            faults: Faults::default(),
            log,
            pace: millis(600),
            work: millis(300),
            poll: millis(1000),
            fails: None,
            writing: true,
            writes: 0,
            began: Vec::new(),
            contested: Vec::new(),
            queue: Queue::new(),
        };
        world.due(Duration::ZERO, Due::Put);
        world
    }

    /// Lets time pass.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while let Some((at, due)) = self.queue.take(end) {
            self.now = at;
            self.step(due);
        }
        self.now = end;
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Lets time pass until something is so, to within a few milliseconds. Says after how long, or panics.
    pub(crate) fn wait_for(&mut self, most: Duration, mut so: impl FnMut(&mut Self) -> bool) -> Duration {
        let began = self.now;
        while !so(self) {
            assert!(self.now - began < most, "not so within {most:?}: {}", self.describe());
            self.run_for(millis(5));
        }
        self.now - began
    }

    pub(crate) fn due(&mut self, later: Duration, due: Due) {
        self.queue.put(self.now + later, due);
    }

    pub(crate) fn soon(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(self.rng.u64(from * 1000..to * 1000))
    }

    fn step(&mut self, due: Due) {
        let host = match &due {
            Due::Arrive(..) | Due::Late(..) | Due::Put | Due::Peer(..) | Due::Takes(..) => None,
            Due::Hear(host, _)
            | Due::Ask(host)
            | Due::Look(host)
            | Due::Fetch(host, _)
            | Due::Finish(host, ..)
            | Due::Stop(host, _) => Some(*host),
        };
        if let Some(host) = host {
            let it = &mut self.hosts[host];
            if !it.is_up() {
                return;
            }
            if it.frozen_until > self.now {
                return self.thaws_later(host, due);
            }
        }
        match due {
            Due::Arrive(host, action, asked) => self.arrive(host, *action, asked),
            Due::Late(host, change) => {
                let answer = self.change(Actor::Host(host), &change);
                self.log.note(self.now, || format!("late from {host}: {change:?}: {answer:?}"));
            }
            Due::Hear(host, event) => self.tell(host, *event),
            Due::Ask(host) => {
                // Only the latest deadline counts.
                if self.hosts[host].asks_at == self.now {
                    self.ask(host);
                }
            }
            Due::Fetch(host, run) => self.fetch(host, run),
            Due::Finish(host, run, record) => self.finish(host, run, record),
            Due::Stop(host, run) => self.stop(host, run),
            Due::Put => self.put(),
            Due::Look(host) => self.look_from(host),
            Due::Peer(peer, tick) => self.tick(peer, tick),
            Due::Takes(peer, leases) => self.take_all(peer, leases),
        }
    }

    /// What falls into the time that a process is frozen happens in its order when it thaws.
    fn thaws_later(&mut self, host: usize, due: Due) {
        let it = &mut self.hosts[host];
        // What is in work may be finished before the worker has looked at its clock, or after.
        let first = matches!(due, Due::Finish(..)) || it.frozen_until.as_millis().is_multiple_of(2);
        let at = it.frozen_until + millis(if first { 0 } else { 2 });
        if matches!(due, Due::Ask(_)) {
            if it.asks_at != self.now {
                return;
            }
            it.asks_at = at;
        }
        self.queue.put(at, due);
    }

    // Processes.

    /// Starts a process, whose clock runs so many millionths too fast.
    pub(crate) fn start(&mut self, name: &str, drift: i64, configure: impl FnOnce(&mut Settings)) -> usize {
        let number = self.hosts.len();
        self.hosts.push(Host::new(name, number as u64 + 1, self.now, drift, configure));
        self.log.note(self.now, || format!("{number} starts as {name}"));
        self.look_from(number);
        number
    }

    /// A process looks who else is there, at its start and every 30 s.
    fn look_from(&mut self, host: usize) {
        let fleet = self.look(host);
        self.due(secs(30), Due::Look(host));
        self.tell(host, Event::Fleet(fleet));
    }

    pub(crate) fn shut_down(&mut self, host: usize) {
        self.log.note(self.now, || format!("{host} shuts down"));
        self.hosts[host].leaving = true;
        self.due(Duration::ZERO, Due::Hear(host, Box::new(Event::Shutdown)));
    }

    pub(crate) fn kill(&mut self, host: usize) {
        self.log.note(self.now, || format!("{host} is killed"));
        self.tear_all(host);
        let it = &mut self.hosts[host];
        it.alive = false;
        it.runs.clear();
    }

    pub(crate) fn freeze(&mut self, host: usize, time: Duration) {
        self.log.note(self.now, || format!("{host} is frozen for {time:?}"));
        self.tear_all(host);
        let it = &mut self.hosts[host];
        it.frozen_until = it.frozen_until.max(self.now + time);
    }

    /// What this process has done of its shards may be repeated.
    fn tear_all(&mut self, host: usize) {
        let runs = self.hosts[host].runs.values().map(|run| run.shard);
        let has = |shard: &usize| self.ledger.tenant_of(*shard) == Some(Actor::Host(host));
        let shards: BTreeSet<_> = runs.chain((0..self.stream.stocks.len()).filter(has)).collect();
        for shard in shards {
            self.ledger.tear(shard);
        }
    }

    pub(crate) fn tell(&mut self, host: usize, event: Event) {
        self.log.note(self.now, || format!("{host} hears {event:?}"));
        let it = &mut self.hosts[host];
        if let Event::Changed { asked, answer: Ok(Answer::Done(row)), .. }
        | Event::Created { asked, answer: Ok(Answer::Done(row)), .. } = &event
        {
            it.written.insert(row.key.clone(), *asked);
        }
        it.worker.handle(it.clock(self.now), event);
        self.ask(host);
    }

    fn ask(&mut self, host: usize) {
        let it = &mut self.hosts[host];
        let clock = it.clock(self.now);
        it.tell_progress(clock);
        for round in 0.. {
            assert!(round < 10_000, "10: no end of actions");
            let Some(action) = self.hosts[host].worker.next(clock) else { break };
            self.perform(host, action, clock);
        }
        let it = &mut self.hosts[host];
        if let Some(deadline) = it.worker.deadline().filter(|_| !it.finished) {
            assert!(deadline > clock, "10: a deadline that has come: {deadline:?} at {clock:?}");
            let at = it.when(deadline);
            if it.asks_at != at {
                it.asks_at = at;
                self.queue.put(at, Due::Ask(host));
            }
        }
    }

    fn perform(&mut self, host: usize, action: Action, clock: Duration) {
        self.log.note(self.now, || format!("{host} does {action:?}"));
        match action {
            Action::Run { run, lease } => {
                let shard = number(&lease.key);
                self.check_alone(Actor::Host(host), shard);
                let mut began = Run::new(shard, &lease);
                let start = lease.started_at.filter(|_| lease.checkpoint.is_beginning());
                if let Some(start) = start.filter(|_| lease.checkpoint != Checkpoint::TrimHorizon) {
                    let start = millis(start.0 - super::EPOCH.0);
                    let records = &self.stream.stocks[shard].records;
                    began.skip_to(records.iter().take_while(|record| record.at < start).count());
                }
                began.skip_to(self.stream.stocks[shard].trimmed);
                self.ledger.begins(&self.store, &self.stream, shard, began.next());
                if self.began.len() <= shard {
                    self.began.resize(shard + 1, (Duration::ZERO, usize::MAX));
                }
                self.began[shard] = (self.now, host);
                self.hosts[host].runs.insert(run, began);
                let later = self.soon(1, 40);
                self.due(later, Due::Fetch(host, run));
            }
            Action::Drain { run, .. } => {
                let it = self.hosts[host].runs.get_mut(&run).unwrap();
                it.draining = true;
                if it.is_idle() {
                    self.due(millis(1), Due::Stop(host, run));
                }
            }
            Action::Abort { key, run } => {
                let it = self.hosts[host].runs.get_mut(&run).unwrap();
                assert!(!it.aborted, "10: aborted twice");
                it.aborted = true;
                let (shard, drained) = (it.shard, it.draining);
                self.ledger.tear(shard);
                let has = self.ledger.tenant_of(shard) == Some(Actor::Host(host));
                let written = self.hosts[host].written.get(&key);
                let fresh = written.is_some_and(|at| clock - *at < secs(9));
                assert!(drained || !has || !fresh, "8: {host} gives up {key}, which it has");
                let later = self.soon(1, 30);
                self.due(later, Due::Stop(host, run));
            }
            Action::Divert { run, lease, .. } => {
                let it = self.hosts[host].runs.get_mut(&run).unwrap();
                it.learn(lease.diverted);
            }
            Action::Finish => {
                let it = &mut self.hosts[host];
                assert!(it.runs.values().all(|run| run.aborted), "finished while it runs");
                it.finished = true;
                // What could not be written in time.
                self.tear_all(host);
            }
            call => {
                self.check_rate(host, &call);
                let later = self.soon(1, 8);
                self.due(later, Due::Arrive(host, Box::new(call), clock));
            }
        }
    }

    /// Whether nobody else processes a shard: invariant 4.
    pub(crate) fn check_alone(&self, by: Actor, shard: usize) {
        if self.contested.get(shard).is_some_and(|until| self.now < *until) {
            return;
        }
        for (other, it) in self.hosts.iter().enumerate() {
            let awake = it.is_up() && self.now >= it.frozen_until + millis(10);
            let runs = it.runs.values().any(|run| run.shard == shard && !run.aborted);
            assert!(!(awake && runs), "4: shard {shard} begins at {by:?} and is processed at {other}");
        }
        for (other, it) in self.peers.iter().enumerate() {
            let awake = it.alive && it.version == Version::V3 && self.now >= it.frozen_until + secs(1);
            let runs = it.held.iter().any(|(key, held)| held.is_running() && number(key) == shard);
            assert!(!(awake && runs), "4: shard {shard} begins at {by:?} and is processed at java {other}");
        }
    }

    /// Whether a worker asks no more often than it should: invariant 10.
    fn check_rate(&mut self, host: usize, call: &Action) {
        const LEASE: (u32, Duration) = (12, millis(500));
        const LOOKS: (u32, Duration) = (40, millis(75));
        let key = match call {
            Action::Change(change) => Some(&change.key),
            Action::Create(lease) => Some(&lease.key),
            Action::Delete { key, .. } => Some(key),
            _ => None,
        };
        let credit = match key {
            Some(key) => self.hosts[host].credit.entry(key.clone()).or_default(),
            None => &mut self.hosts[host].looks,
        };
        let (most, each) = if key.is_some() { LEASE } else { LOOKS };
        assert!(credit.spend(self.now, most, each), "10: {host} does {call:?} too often");
    }

    /// What is throttled is tried as often as it is urgent, one after the other.
    fn check_throttled(&mut self, host: usize, key: &ShardId) {
        const TRIES: (u32, Duration) = (20, millis(50));
        let it = &mut self.hosts[host];
        it.credit.entry(key.clone()).or_default().back();
        assert!(it.throttled.spend(self.now, TRIES.0, TRIES.1), "10: {host} goes on writing too often");
    }

    // Runs.

    fn fetch(&mut self, host: usize, run: RunId) {
        let (now, work) = (self.now, self.work);
        let Some(it) = self.hosts[host].runs.get_mut(&run).filter(|run| !run.aborted && !run.draining) else {
            return;
        };
        let stock = &self.stream.stocks[it.shard];
        it.skip_to(stock.trimmed);
        let closed = stock.shard.closed;
        let more = stock.records.len().saturating_sub(it.next()).min(10);
        let hangs_until = self.hosts[host].hangs_until;
        let it = self.hosts[host].runs.get_mut(&run).unwrap();
        for _ in 0..more {
            let record = it.next();
            let key = stock.records[record].key;
            it.reads(100);
            let busy = it.busy.entry(key).or_default();
            let takes =
                Duration::from_micros(self.rng.u64(1000..u64::try_from(work.as_micros()).unwrap().max(1001)));
            *busy = (*busy).max(now).max(hangs_until) + takes;
            self.queue.put(*busy, Due::Finish(host, run, record));
        }
        if closed && it.is_idle() && it.next() >= stock.records.len() {
            return self.end(host, run);
        }
        let poll = u64::try_from(self.poll.as_micros()).unwrap();
        let later = Duration::from_micros(self.rng.u64(poll / 5..poll));
        self.due(later, Due::Fetch(host, run));
    }

    fn finish(&mut self, host: usize, run: RunId, record: usize) {
        let fails = self.fails.is_some_and(|one_in| self.rng.u32(0..one_in) == 0);
        let Some(it) = self.hosts[host].runs.get_mut(&run).filter(|run| !run.aborted) else { return };
        let shard = it.shard;
        let key = name(self.stream.stocks[shard].records[record].key);
        let outcome = match it.diverted.contains(&key) {
            true => Outcome::DeadLettered,
            false if fails => Outcome::GivenUp,
            false => Outcome::Handled,
        };
        if outcome == Outcome::GivenUp {
            it.divert(key);
        }
        it.finish(record);
        let zombie = self.ledger.tenant_of(shard) != Some(Actor::Host(host));
        let stops = it.draining && it.is_idle();
        self.log.note(self.now, || format!("{host} finishes {record} of shard {shard}: {outcome:?}"));
        self.ledger.finished(self.now, &self.stream, shard, record, outcome, zombie);
        if stops {
            self.due(millis(1), Due::Stop(host, run));
        }
    }

    fn stop(&mut self, host: usize, run: RunId) {
        let it = &mut self.hosts[host];
        it.tell_progress(it.clock(self.now));
        if let Some(stopped) = it.runs.remove(&run) {
            self.tell(host, Event::Stopped { key: stopped.key, run });
        }
    }

    /// A run stops by itself, and leaves behind it what later records it has finished.
    pub(crate) fn give_up(&mut self, host: usize, run: RunId) {
        let shard = self.hosts[host].runs[&run].shard;
        self.ledger.tear(shard);
        self.stop(host, run);
    }

    fn end(&mut self, host: usize, run: RunId) {
        let it = &mut self.hosts[host];
        it.tell_progress(it.clock(self.now));
        let Some(ended) = it.runs.remove(&run) else { return };
        let children = self.stream.children(ended.shard);
        let children =
            children.into_iter().filter(|child| self.stream.stocks[number(&child.id)].gone.is_none());
        let children = children.collect();
        self.tell(host, Event::Ended { key: ended.key, run, children, diverted: BTreeSet::new() });
    }

    // The stream.

    fn put(&mut self) {
        if !self.writing {
            return;
        }
        let key = self.rng.u16(0..self.stream.keys());
        let shard = self.stream.put(key, self.now);
        let row = self.store.get(&self.stream.stocks[shard].shard.id);
        // The clock of who made the lease was fast: the application begins after this one.
        if row.and_then(|row| row.started_at).is_some_and(|at| self.now < millis(at.0 - super::EPOCH.0)) {
            let record = self.stream.stocks[shard].records.len() - 1;
            self.ledger.waive(&self.stream, shard, record);
        }
        let pace = u64::try_from(self.pace.as_micros()).unwrap();
        let later = Duration::from_micros(self.rng.u64(pace / 5..pace));
        self.due(later, Due::Put);
    }

    pub(crate) fn trim(&mut self, age: Duration) {
        let before: Vec<_> = self.stream.stocks.iter().map(|stock| stock.trimmed).collect();
        self.stream.trim(self.now.saturating_sub(age), self.now);
        for (shard, from) in before.into_iter().enumerate() {
            for record in from..self.stream.stocks[shard].trimmed {
                self.ledger.waive(&self.stream, shard, record);
            }
        }
    }

    // The table.

    pub(crate) fn change(&mut self, by: Actor, change: &Change) -> Answer {
        let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
        self.store.change(now, by, change, |written, store| ledger.wrote(now, &written, store, stream))
    }

    /// An operator changes a lease.
    pub(crate) fn edit(&mut self, change: &Change) {
        self.log.note(self.now, || format!("an operator does {change:?}"));
        self.change(Actor::Operator, change);
    }

    /// An operator deletes a lease.
    pub(crate) fn delete(&mut self, key: &ShardId) {
        self.log.note(self.now, || format!("an operator deletes {key}"));
        let shard = number(key);
        let until = self.now + secs(60);
        self.ledger.forgets(shard, until);
        self.contest(shard, secs(12));
        let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
        self.store.delete(now, Actor::Operator, key, None, |written, store| {
            ledger.wrote(now, &written, store, stream);
        });
    }

    pub(crate) fn contest(&mut self, shard: usize, time: Duration) {
        if self.contested.len() <= shard {
            self.contested.resize(shard + 1, Duration::ZERO);
        }
        self.contested[shard] = self.now + time;
    }

    fn arrive(&mut self, host: usize, action: Action, asked: Duration) {
        let key = match &action {
            Action::Change(change) => Some(change.key.clone()),
            Action::Create(lease) => Some(lease.key.clone()),
            Action::Delete { key, .. } => Some(key.clone()),
            _ => None,
        };
        self.writes += u64::from(key.is_some());
        let listing = matches!(action, Action::List);
        let fate = if listing {
            if self.rng.u32(0..1000) < self.faults.unlisted { Fate::Lost } else { Fate::Answered }
        } else if self.now < self.hosts[host].cut_off_until {
            Fate::Outage
        } else {
            self.faults.fate(self.now, key.is_some(), &mut self.rng)
        };
        if let Some(key) = key.as_ref().filter(|_| fate == Fate::Throttled) {
            self.check_throttled(host, key);
        }
        let done = matches!(fate, Fate::Answered | Fate::Slow | Fate::Unanswered);
        if let Some(key) = key.as_ref().filter(|_| !done) {
            // It may be lost before the next try.
            let it = &self.hosts[host];
            let fresh = it.written.get(key).is_some_and(|at| it.clock(self.now) < *at + secs(5));
            if fate == Fate::Outage {
                // One write is tried for all.
                self.tear_all(host);
            }
            if !fresh || matches!(fate, Fate::Outage | Fate::Throttled) {
                self.ledger.tear(number(key));
                // Their ends wait for it.
                if let Action::Create(child) = &action {
                    child.parents.iter().for_each(|parent| self.ledger.tear(number(parent)));
                }
            }
        }
        let answered = matches!(fate, Fate::Answered | Fate::Slow);
        let unavailable = || match fate {
            Fate::Throttled => Unavailable::new("too much").throttled(),
            _ => Unavailable::new("lost"),
        };
        let looked = || if answered { Ok(()) } else { Err(unavailable()) };
        let wrote = |answer: Answer| if answered { Ok(answer) } else { Err(unavailable()) };
        let by = Actor::Host(host);
        let event = match action {
            Action::Scan => {
                self.store.late = self.faults.scanned_late;
                Event::Scanned { asked, answer: looked().map(|()| self.store.scan(self.now, &mut self.rng)) }
            }
            Action::Read(key) => {
                let answer = looked().map(|()| self.store.get(&key).cloned());
                Event::Read { key, asked, answer }
            }
            Action::Change(change) => {
                if fate == Fate::Zombie {
                    let most = u64::try_from(self.faults.zombie_after.as_millis()).unwrap();
                    let later = self.soon(1, most.max(2));
                    self.due(later, Due::Late(host, Box::new(change.clone())));
                }
                let answer = if done { self.change(by, &change) } else { Answer::Refused(None) };
                Event::Changed { change, asked, answer: wrote(answer) }
            }
            Action::Create(lease) => {
                let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
                let check = |written: super::store::Written<'_>, store: &Store| {
                    ledger.wrote(now, &written, store, stream);
                };
                let answer =
                    if done { self.store.create(now, by, &lease, check) } else { Answer::Refused(None) };
                Event::Created { lease, asked, answer: wrote(answer) }
            }
            Action::Delete { key, counter } => {
                let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
                let check = |written: super::store::Written<'_>, store: &Store| {
                    ledger.wrote(now, &written, store, stream);
                };
                let answer = if done {
                    self.store.delete(now, by, &key, Some(counter), check)
                } else {
                    Answer::Refused(None)
                };
                Event::Deleted { key, answer: wrote(answer) }
            }
            Action::List => {
                let late = u64::try_from(self.faults.listed_late.as_micros()).unwrap();
                let at = self.now.saturating_sub(Duration::from_micros(self.rng.u64(0..=late)));
                let shards = Listed::Shards(self.stream.list(at));
                Event::Listed {
                    asked,
                    answer: if answered { shards } else { Listed::Unavailable(unavailable()) },
                }
            }
            other => unreachable!("no call: {other:?}"),
        };
        self.log.note(self.now, || format!("the call of {host} is {fate:?}: {event:?}"));
        let later = match fate {
            Fate::Answered | Fate::Throttled => self.soon(1, 8),
            Fate::Outage => self.soon(1, 1000),
            _ => self.soon(10, 2000),
        };
        self.due(later, Due::Hear(host, Box::new(event)));
    }

    // How it stands.

    pub(crate) fn up(&self) -> Vec<usize> {
        (0..self.hosts.len()).filter(|host| self.hosts[*host].is_up() && !self.hosts[*host].leaving).collect()
    }

    /// Which live shards each process that is up runs.
    pub(crate) fn loads(&self) -> Vec<usize> {
        self.up()
            .into_iter()
            .map(|host| self.hosts[host].runs.values().filter(|run| !run.aborted).count())
            .collect()
    }

    pub(crate) fn running(&self) -> usize {
        self.loads().iter().sum()
    }

    /// Whether a shard is processed.
    pub(crate) fn runs(&self, shard: usize) -> bool {
        let runs =
            |host: &usize| self.hosts[*host].runs.values().any(|run| run.shard == shard && !run.aborted);
        self.up().iter().any(runs)
    }

    /// Whether all open shards are processed, and all processes have the same share.
    pub(crate) fn is_even(&self) -> bool {
        let loads = self.loads();
        let spread = loads.iter().max().zip(loads.iter().min()).map(|(most, least)| most - least);
        spread.is_some_and(|spread| spread <= 1)
            && self.stream.open_shards().iter().all(|shard| self.runs(*shard))
    }

    /// Why not all is well: each lease is run, all is finished, and the shares are even.
    pub(crate) fn unrest(&mut self) -> Option<String> {
        let up = self.up();
        let mut live = 0;
        for row in self.store.leases() {
            if row.checkpoint == Checkpoint::ShardEnd {
                continue;
            }
            live += 1;
            if row.checkpoint_owner.is_some() {
                return Some(format!("{} is handed over", row.key));
            }
            let shard = number(&row.key);
            let runs = |host: &&usize| {
                self.hosts[**host].runs.values().any(|run| run.shard == shard && !run.aborted)
            };
            let java = self
                .peers
                .iter()
                .find(|peer| peer.alive && peer.held.get(&row.key).is_some_and(Held::is_running));
            let ours = up.iter().find(runs).map(|host| &self.hosts[*host].name);
            let Some(name) = java.map(|peer| &peer.name).or(ours) else {
                return Some(format!("{} is not processed", row.key));
            };
            if row.owner.as_ref() != Some(name) {
                return Some(format!("{} is processed by one who has it not", row.key));
            }
        }
        for shard in 0..self.stream.stocks.len() {
            if !self.ledger.is_done(&self.stream, shard) {
                return Some(format!("records of shard {shard} are not processed"));
            }
            let stock = &self.stream.stocks[shard];
            if !stock.shard.closed && self.store.get(&stock.shard.id).is_none() {
                return Some(format!("shard {shard} has no lease"));
            }
        }
        // A KCL in Java counts otherwise.
        if self.peers.iter().any(|peer| peer.alive) {
            return None;
        }
        let mut names: Vec<_> =
            up.iter().map(|host| (&self.hosts[*host].name, self.hosts[*host].weight as usize)).collect();
        names.sort();
        names.dedup();
        let total: usize = names.iter().map(|(_, weight)| weight).sum();
        for (name, weight) in names {
            let has = self.store.leases().filter(|row| row.owner.as_ref() == Some(name)).count();
            let share = live * weight / total;
            if !(share..=share + 1).contains(&has) {
                return Some(format!("{name} has {has} of {live}, and its share is {share}"));
            }
        }
        None
    }

    pub(crate) fn describe(&self) -> String {
        let rows = self.store.leases().map(|row| {
            let (key, owner, from) = (&row.key, &row.owner, &row.checkpoint_owner);
            format!("\n{key} {owner:?} from {from:?} {} {:?}", row.counter, row.checkpoint)
        });
        format!("at {:?}: loads {:?}{}", self.now, self.loads(), rows.collect::<String>())
    }
}
