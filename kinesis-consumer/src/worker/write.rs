//! Which writes a [`Worker`] makes now: the most urgent first, at most one for each lease.

use std::time::Duration;

use super::{
    Action, Worker,
    agenda::Agenda,
    changes, lineage,
    plan::Move,
    rank::{rank, scatter},
    tenure::{Phase, Tenure, ToDo},
};
use crate::{
    Checkpoint, ShardId,
    lease::{Change, Expect, Fleet, Lease},
};

/// A write in flight.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) work: Work,
    /// Whether its lease's parents had ended when it was asked for.
    pub(super) confirmed: bool,
}

/// What a write is for.
#[derive(Debug)]
pub(super) enum Work {
    /// A lease that we have, perhaps for the last time.
    Renew { last: bool },
    /// A lease that nobody has, or that is taken from a KCL in Java.
    Take,
    /// A lease that its owner is asked for.
    Ask,
    /// A lease that was lacking.
    Make,
    /// What a child needs before its parent's end is written.
    Child { parent: ShardId, to_do: ToDo },
    /// Anything whose outcome the table shows.
    Other,
}

/// A write that could be made now.
enum Wish {
    Renew,
    Move(Move),
    Make,
    Child { parent: ShardId, to_do: ToDo },
    Delete(u64),
}

impl Worker {
    /// Makes the writes that are due.
    pub(super) fn write(&mut self, agenda: &mut Agenda) {
        let mut wishes = self.wishes(agenda);
        if wishes.is_empty() {
            return;
        }
        wishes.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (late, key, wish) in wishes {
            if self.flights.contains_key(&key) {
                continue;
            }
            let left = late.saturating_sub(agenda.now());
            if !self.gate.open(agenda, self.flights.len(), left) {
                return;
            }
            self.grant(&key, wish, agenda.now());
        }
    }

    /// What could be written now, with the time at which it would be too late.
    fn wishes(&mut self, agenda: &mut Agenda) -> Vec<(Duration, ShardId, Wish)> {
        let failover = self.settings.failover;
        let now = agenda.now();
        let mut wishes = Vec::new();
        for (key, tenure) in &self.tenures {
            let urgent = tenure.expires_at(failover).saturating_sub(failover / 2);
            for (child, to_do) in tenure.to_do() {
                wishes.push((urgent, child.id.clone(), Wish::Child { parent: key.clone(), to_do }));
            }
            if self.flights.contains_key(key) {
                continue;
            }
            let unblocked = matches!(tenure.phase, Phase::Idle) && self.is_unblocked(key);
            let Some(at) = tenure.write_at(&self.settings, self.shutdown.is_some(), unblocked) else {
                continue;
            };
            if agenda.due(at) {
                let waited_for = matches!(tenure.phase, Phase::Idle | Phase::Ending { .. });
                let late = if waited_for { urgent } else { tenure.expires_at(failover) };
                wishes.push((late, key.clone(), Wish::Renew));
            }
        }
        // Each in its own order, so that two who want the same do not go for it one after the other. What has waited
        // for long comes before what can wait, and only what is about to be lost comes first always.
        let soon = |key: &ShardId| {
            let since = self.wanted.get(key).copied().unwrap_or(now);
            let spread = Duration::from_micros(rank(&self.me.worker, key) % 1_000_000);
            (since + failover / 2).max(now + failover / 10) + spread
        };
        let moves = self.moves.iter().map(|(key, wanted)| (soon(key), key.clone(), Wish::Move(*wanted)));
        let made = self.to_make.keys().map(|key| (soon(key), key.clone(), Wish::Make));
        let deleted = self.to_delete.iter().map(|(key, at)| (now + failover, key.clone(), Wish::Delete(*at)));
        wishes.extend(moves.chain(made).chain(deleted));
        wishes
    }

    fn grant(&mut self, key: &ShardId, wish: Wish, now: Duration) {
        let (action, work, confirmed) = match wish {
            Wish::Renew => {
                let confirmed = self.is_unblocked(key);
                let range =
                    self.listing.as_ref().and_then(|listing| listing.get(key)).map(|shard| shard.hash_range);
                let Some(tenure) = self.tenures.get_mut(key) else { return };
                let mut write = tenure.write(&self.me, self.shutdown.is_some(), now);
                if tenure.lease.hash_range.is_none() {
                    write.change.hash_range = range;
                }
                let action = write.made_anew.map_or(Action::Change(write.change), Action::Create);
                (action, Work::Renew { last: write.last }, confirmed)
            }
            Wish::Move(r#move) => {
                self.moves.remove(key);
                let Some(change) = self.change_for(key, r#move, now) else { return };
                let work = match r#move {
                    Move::Take => Work::Take,
                    Move::Ask => Work::Ask,
                    Move::Cancel | Move::Release | Move::Clear => Work::Other,
                };
                (Action::Change(change), work, self.is_unblocked(key))
            }
            Wish::Make => {
                let Some(lease) = self.to_make.remove(key) else { return };
                if self.table.lease(key).is_some() {
                    return;
                }
                let confirmed = lease.parents.iter().all(|parent| self.table.lease(parent).is_none());
                (Action::Create(self.made(lease, 1, now)), Work::Make, confirmed)
            }
            Wish::Child { parent, to_do } => {
                let Some(action) = self.for_child(key, &parent, to_do, now) else { return };
                (action, Work::Child { parent, to_do }, false)
            }
            Wish::Delete(counter) => {
                self.to_delete.remove(key);
                (Action::Delete { key: key.clone(), counter }, Work::Other, false)
            }
        };
        self.flights.insert(key.clone(), Flight { work, confirmed });
        self.gate.started(now);
        self.outbox.push_back(action);
    }

    /// The change that a move is, if it still is what is wanted.
    fn change_for(&self, key: &ShardId, r#move: Move, now: Duration) -> Option<Change> {
        let me = &self.me.worker;
        let seen = self.table.get(key).filter(|_| !self.tenures.contains_key(key))?;
        let lease = &seen.lease;
        if lease.checkpoint == Checkpoint::ShardEnd {
            return None;
        }
        match r#move {
            Move::Take => Some(changes::take(lease, &self.me, self.time_of_day(now))),
            Move::Ask => {
                let owner = lease.owner.as_ref().filter(|owner| *owner != me)?;
                Some(changes::ask(key, owner, me))
            }
            Move::Cancel => {
                let old = lease.checkpoint_owner.as_ref()?;
                self.is_me(lease.owner.as_ref()).then(|| changes::cancel(key, me, old))
            }
            Move::Release => self.is_me(lease.owner.as_ref()).then(|| changes::release(lease, &self.me)),
            Move::Clear => {
                // The same owners may stand for another of our name, who has taken it since.
                let mut change = Change::new(key.clone(), Expect::Counter(lease.counter));
                change.checkpoint_owner = crate::lease::Edit::Remove;
                Some(change)
            }
        }
    }

    fn for_child(&mut self, key: &ShardId, parent: &ShardId, to_do: ToDo, now: Duration) -> Option<Action> {
        let tenure = self.tenures.get(parent)?;
        let (shard, _) = tenure.to_do().find(|(shard, _)| shard.id == *key)?;
        let diverted = tenure.diverted();
        Some(match to_do {
            ToDo::Make => {
                let mut lease = lineage::child(shard, &tenure.lease, tenure.reached());
                lease.diverted = diverted;
                let children = tenure.to_do().count();
                Action::Create(self.made(lease, children, now))
            }
            ToDo::Leave => Action::Change(changes::inherit(key, diverted)),
        })
    }

    /// A lease as we make it: ours, if our share allows it.
    fn made(&self, mut lease: Lease, beside: usize, now: Duration) -> Lease {
        // Where one was deleted, no write of it that is still under way may meet its counter again.
        lease.counter = self.time_of_day(now).0;
        if self.may_own(beside) {
            lease.owner = Some(self.me.worker.clone());
            lease.mark = Some(self.me.clone());
        }
        lease
    }

    /// Whether one lease more is within our share, where so many are about to be made.
    fn may_own(&self, made: usize) -> bool {
        if self.fleet == Fleet::Kcl3 || self.shutdown.is_some() {
            return false;
        }
        let ends = |tenure: &&Tenure| matches!(tenure.phase, Phase::Ending { .. });
        let ending = self.tenures.values().filter(ends).count();
        let making =
            self.flights.values().filter(|flight| matches!(flight.work, Work::Make | Work::Child { .. }));
        let making = making.count();
        let held = self.tenures.len() - ending + making;
        let live = self.table.live().count() + self.to_make.len() + making + made - ending;
        held < self.share_of(live).min(self.settings.max_leases)
    }

    /// How much earlier the first write of a lease comes, so that those of many are spread.
    pub(super) fn spread(&self, key: &ShardId) -> Duration {
        const PARTS: u32 = 64;
        let interval = self.settings.checkpoint.min(self.settings.failover / 3);
        // Below 64 by construction.
        let part = u32::try_from(scatter(key) % u64::from(PARTS)).unwrap_or_default();
        interval * part / PARTS
    }

    /// Whether nothing before it is left to be processed.
    pub(super) fn is_unblocked(&self, key: &ShardId) -> bool {
        let waits = |seen| lineage::waits_for(seen, &self.table, self.listing.as_ref());
        self.table.get(key).is_some_and(|seen| waits(seen).is_empty())
    }
}
