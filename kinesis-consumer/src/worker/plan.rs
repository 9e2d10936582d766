//! What a [`Worker`] wants of the leases that it does not have.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Worker,
    agenda::Agenda,
    assignment::{self, Slot, Weights},
    lineage,
    rank::rank,
    table::{Seen, holder},
    write::Work,
};
use crate::{ShardId, lease::Fleet};

/// What is wanted of a lease that we do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// To have it, whoever had it.
    Take,
    /// To get it from its owner, when that one has finished.
    Ask,
    /// Not to get it after all.
    Cancel,
    /// To give it back.
    Release,
    /// To remove what a handover has left that a KCL in Java cut off.
    Clear,
}

impl Worker {
    /// Decides anew, if there is news.
    pub(super) fn plan(&mut self, agenda: &mut Agenda) {
        if !self.news || self.scanned.is_none() {
            return;
        }
        self.news = false;
        let now = agenda.now();
        self.declined.retain(|_, until| *until > now);
        self.moves.clear();
        self.settle();
        self.share_out(now);
        self.sweep();
        self.fill(now);
        let (moves, to_make, flights) = (&self.moves, &self.to_make, &self.flights);
        let is_wanted = |key: &ShardId| moves.contains_key(key) || to_make.contains_key(key);
        self.wanted.retain(|key, _| is_wanted(key) || flights.contains_key(key));
        for key in moves.keys().chain(to_make.keys()) {
            self.wanted.entry(key.clone()).or_insert(now);
        }
    }

    /// What is to be done about leases that have our name on them.
    fn settle(&mut self) {
        let failover = self.settings.failover;
        for seen in self.table.live() {
            let lease = &seen.lease;
            if !self.is_open(&lease.key) {
                continue;
            }
            let coming = self.is_me(lease.owner.as_ref());
            let wanted = match &lease.checkpoint_owner {
                _ if coming && self.is_twins(seen) => continue,
                Some(old) if coming && *old != self.me.worker => match self.shutdown {
                    Some(_) => Move::Cancel,
                    None if seen.is_expired(failover) => Move::Take,
                    None => continue,
                },
                _ if coming && self.shutdown.is_some() => Move::Release,
                _ if coming => Move::Take,
                // We have lost it, and cannot finish the handover.
                Some(old) if *old == self.me.worker && lease.mark.as_ref() == Some(&self.me) => Move::Clear,
                _ => continue,
            };
            self.moves.insert(lease.key.clone(), wanted);
        }
    }

    /// Takes what is our share.
    fn share_out(&mut self, now: Duration) {
        let failover = self.settings.failover;
        let me = &self.me.worker;
        // Who let a lease expire is dead, and who released one is about to go: they get nothing, and what they
        // still have is left to them.
        let gives_up = |seen: &Seen| match seen.is_expired(failover) {
            _ if self.has(&seen.lease.key) => None,
            true => holder(&seen.lease).cloned(),
            false if seen.lease.owner.is_none() => Some(seen.lease.mark.as_ref()?.worker.clone()),
            false => None,
        };
        let mut leaving: BTreeSet<_> = self.table.live().filter_map(gives_up).collect();
        leaving.remove(me);

        let mut slots = Vec::new();
        let mut weights = Weights::from([(me, self.settings.weight)]);
        for seen in self.table.live() {
            let lease = &seen.lease;
            let holder = match &lease.owner {
                // Everybody else counts by names, too.
                _ if self.has(&lease.key) || self.is_twins(seen) => Some(me),
                _ if seen.is_free(failover) => None,
                Some(owner) if leaving.contains(owner) => continue,
                owner => owner.as_ref(),
            };
            if let Some(owner) = holder.filter(|owner| *owner != me) {
                let mark = lease.mark.as_ref().filter(|mark| mark.worker == *owner);
                let weight = weights.entry(owner).or_insert(1);
                if let Some(mark) = mark {
                    *weight = mark.weight;
                }
            }
            slots.push(Slot { key: &lease.key, holder });
        }
        let workers = weights.iter().map(|(worker, weight)| ((*worker).clone(), *weight)).collect();

        let mut moves = Vec::new();
        if self.fleet != Fleet::Kcl3 && self.shutdown.is_none() {
            let mine = slots.iter().filter(|slot| slot.holder == Some(me)).count();
            let room = self.settings.max_leases.saturating_sub(mine);
            let assigned = assignment::assign(&slots, &weights);
            let ours = assigned.iter().filter(|(_, worker)| **worker == me).map(|(key, _)| *key);
            let left = self.left_over(now).filter(|key| assigned.get(key) != Some(&me));
            moves = ours.chain(left).filter_map(|key| self.step_to(key)).take(room).collect();
        }
        for (key, wanted) in moves {
            self.moves.entry(key).or_insert(wanted);
        }
        self.workers = workers;
    }

    /// How to get a lease.
    fn step_to(&self, key: &ShardId) -> Option<(ShardId, Move)> {
        let seen = self.table.get(key).filter(|_| self.is_open(key))?;
        let lease = &seen.lease;
        let wanted = match lease.checkpoint_owner {
            _ if seen.is_free(self.settings.failover) => Move::Take,
            // It is handed over already.
            Some(_) => return None,
            None if lease.is_ours() => Move::Ask,
            None => Move::Take,
        };
        Some((key.clone(), wanted))
    }

    /// Leases that those whose share they are do not take.
    fn left_over(&self, now: Duration) -> impl Iterator<Item = &ShardId> {
        let failover = self.settings.failover;
        let patience = self.settings.failover / 5 + 2 * self.pace.period(self.table.len());
        let left = move |seen: &&Seen| {
            let since = if seen.is_expired(failover) { seen.since + failover } else { seen.since };
            seen.is_free(failover) && since + patience <= now
        };
        self.table.live().filter(left).map(|seen| &seen.lease.key).filter(|_| self.settings.weight > 0)
    }

    /// Deletes leases that are needed no more: each is one worker's to delete.
    fn sweep(&mut self) {
        self.to_delete.clear();
        if self.shutdown.is_some() {
            return;
        }
        for seen in self.table.rows() {
            let key = &seen.lease.key;
            let first = || self.workers.keys().max_by_key(|worker| rank(worker, key));
            if lineage::is_garbage(seen, &self.table, self.listing.as_ref())
                && self.is_open(key)
                && first() == Some(&self.me.worker)
            {
                self.to_delete.insert(key.clone(), seen.lease.counter);
            }
        }
    }

    /// Makes leases that are lacking.
    fn fill(&mut self, now: Duration) {
        if self.shutdown.is_some() {
            self.to_make.clear();
            return;
        }
        let Some(listing) = &self.listing else { return };
        if self.audit.take_due() {
            // What we have ourselves we make anew as it was; what is lacking beside it is known only then.
            let deleted = self.tenures.keys().any(|key| self.table.lease(key).is_none());
            // Rows are late one by one: an old one may be deleted already, and a new one not be there yet.
            let is_new = self.table.len() == 0 && !listing.has_changed();
            if deleted || !(is_new || self.table.is_complete()) {
                return self.audit.again();
            }
            let missing =
                lineage::missing(&self.table, listing, self.settings.initial, self.time_of_day(now));
            let missing = missing.into_iter().filter(|lease| self.is_open(&lease.key));
            self.to_make = missing.map(|lease| (lease.key.clone(), lease)).collect();
        }
    }

    /// Whether it is ours, or about to be.
    fn has(&self, key: &ShardId) -> bool {
        let taking =
            |key| self.flights.get(key).is_some_and(|flight| matches!(flight.work, Work::Take | Work::Ask));
        let declined = |key| self.tenures.get(key).is_some_and(|tenure| tenure.declined);
        (self.tenures.contains_key(key) || taking(key)) && !declined(key)
    }

    /// Whether something may be done about it.
    fn is_open(&self, key: &ShardId) -> bool {
        !self.tenures.contains_key(key)
            && !self.flights.contains_key(key)
            && !self.aborted.contains_key(key)
            && !self.declined.contains_key(key)
    }

    /// Whether another process of our name has it, and may be alive.
    fn is_twins(&self, seen: &Seen) -> bool {
        let twin = |mark: &crate::lease::Mark| {
            mark.worker == self.me.worker && mark.incarnation != self.me.incarnation
        };
        self.is_me(holder(&seen.lease))
            && seen.lease.mark.as_ref().is_some_and(twin)
            && !seen.is_expired(self.settings.failover)
    }

    /// Our share of so many leases, rounded up.
    pub(super) fn share_of(&self, leases: usize) -> usize {
        let total: u64 = self.workers.values().map(|weight| u64::from(*weight)).sum();
        let (weight, total) = match total {
            0 => (1, self.workers.len() as u64),
            _ => (u64::from(self.settings.weight), total),
        };
        // No more than there are, as no weight is more than all.
        usize::try_from((leases as u64 * weight).div_ceil(total)).unwrap_or(leases)
    }
}
