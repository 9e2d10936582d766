//! [`Host`]: a process with a worker, its clock, and its runs.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use tidegate_kinesis_consumer::{
    Checkpoint, Position, ShardId,
    lease::{Incarnation, Lease, Timestamp, WorkerId},
    worker::{Event, RunId, Settings, Worker},
};

use super::{EPOCH, credit::Credit};

/// A process with a worker.
pub(crate) struct Host {
    pub(crate) worker: Worker,
    pub(crate) name: WorkerId,
    pub(crate) weight: u32,
    pub(crate) alive: bool,
    pub(crate) finished: bool,
    pub(crate) leaving: bool,
    pub(crate) frozen_until: Duration,
    /// Its calls do not arrive until then.
    pub(crate) cut_off_until: Duration,
    /// Its handlers finish nothing that they begin before then.
    pub(crate) hangs_until: Duration,
    pub(crate) runs: BTreeMap<RunId, Run>,
    /// When the last write of each lease that it knows to be made was asked for, on its clock.
    pub(crate) written: BTreeMap<ShardId, Duration>,
    /// When the worker wants to be asked, by the world's clock.
    pub(crate) asks_at: Duration,
    /// For the writes of each lease, those that were throttled left out.
    pub(crate) credit: BTreeMap<ShardId, Credit>,
    pub(crate) throttled: Credit,
    pub(crate) looks: Credit,
    born: Duration,
    /// How fast its clock runs, in parts of a million.
    rate: u64,
}

/// A run of a shard: it reads, and finishes records of different keys in any order.
pub(crate) struct Run {
    pub(crate) key: ShardId,
    pub(crate) shard: usize,
    from: Checkpoint,
    /// The first record that is not finished.
    base: usize,
    /// Up to where all that it read is finished.
    mark: Option<usize>,
    /// Which from there on are.
    done: VecDeque<bool>,
    told: Option<usize>,
    /// Until when each key is at work.
    pub(crate) busy: BTreeMap<u16, Duration>,
    pub(crate) diverted: BTreeSet<String>,
    news: BTreeSet<String>,
    bytes: u64,
    pub(crate) draining: bool,
    /// It was told to stop at once, and says so soon.
    pub(crate) aborted: bool,
}

const MILLION: u64 = 1_000_000;

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap()
}

impl Host {
    /// A process whose clock runs so many millionths too fast.
    pub(crate) fn new(
        name: &str,
        incarnation: u64,
        now: Duration,
        drift: i64,
        configure: impl FnOnce(&mut Settings),
    ) -> Self {
        let epoch = Timestamp(EPOCH.0 + u64::try_from(now.as_millis()).unwrap());
        let mut settings = Settings::new(WorkerId::from(name), Incarnation(incarnation), epoch);
        configure(&mut settings);
        Self {
            name: settings.worker.clone(),
            weight: settings.weight,
            worker: Worker::new(settings, Duration::ZERO),
            alive: true,
            finished: false,
            leaving: false,
            frozen_until: Duration::ZERO,
            cut_off_until: Duration::ZERO,
            hangs_until: Duration::ZERO,
            runs: BTreeMap::new(),
            written: BTreeMap::new(),
            asks_at: Duration::MAX,
            credit: BTreeMap::new(),
            throttled: Credit::default(),
            looks: Credit::default(),
            born: now,
            rate: MILLION.checked_add_signed(drift).unwrap(),
        }
    }

    /// The time on its clock.
    pub(crate) fn clock(&self, now: Duration) -> Duration {
        Duration::from_nanos(nanos(now - self.born) * self.rate / MILLION)
    }

    /// When its clock has this time.
    pub(crate) fn when(&self, clock: Duration) -> Duration {
        self.born + Duration::from_nanos((nanos(clock) * MILLION).div_ceil(self.rate))
    }

    pub(crate) fn is_up(&self) -> bool {
        self.alive && !self.finished
    }

    /// Tells the worker what of each run is finished.
    pub(crate) fn tell_progress(&mut self, clock: Duration) {
        for (id, run) in &mut self.runs {
            if let Some(event) = run.progress(*id) {
                self.worker.handle(clock, event);
            }
        }
    }
}

impl Run {
    pub(crate) fn new(shard: usize, lease: &Lease) -> Self {
        let from = super::ledger::passed(lease.checkpoint).unwrap_or_default();
        Self {
            key: lease.key.clone(),
            shard,
            from: lease.checkpoint,
            base: from,
            done: VecDeque::new(),
            mark: None,
            told: None,
            busy: BTreeMap::new(),
            diverted: lease.diverted.clone(),
            news: BTreeSet::new(),
            bytes: 0,
            draining: false,
            aborted: false,
        }
    }

    /// The next record that it reads.
    pub(crate) fn next(&self) -> usize {
        self.base + self.done.len()
    }

    /// Passes over what is no longer there.
    pub(crate) fn skip_to(&mut self, record: usize) {
        if self.next() < record && self.done.is_empty() {
            self.base = record;
        }
    }

    pub(crate) fn reads(&mut self, bytes: u64) {
        self.done.push_back(false);
        self.bytes += bytes;
    }

    pub(crate) fn finish(&mut self, record: usize) {
        self.done[record - self.base] = true;
        while self.done.front() == Some(&true) {
            self.done.pop_front();
            self.base += 1;
            self.mark = Some(self.base);
        }
    }

    pub(crate) fn divert(&mut self, key: String) {
        self.diverted.insert(key.clone());
        self.news.insert(key);
    }

    /// Takes over what is diverted now.
    pub(crate) fn learn(&mut self, diverted: BTreeSet<String>) {
        self.diverted = diverted;
        self.diverted.extend(self.news.iter().cloned());
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.done.is_empty()
    }

    fn progress(&mut self, run: RunId) -> Option<Event> {
        if self.aborted || self.told == self.mark && self.news.is_empty() {
            return None;
        }
        self.told = self.mark;
        Some(Event::Progress {
            key: self.key.clone(),
            run,
            checkpoint: self.reached(),
            diverted: std::mem::take(&mut self.news),
            bytes: std::mem::take(&mut self.bytes),
            waiting: !self.done.is_empty(),
        })
    }

    fn reached(&self) -> Checkpoint {
        let at = |mark| Position { sub_sequence: u64::try_from(mark).unwrap(), ..Position::default() };
        self.mark.map_or(self.from, |mark| Checkpoint::At(at(mark)))
    }
}
