//! [`Store`]: the lease table, with compare-and-set, late scans, and what it does to a row.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use fastrand::Rng;
use tidegate_kinesis_consumer::{
    ShardId,
    lease::{Answer, Change, Lease},
};

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Host(usize),
    /// A worker of the KCL in Java.
    Peer(usize),
    Operator,
}

/// A write that was made.
pub(crate) struct Written<'a> {
    pub(crate) by: Actor,
    pub(crate) key: &'a ShardId,
    pub(crate) old: Option<&'a Lease>,
    pub(crate) new: Option<&'a Lease>,
    /// The change that it was, if it was one of ours.
    pub(crate) change: Option<&'a Change>,
}

/// The lease table.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<ShardId, Row>,
    /// Scans show some rows as they were up to so long before.
    pub(crate) late: Duration,
}

/// A row, as it is and as it was.
#[derive(Default)]
pub(crate) struct Row {
    now: Option<Rc<Lease>>,
    /// Until when it was otherwise.
    was: VecDeque<(Duration, Option<Rc<Lease>>)>,
}

impl Store {
    pub(crate) fn get(&self, key: &ShardId) -> Option<&Lease> {
        self.rows.get(key)?.now.as_deref()
    }

    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.rows.values().filter_map(|row| row.now.as_deref())
    }

    pub(crate) fn scan(&self, now: Duration, rng: &mut Rng) -> Vec<Lease> {
        let mut leases = Vec::with_capacity(self.rows.len());
        for row in self.rows.values() {
            let late = if self.late.is_zero() || rng.bool() {
                Duration::ZERO
            } else {
                self.late * rng.u32(0..=8) / 8
            };
            leases.extend(row.at(now, late).map(|lease| Lease::clone(lease)));
        }
        leases
    }

    /// Makes a change, and shows what it did.
    pub(crate) fn change(
        &mut self,
        now: Duration,
        by: Actor,
        change: &Change,
        check: impl FnOnce(Written<'_>, &Self),
    ) -> Answer {
        let Some(old) = self.rows.get(&change.key).and_then(|row| row.now.clone()) else {
            return Answer::Refused(None);
        };
        if !change.permits(&old) {
            return Answer::Refused(Some(Lease::clone(&old)));
        }
        let mut new = Lease::clone(&old);
        change.apply(&mut new);
        let answer = new.clone();
        self.set(now, &change.key, Some(new));
        check(
            Written { by, key: &change.key, old: Some(&old), new: Some(&answer), change: Some(change) },
            self,
        );
        Answer::Done(answer)
    }

    pub(crate) fn create(
        &mut self,
        now: Duration,
        by: Actor,
        lease: &Lease,
        check: impl FnOnce(Written<'_>, &Self),
    ) -> Answer {
        if let Some(row) = self.get(&lease.key) {
            return Answer::Refused(Some(row.clone()));
        }
        self.set(now, &lease.key, Some(lease.clone()));
        check(Written { by, key: &lease.key, old: None, new: Some(lease), change: None }, self);
        Answer::Done(lease.clone())
    }

    pub(crate) fn delete(
        &mut self,
        now: Duration,
        by: Actor,
        key: &ShardId,
        counter: Option<u64>,
        check: impl FnOnce(Written<'_>, &Self),
    ) -> Answer {
        let Some(old) = self.rows.get(key).and_then(|row| row.now.clone()) else {
            return Answer::Refused(None);
        };
        if counter.is_some_and(|counter| old.counter != counter) {
            return Answer::Refused(Some(Lease::clone(&old)));
        }
        self.set(now, key, None);
        check(Written { by, key, old: Some(&old), new: None, change: None }, self);
        Answer::Done(Lease::clone(&old))
    }

    fn set(&mut self, now: Duration, key: &ShardId, lease: Option<Lease>) {
        let row = self.rows.entry(key.clone()).or_default();
        let old = std::mem::replace(&mut row.now, lease.map(Rc::new));
        row.was.push_back((now, old));
        while row.was.len() > 1 && row.was[0].0 + Duration::from_secs(10) < now {
            row.was.pop_front();
        }
    }
}

impl Row {
    fn at(&self, now: Duration, late: Duration) -> Option<&Rc<Lease>> {
        let then = now.saturating_sub(late);
        let was = self.was.iter().find(|(until, _)| *until > then);
        was.map_or(self.now.as_ref(), |(_, lease)| lease.as_ref())
    }
}
