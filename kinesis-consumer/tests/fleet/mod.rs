//! [`Fleet`]: several workers on one table and one stream, event by event.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fastrand::Rng;
use tidegate_kinesis_consumer::{
    Checkpoint, HashRange, Position, Shard, ShardId,
    lease::{Answer, Change, Incarnation, Lease, Timestamp, Unavailable, WorkerId},
    worker::{Action, Event, Listed, RunId, Settings, Worker},
};

pub(crate) const EPOCH: Timestamp = Timestamp(1_700_000_000_000);

/// Several workers on one table and one stream.
pub(crate) struct Fleet {
    pub(crate) now: Duration,
    pub(crate) table: BTreeMap<ShardId, Lease>,
    pub(crate) shards: BTreeMap<ShardId, Stock>,
    pub(crate) hosts: Vec<Host>,
    /// Writes that were made or refused.
    pub(crate) writes: usize,
    /// One call in so many has no answer, half of them though it was done.
    pub(crate) lost: Option<u32>,
    /// Writes of leases a second that the table bears.
    pub(crate) units: Option<u32>,
    /// How long a record takes.
    pub(crate) tick: Duration,
    /// Scans show some leases as they were up to so long before.
    pub(crate) late: Duration,
    old: (Duration, Vec<Lease>),
    bucket: Duration,
    /// When each shard was run, by whom.
    pub(crate) runs: Vec<(Duration, usize, ShardId)>,
    /// Records that were processed more than once.
    pub(crate) repeated: u64,
    /// The handovers and takes that the table saw.
    pub(crate) switches: Vec<(Duration, ShardId)>,
    queue: BTreeMap<(Duration, u64), Due>,
    count: u64,
    rng: Rng,
}

/// A shard, and how many records it has.
pub(crate) struct Stock {
    pub(crate) shard: Shard,
    pub(crate) records: u64,
    /// Up to where they were processed.
    pub(crate) processed: u64,
}

/// A process.
pub(crate) struct Host {
    pub(crate) worker: Worker,
    pub(crate) alive: bool,
    pub(crate) finished: bool,
    frozen_until: Duration,
    clock: Duration,
    asks_at: Duration,
    /// Its calls do not arrive.
    pub(crate) cut_off: bool,
    /// Its handlers finish nothing.
    pub(crate) hangs: bool,
    runs: BTreeMap<ShardId, Run>,
}

struct Run {
    id: RunId,
    done: u64,
    draining: bool,
    diverted: BTreeSet<String>,
    /// Not yet told.
    news: BTreeSet<String>,
}

impl Host {
    pub(crate) fn is_draining(&self, key: &ShardId) -> bool {
        self.runs.get(key).is_some_and(|run| run.draining)
    }

    pub(crate) fn keys(&self) -> Vec<ShardId> {
        self.runs.keys().cloned().collect()
    }

    pub(crate) fn diverted(&self, key: &ShardId) -> Vec<String> {
        self.runs[key].diverted.iter().cloned().collect()
    }
}

enum Due {
    Effect(usize, Action, Duration),
    /// A change that nobody expects any more.
    Late(Change),
    Tell(usize, Event),
    Ask(usize),
    Tick(usize, ShardId, RunId),
}

pub(crate) fn id(number: u64) -> ShardId {
    ShardId::from(format!("shardId-{number:012}"))
}

pub(crate) fn settings(name: &str, incarnation: u64) -> Settings {
    Settings::new(WorkerId::from(name), Incarnation(incarnation), EPOCH)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Fleet {
    /// With a stream of so many shards that have records all the time.
    pub(crate) fn new(shards: u64, seed: u64) -> Self {
        let width = u128::MAX / u128::from(shards);
        let shard = |i: u64| {
            let first = u128::from(i) * width + u128::from(i > 0);
            let last = if i + 1 == shards { u128::MAX } else { u128::from(i + 1) * width };
            let shard = Shard {
                id: id(i),
                parents: BTreeSet::new(),
                hash_range: HashRange { first, last },
                closed: false,
                first_sequence: None,
            };
            (id(i), Stock { shard, records: u64::MAX, processed: 0 })
        };
        Self {
            now: Duration::ZERO,
            table: BTreeMap::new(),
            shards: (0..shards).map(shard).collect(),
            hosts: Vec::new(),
            writes: 0,
            lost: None,
            units: None,
            tick: millis(100),
            late: Duration::ZERO,
            old: (Duration::ZERO, Vec::new()),
            bucket: Duration::ZERO,
            runs: Vec::new(),
            repeated: 0,
            switches: Vec::new(),
            queue: BTreeMap::new(),
            count: 0,
            rng: Rng::with_seed(seed),
        }
    }

    pub(crate) fn start(&mut self, settings: Settings) -> usize {
        self.hosts.push(Host {
            worker: Worker::new(settings, Duration::ZERO),
            alive: true,
            finished: false,
            frozen_until: Duration::ZERO,
            clock: self.now,
            asks_at: Duration::ZERO,
            cut_off: false,
            hangs: false,
            runs: BTreeMap::new(),
        });
        self.ask(self.hosts.len() - 1);
        self.hosts.len() - 1
    }

    pub(crate) fn shut_down(&mut self, host: usize) {
        self.tell(host, Event::Shutdown);
    }

    pub(crate) fn kill(&mut self, host: usize) {
        self.hosts[host].alive = false;
        self.hosts[host].runs.clear();
    }

    pub(crate) fn freeze(&mut self, host: usize, for_: Duration) {
        let until = &mut self.hosts[host].frozen_until;
        *until = (*until).max(self.now + for_);
    }

    /// Closes a shard, which becomes these.
    pub(crate) fn reshard(&mut self, parents: &[u64], children: &[u64]) {
        let mut ranges = Vec::new();
        for parent in parents {
            let parent = self.shards.get_mut(&id(*parent)).unwrap();
            parent.shard.closed = true;
            parent.records = parent.processed + 20;
            ranges.push(parent.shard.hash_range);
        }
        let first = ranges.iter().map(|range| range.first).min().unwrap();
        let last = ranges.iter().map(|range| range.last).max().unwrap();
        let middle = first + (last - first) / 2;
        for (i, child) in children.iter().enumerate() {
            let hash_range = match (children.len(), i) {
                (1, _) => HashRange { first, last },
                (_, 0) => HashRange { first, last: middle },
                _ => HashRange { first: middle + 1, last },
            };
            let shard = Shard {
                id: id(*child),
                parents: parents.iter().map(|parent| id(*parent)).collect(),
                hash_range,
                closed: false,
                first_sequence: None,
            };
            self.shards.insert(id(*child), Stock { shard, records: u64::MAX, processed: 0 });
        }
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Lets time pass until something is so. Says after how long, or panics.
    pub(crate) fn wait_for(&mut self, most: Duration, so: impl Fn(&Self) -> bool) -> Duration {
        let began = self.now;
        assert!(self.run_until(most, so), "not so within {most:?}: {}", self.describe());
        self.now - began
    }

    fn run_until(&mut self, most: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + most;
        loop {
            if so(self) {
                return true;
            }
            let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) else {
                self.now = end;
                return false;
            };
            self.now = entry.key().0;
            let due = entry.remove();
            self.step(due);
        }
    }

    fn step(&mut self, due: Due) {
        match due {
            Due::Effect(host, action, asked) => self.effect(host, action, asked),
            Due::Late(change) => {
                self.change(&change);
            }
            Due::Tell(host, event) => self.deliver(host, event),
            Due::Ask(host) => {
                // Only the latest deadline counts.
                let latest = self.hosts[host].asks_at == self.now;
                if latest && self.hosts[host].alive && !self.thaws_later(host, || Due::Ask(host)) {
                    self.ask(host);
                }
            }
            Due::Tick(host, key, run) => self.tick(host, key, run),
        }
    }

    fn thaws_later(&mut self, host: usize, due: impl FnOnce() -> Due) -> bool {
        let until = self.hosts[host].frozen_until;
        if until > self.now {
            let due = due();
            if matches!(due, Due::Ask(_)) {
                self.hosts[host].asks_at = until;
            }
            self.due(until - self.now, due);
        }
        until > self.now
    }

    fn deliver(&mut self, host: usize, event: Event) {
        if !self.hosts[host].alive {
            return;
        }
        if self.hosts[host].frozen_until > self.now {
            let later = self.hosts[host].frozen_until - self.now;
            return self.due(later, Due::Tell(host, event));
        }
        self.tell(host, event);
    }

    pub(crate) fn tell(&mut self, host: usize, event: Event) {
        let now = self.clock(host);
        self.hosts[host].worker.handle(now, event);
        self.ask(host);
    }

    fn clock(&self, host: usize) -> Duration {
        self.now - self.hosts[host].clock
    }

    fn ask(&mut self, host: usize) {
        if self.hosts[host].finished {
            return;
        }
        let now = self.clock(host);
        for round in 0.. {
            assert!(round < 10_000, "no end of actions");
            let Some(action) = self.hosts[host].worker.next(now) else { break };
            self.perform(host, action);
        }
        if let Some(deadline) = self.hosts[host].worker.deadline() {
            assert!(deadline > now, "a deadline that has come: {deadline:?} at {now:?}");
            let at = self.now + (deadline - now);
            if self.hosts[host].asks_at != at {
                self.hosts[host].asks_at = at;
                self.due(deadline - now, Due::Ask(host));
            }
        }
    }

    fn perform(&mut self, host: usize, action: Action) {
        let now = self.clock(host);
        match action {
            Action::Run { run, lease } => self.begin(host, run, &lease),
            Action::Drain { key, run } => {
                let drained = self.hosts[host].runs.get_mut(&key).filter(|known| known.id == run).unwrap();
                drained.draining = true;
            }
            Action::Abort { key, run } => {
                let known = self.hosts[host].runs.remove(&key).unwrap();
                assert_eq!(known.id, run);
                self.due(millis(1), Due::Tell(host, Event::Stopped { key, run }));
            }
            Action::Divert { key, run, lease } => {
                let known = self.hosts[host].runs.get_mut(&key).unwrap();
                assert_eq!(known.id, run);
                known.diverted = lease.diverted;
            }
            Action::Finish => {
                assert!(self.hosts[host].runs.is_empty(), "finished while it runs");
                self.hosts[host].finished = true;
            }
            call => {
                let later = millis(self.rng.u64(1..8));
                self.due(later, Due::Effect(host, call, now));
            }
        }
    }

    fn due(&mut self, later: Duration, due: Due) {
        self.count += 1;
        self.queue.insert((self.now + later, self.count), due);
    }

    fn effect(&mut self, host: usize, action: Action, asked: Duration) {
        let writes = matches!(action, Action::Change(_) | Action::Create(_) | Action::Delete { .. });
        let mut lost = self.lost.is_some_and(|one_in| self.rng.u32(0..one_in) == 0);
        let mut undone = lost && self.rng.bool();
        if self.hosts[host].cut_off {
            (lost, undone) = (true, true);
        }
        let mut throttled = false;
        if writes {
            self.writes += 1;
            if let Some(units) = self.units {
                // A bucket of one second.
                let level = self.bucket.max(self.now.saturating_sub(secs(1)));
                if level > self.now {
                    (throttled, lost, undone) = (true, true, true);
                } else {
                    self.bucket = level + secs(1) / units;
                }
            }
        }
        let unavailable =
            || if throttled { Unavailable::new("too much").throttled() } else { Unavailable::new("lost") };
        let looked = || if lost { Err(unavailable()) } else { Ok(()) };
        let answered = |answer: Answer| if lost { Err(unavailable()) } else { Ok(answer) };
        let event = match action {
            Action::Scan => Event::Scanned { asked, answer: looked().map(|()| self.scan()) },
            Action::Read(key) => {
                let answer = looked().map(|()| self.table.get(&key).cloned());
                Event::Read { key, asked, answer }
            }
            Action::Change(change) => {
                if undone && !throttled && !self.hosts[host].cut_off && self.rng.u8(0..4) == 0 {
                    let later = millis(self.rng.u64(1..20_000));
                    self.due(later, Due::Late(change.clone()));
                }
                let answer = if undone { Answer::Refused(None) } else { self.change(&change) };
                Event::Changed { change, asked, answer: answered(answer) }
            }
            Action::Create(lease) => {
                let answer = match self.table.get(&lease.key) {
                    Some(row) => Answer::Refused(Some(row.clone())),
                    None if undone => Answer::Refused(None),
                    None => {
                        self.table.insert(lease.key.clone(), lease.clone());
                        Answer::Done(lease.clone())
                    }
                };
                Event::Created { lease, asked, answer: answered(answer) }
            }
            Action::Delete { key, counter } => {
                let answer = match self.table.get(&key) {
                    Some(row) if row.counter == counter && !undone => {
                        assert_eq!(row.checkpoint, Checkpoint::ShardEnd, "deleted too early");
                        Answer::Done(self.table.remove(&key).unwrap())
                    }
                    row => Answer::Refused(row.cloned()),
                };
                Event::Deleted { key, answer: answered(answer) }
            }
            Action::List => {
                let shards = self.shards.values().map(|stock| stock.shard.clone()).collect();
                let answer = if lost { Listed::Unavailable(unavailable()) } else { Listed::Shards(shards) };
                Event::Listed { asked, answer }
            }
            _ => unreachable!("no call"),
        };
        let later = millis(self.rng.u64(1..8));
        self.due(later, Due::Tell(host, event));
    }

    fn scan(&mut self) -> Vec<Lease> {
        if self.now >= self.old.0 + self.late {
            self.old = (self.now, self.table.values().cloned().collect());
        }
        let mut rows = self.table.clone();
        for row in &self.old.1 {
            if !self.late.is_zero() && self.rng.bool() {
                rows.insert(row.key.clone(), row.clone());
            }
        }
        rows.into_values().collect()
    }

    fn change(&mut self, change: &Change) -> Answer {
        let Some(row) = self.table.get_mut(&change.key) else { return Answer::Refused(None) };
        if !change.permits(row) {
            return Answer::Refused(Some(row.clone()));
        }
        let old = row.clone();
        change.apply(row);
        assert!(row.checkpoint >= old.checkpoint, "a checkpoint falls: {old:?} {change:?}");
        assert!(row.counter == old.counter || row.counter == old.counter + 1);
        assert!(row.owner.is_some() || row.checkpoint_owner.is_none(), "a handover to nobody: {change:?}");
        if old.checkpoint != row.checkpoint && row.checkpoint == Checkpoint::ShardEnd {
            for child in row.children.clone() {
                assert!(self.table.contains_key(&child), "a parent's end before its child");
            }
        }
        let row = self.table[&change.key].clone();
        if row.owner != old.owner && row.owner.is_some() {
            self.switches.push((self.now, row.key.clone()));
        }
        Answer::Done(row)
    }

    fn begin(&mut self, host: usize, run: RunId, lease: &Lease) {
        for parent in &self.shards[&lease.key].shard.parents {
            let row = self.table.get(parent);
            assert!(
                row.is_none_or(|row| row.checkpoint == Checkpoint::ShardEnd),
                "runs before its parent's end"
            );
        }
        for (other, known) in self.hosts.iter().enumerate() {
            let thawed = known.frozen_until <= self.now;
            assert!(
                !(known.alive && thawed && known.runs.contains_key(&lease.key)),
                "{} runs here ({host}) and at {other}",
                lease.key
            );
        }
        let done = match lease.checkpoint {
            Checkpoint::At(position) => position.sub_sequence,
            Checkpoint::ShardEnd => panic!("runs an ended shard"),
            _ => 0,
        };
        let stock = &self.shards[&lease.key];
        assert!(done <= stock.processed, "lost records of {}", lease.key);
        self.repeated += stock.processed - done;
        self.runs.push((self.now, host, lease.key.clone()));
        let began =
            Run { id: run, done, draining: false, diverted: lease.diverted.clone(), news: BTreeSet::new() };
        assert!(self.hosts[host].runs.insert(lease.key.clone(), began).is_none());
        self.due(self.tick, Due::Tick(host, lease.key.clone(), run));
    }

    /// A run finishes a record.
    fn tick(&mut self, host: usize, key: ShardId, run: RunId) {
        if self.hosts[host].runs.get(&key).is_none_or(|known| known.id != run) {
            return;
        }
        if self.thaws_later(host, || Due::Tick(host, key.clone(), run)) {
            return;
        }
        if self.hosts[host].hangs {
            return;
        }
        let known = self.hosts[host].runs.get_mut(&key).unwrap();
        let stock = self.shards.get_mut(&key).unwrap();
        if known.done < stock.records {
            known.done += 1;
            stock.processed = stock.processed.max(known.done);
        }
        let checkpoint = Checkpoint::At(Position { sub_sequence: known.done, ..Position::default() });
        let diverted = std::mem::take(&mut known.news);
        let (draining, ended) = (known.draining, known.done == stock.records);
        let now = self.clock(host);
        self.hosts[host].worker.handle(
            now,
            Event::Progress { key: key.clone(), run, checkpoint, diverted, bytes: 100, waiting: !draining },
        );
        if ended {
            self.hosts[host].runs.remove(&key);
            let children = self.shards.values().map(|stock| &stock.shard);
            let children = children.filter(|shard| shard.parents.contains(&key)).cloned().collect();
            self.tell(host, Event::Ended { key, run, children, diverted: BTreeSet::new() });
        } else if draining {
            self.hosts[host].runs.remove(&key);
            self.tell(host, Event::Stopped { key, run });
        } else {
            self.ask(host);
            let later = self.tick * self.rng.u32(80..120) / 100;
            self.due(later, Due::Tick(host, key, run));
        }
    }

    /// A run stops by itself.
    pub(crate) fn give_up(&mut self, host: usize, key: &ShardId) {
        let run = self.hosts[host].runs.remove(key).unwrap().id;
        self.tell(host, Event::Stopped { key: key.clone(), run });
    }

    /// A handler gives a key up.
    pub(crate) fn divert(&mut self, host: usize, key: &ShardId, diverted: &str) {
        let known = self.hosts[host].runs.get_mut(key).unwrap();
        known.diverted.insert(diverted.to_owned());
        known.news.insert(diverted.to_owned());
    }

    /// How many shards each host runs.
    pub(crate) fn loads(&self) -> Vec<usize> {
        self.hosts.iter().filter(|host| host.alive && !host.finished).map(|host| host.runs.len()).collect()
    }

    pub(crate) fn running(&self) -> usize {
        self.loads().iter().sum()
    }

    /// Whether each shard that can be run is, and all hosts have their shares.
    pub(crate) fn is_even(&self) -> bool {
        let loads = self.loads();
        let (least, most) = (loads.iter().min(), loads.iter().max());
        self.running() == self.open() && least.zip(most).is_some_and(|(least, most)| most - least <= 1)
    }

    pub(crate) fn open(&self) -> usize {
        self.shards.values().filter(|stock| !stock.shard.closed).count()
    }

    pub(crate) fn describe(&self) -> String {
        let rows: Vec<_> = self
            .table
            .values()
            .map(|row| {
                format!(
                    "{} {:?} {} {:?} {:?}",
                    row.key, row.owner, row.counter, row.checkpoint, row.checkpoint_owner
                )
            })
            .collect();
        format!("at {:?}: loads {:?}\n{}", self.now, self.loads(), rows.join("\n"))
    }
}
