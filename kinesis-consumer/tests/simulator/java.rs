//! [`Peer`]: a modelled worker of the KCL in Java: how it holds, renews and processes its leases.
//!
//! Which leases it gets is decided elsewhere: by itself in 2.x (`java2.rs`), by a leader in 3.x (`java3.rs`).

use std::{collections::BTreeMap, time::Duration};

use tidegate_kinesis_consumer::{
    Checkpoint, Position, ShardId,
    lease::{Answer, Change, Edit, Expect, Lease, Switches, WorkerId},
};

use super::{
    faults::Fate,
    ledger::{Outcome, passed},
    millis, secs,
    store::{Actor, Store, Written},
    stream::number,
    world::{Due, World},
};

pub(crate) const FAILOVER: Duration = secs(10);
/// A third of the failover, less 25 ms. Source: `DynamoDBLeaseCoordinator.java` of the KCL, as all that follows.
const RENEW: Duration = millis(3308);
/// Between two takes of a 2.x worker, and two rounds of a 3.x leader.
const CHOOSE: Duration = millis(20_050);
const DISCOVER: Duration = millis(9975);
const WORK: Duration = secs(1);
const PARENTS: Duration = secs(10);
const CLEAN_UP: Duration = secs(60);
/// After so long a worker of 3.x hands over what it has not finished.
const HANDOFF: Duration = secs(30);

/// Which KCL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V2,
    V3,
}

/// What a worker does from time to time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tick {
    Renew,
    Work,
    CleanUp,
    /// 2.x: reads all leases, and chooses some.
    Choose,
    /// 3.x: looks for leases that were assigned to it.
    Discover,
    /// 3.x, the leader: assigns leases.
    Lead,
}

/// A modelled worker of the KCL in Java.
pub(crate) struct Peer {
    pub(crate) name: WorkerId,
    pub(crate) version: Version,
    pub(crate) alive: bool,
    pub(crate) frozen_until: Duration,
    pub(crate) held: BTreeMap<ShardId, Held>,
    /// The counters of all leases, and since when they are so.
    seen: BTreeMap<ShardId, (u64, Duration)>,
    /// Rounds that it has led.
    pub(crate) rounds: u32,
    /// Since when it has seen leases being handed over.
    pub(crate) handovers: BTreeMap<ShardId, Duration>,
}

/// A lease that it has.
#[derive(Debug)]
pub(crate) struct Held {
    counter: u64,
    renewed: Duration,
    state: State,
    /// So many records are processed, and so many of them are checkpointed.
    done: usize,
    durable: Checkpoint,
    worked: u32,
    /// To whom it is to be handed over, and since when.
    wanted: Option<(WorkerId, Duration)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for its parents, and looks again at this time.
    Blocked(Duration),
    Running,
    Ended,
}

impl Held {
    pub(crate) fn new(counter: u64, now: Duration) -> Self {
        let state = State::Blocked(now);
        Self {
            counter,
            renewed: now,
            state,
            done: 0,
            durable: Checkpoint::TrimHorizon,
            worked: 0,
            wanted: None,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == State::Running
    }
}

impl Peer {
    /// Takes note of all counters. Says which leases nobody has renewed for longer than the failover, and for how
    /// long.
    pub(crate) fn watch<'a>(
        &mut self,
        leases: impl Iterator<Item = &'a Lease>,
        now: Duration,
    ) -> BTreeMap<ShardId, Duration> {
        let mut expired = BTreeMap::new();
        for lease in leases {
            let seen = self.seen.entry(lease.key.clone()).or_insert((lease.counter, now));
            if seen.0 != lease.counter {
                *seen = (lease.counter, now);
            }
            let silent = now - seen.1;
            if lease.owner.is_none() || silent > FAILOVER {
                expired.insert(lease.key.clone(), silent);
            }
        }
        expired
    }
}

impl World {
    pub(crate) fn start_peer(&mut self, name: &str, version: Version) -> usize {
        let number = self.peers.len();
        let leads = self.peers.iter().all(|peer| !peer.alive);
        self.log.note(self.now, || format!("java {number} starts as {name}"));
        self.peers.push(Peer {
            name: WorkerId::from(name),
            version,
            alive: true,
            frozen_until: Duration::ZERO,
            held: BTreeMap::new(),
            seen: BTreeMap::new(),
            rounds: 0,
            handovers: BTreeMap::new(),
        });
        let (choose, lead) = match version {
            Version::V2 => (Tick::Choose, None),
            Version::V3 => (Tick::Discover, leads.then_some(Tick::Lead)),
        };
        for tick in [Tick::Renew, Tick::Work, Tick::CleanUp, choose].into_iter().chain(lead) {
            let later = self.soon(1, 3000);
            self.due(later, Due::Peer(number, tick));
        }
        number
    }

    /// It dies, or is terminated, which is the same to others: it releases nothing.
    pub(crate) fn kill_peer(&mut self, peer: usize) {
        self.log.note(self.now, || format!("java {peer} is killed"));
        self.peers[peer].alive = false;
        for key in std::mem::take(&mut self.peers[peer].held).into_keys() {
            self.ledger.tear(number(&key));
        }
    }

    pub(crate) fn freeze_peer(&mut self, peer: usize, time: Duration) {
        self.log.note(self.now, || format!("java {peer} is frozen for {time:?}"));
        self.peers[peer].frozen_until = self.now + time;
        for key in self.peers[peer].held.keys() {
            self.ledger.tear(number(key));
        }
    }

    pub(crate) fn tick(&mut self, peer: usize, tick: Tick) {
        if !self.peers[peer].alive {
            return;
        }
        let frozen = self.peers[peer].frozen_until.saturating_sub(self.now);
        if !frozen.is_zero() {
            return self.due(frozen, Due::Peer(peer, tick));
        }
        let again = match tick {
            Tick::Renew => RENEW,
            Tick::Work => WORK,
            Tick::CleanUp => CLEAN_UP,
            Tick::Choose | Tick::Lead => CHOOSE,
            Tick::Discover => DISCOVER,
        };
        self.due(again, Due::Peer(peer, tick));
        let held: Vec<_> = self.peers[peer].held.keys().cloned().collect();
        match tick {
            Tick::Renew => held.iter().for_each(|key| self.renew(peer, key)),
            Tick::Work => held.iter().for_each(|key| self.work_at(peer, key)),
            Tick::CleanUp => held.iter().for_each(|key| self.clean_up(peer, key)),
            Tick::Choose => self.choose(peer),
            Tick::Discover => self.discover(peer),
            Tick::Lead => self.lead(peer),
        }
    }

    fn held(&mut self, peer: usize, key: &ShardId) -> Option<&mut Held> {
        self.peers[peer].held.get_mut(key)
    }

    /// Writes, if the table answers.
    pub(crate) fn write_as(&mut self, peer: usize, change: &Change) -> Option<Answer> {
        self.writes += 1;
        let fate = self.faults.fate(self.now, true, &mut self.rng);
        let done = matches!(fate, Fate::Answered | Fate::Slow | Fate::Unanswered);
        let answer = done.then(|| self.change(Actor::Peer(peer), change));
        self.log.note(self.now, || format!("java {peer} does {change:?}: {fate:?} {answer:?}"));
        answer.filter(|_| fate != Fate::Unanswered)
    }

    /// Another has it, or it could not be renewed: it stops at once.
    fn drop_held(&mut self, peer: usize, key: &ShardId) {
        self.log.note(self.now, || format!("java {peer} has lost {key}"));
        self.peers[peer].held.remove(key);
        self.ledger.tear(number(key));
    }

    fn renew(&mut self, peer: usize, key: &ShardId) {
        let now = self.now;
        let v3 = self.peers[peer].version == Version::V3;
        let Some(held) = self.held(peer, key) else { return };
        if now - held.renewed > FAILOVER {
            return self.drop_held(peer, key);
        }
        let expect = if v3 && held.wanted.is_none() {
            Expect::CounterAndNoHandover(held.counter)
        } else {
            Expect::Counter(held.counter)
        };
        let mut change = Change::new(key.clone(), expect);
        change.count = true;
        match self.write_as(peer, &change) {
            Some(Answer::Done(row)) => {
                if let Some(held) = self.held(peer, key) {
                    (held.counter, held.renewed) = (row.counter, now);
                }
            }
            Some(Answer::Refused(row)) => self.refused(peer, key, row.as_ref()),
            None => {}
        }
    }

    /// A renewal was refused: was it made nevertheless, or is the lease to be handed over, or lost?
    fn refused(&mut self, peer: usize, key: &ShardId, row: Option<&Lease>) {
        let now = self.now;
        let me = self.peers[peer].name.clone();
        let Some((row, held)) = row.zip(self.held(peer, key)) else { return self.drop_held(peer, key) };
        let made = row.owner.as_ref() == Some(&me) && row.counter == held.counter + 1;
        let asked_for = row.checkpoint_owner.as_ref() == Some(&me) && row.counter == held.counter;
        if made {
            (held.counter, held.renewed) = (row.counter, now);
        } else if asked_for {
            held.wanted = row.owner.clone().map(|owner| (owner, now));
        } else {
            self.drop_held(peer, key);
        }
    }

    /// Processes what is there, in order, and checkpoints every third time.
    fn work_at(&mut self, peer: usize, key: &ShardId) {
        let now = self.now;
        let shard = number(key);
        let Some(held) = self.held(peer, key) else { return };
        if now - held.renewed > FAILOVER {
            return self.drop_held(peer, key);
        }
        match held.state {
            State::Blocked(at) if at > now => return,
            State::Blocked(_) => return self.unblock(peer, key),
            State::Ended => return,
            State::Running => {}
        }
        let trimmed = self.stream.stocks[shard].trimmed;
        let mine = self.ledger.tenant_of(shard) == Some(Actor::Peer(peer));
        let Some(held) = self.peers[peer].held.get_mut(key) else { return };
        let records = self.stream.stocks[shard].records.len();
        let drains = held.wanted.is_some();
        held.done = held.done.max(trimmed);
        let from = held.done;
        if !drains {
            held.done = (from + 5).min(records).max(from);
        }
        for record in from..held.done {
            self.ledger.finished(now, &self.stream, shard, record, Outcome::Foreign, !mine);
        }
        held.worked += 1;
        let ends = self.stream.stocks[shard].shard.closed && held.done >= records;
        if held.worked.is_multiple_of(3) || drains {
            self.checkpoint(peer, key);
        }
        if drains {
            self.hand_over(peer, key);
        } else if ends {
            self.end_as(peer, key);
        }
    }

    /// Begins, if the parents have ended. One without a lease does not block.
    fn unblock(&mut self, peer: usize, key: &ShardId) {
        let (now, shard) = (self.now, number(key));
        let Some(row) = self.store.get(key).cloned() else { return };
        let ended = |parent: &ShardId| {
            self.store.get(parent).is_none_or(|row| row.checkpoint == Checkpoint::ShardEnd)
        };
        let free = row.parents.iter().all(ended);
        let trimmed = self.stream.stocks[shard].trimmed;
        let start = match row.checkpoint {
            Checkpoint::Latest | Checkpoint::AtTimestamp => {
                let start = row.started_at.map_or(now, |at| millis(at.0 - super::EPOCH.0));
                let records = &self.stream.stocks[shard].records;
                records.iter().take_while(|record| record.at < start).count()
            }
            checkpoint => passed(checkpoint).unwrap_or_default(),
        };
        if free && row.checkpoint != Checkpoint::ShardEnd {
            self.check_alone(Actor::Peer(peer), shard);
        }
        let Some(held) = self.held(peer, key) else { return };
        if row.checkpoint == Checkpoint::ShardEnd {
            held.state = State::Ended;
        } else if free {
            held.state = State::Running;
            held.done = start.max(trimmed);
            held.durable = row.checkpoint;
            let from = held.done;
            self.ledger.begins(&self.store, &self.stream, shard, from);
            self.log.note(now, || format!("java {peer} begins {key} at {from}"));
        } else {
            held.state = State::Blocked(now + PARENTS);
        }
    }

    fn checkpoint(&mut self, peer: usize, key: &ShardId) {
        let Some(held) = self.held(peer, key) else { return };
        let sub_sequence = u64::try_from(held.done).unwrap();
        let reached = Checkpoint::At(Position { sub_sequence, ..Position::default() });
        if held.done > 0 && reached > held.durable {
            self.set_checkpoint(peer, key, reached);
        }
    }

    fn set_checkpoint(&mut self, peer: usize, key: &ShardId, checkpoint: Checkpoint) -> bool {
        let now = self.now;
        let Some(held) = self.held(peer, key) else { return false };
        let mut change = Change::new(key.clone(), Expect::Counter(held.counter));
        change.count = true;
        change.checkpoint = Some(checkpoint);
        change.switches = Switches::Reset;
        let Some(Answer::Done(row)) = self.write_as(peer, &change) else { return false };
        if let Some(held) = self.held(peer, key) {
            (held.counter, held.renewed, held.durable) = (row.counter, now, row.checkpoint);
        }
        true
    }

    /// The shard has ended: children, what they are, and then the end.
    fn end_as(&mut self, peer: usize, key: &ShardId) {
        let shard = number(key);
        let children: Vec<_> = self.stream.children(shard);
        for child in &children {
            let parents = child.parents.iter().filter(|parent| self.store.get(parent).is_some()).count();
            if self.store.get(&child.id).is_some() {
                continue;
            }
            if parents == 1 && child.parents.len() == 2 {
                // The other parent's lease is lacking: later.
                return;
            }
            let mut lease = Lease::unowned(child.id.clone(), Checkpoint::TrimHorizon);
            lease.parents.clone_from(&child.parents);
            lease.hash_range = Some(child.hash_range);
            self.create_as(peer, &lease);
        }
        let mut change = Change::new(key.clone(), Expect::Exists);
        change.children = Some(children.into_iter().map(|child| child.id).collect());
        if self.write_as(peer, &change).is_some()
            && self.set_checkpoint(peer, key, Checkpoint::ShardEnd)
            && let Some(held) = self.held(peer, key)
        {
            held.state = State::Ended;
        }
    }

    pub(crate) fn create_as(&mut self, peer: usize, lease: &Lease) {
        self.log.note(self.now, || format!("java {peer} makes {lease:?}"));
        let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
        let check = |written: Written<'_>, store: &Store| ledger.wrote(now, &written, store, stream);
        self.store.create(now, Actor::Peer(peer), lease, check);
    }

    /// Ends a handover: the lease goes to who wants it.
    fn hand_over(&mut self, peer: usize, key: &ShardId) {
        let me = self.peers[peer].name.clone();
        let now = self.now;
        let Some(held) = self.held(peer, key) else { return };
        let Some((to, since)) = held.wanted.clone() else { return };
        let whole = passed(held.durable).unwrap_or_default() >= held.done;
        if !whole && now < since + HANDOFF {
            return;
        }
        let expect = Expect::Owners { owner: Some(to.clone()), checkpoint_owner: Some(me) };
        let mut change = Change::new(key.clone(), expect);
        change.count = true;
        change.owner = Edit::Set(to);
        change.checkpoint_owner = Edit::Remove;
        change.switches = Switches::Count;
        if self.write_as(peer, &change).is_some() {
            self.ledger.vacate(number(key));
            self.peers[peer].held.remove(key);
            if !whole {
                self.ledger.tear(number(key));
            }
        }
    }

    /// Deletes the lease of a shard that has ended, once its children have begun.
    fn clean_up(&mut self, peer: usize, key: &ShardId) {
        let Some(row) = self.store.get(key) else { return };
        let begun =
            |child: &ShardId| self.store.get(child).is_some_and(|child| !child.checkpoint.is_beginning());
        let parents = row.parents.iter().any(|parent| self.store.get(parent).is_some());
        if row.checkpoint != Checkpoint::ShardEnd || parents || !row.children.iter().all(begun) {
            return;
        }
        self.log.note(self.now, || format!("java {peer} deletes {key}"));
        let (ledger, stream, now) = (&mut self.ledger, &self.stream, self.now);
        let check = |written: Written<'_>, store: &Store| ledger.wrote(now, &written, store, stream);
        self.store.delete(now, Actor::Peer(peer), key, None, check);
        self.peers[peer].held.remove(key);
    }

    pub(crate) fn holds(&mut self, peer: usize, row: &Lease) {
        let now = self.now;
        self.peers[peer].held.insert(row.key.clone(), Held::new(row.counter, now));
    }
}
