//! [`Table`]: the leases as this process has seen them, and since when.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    Checkpoint, ShardId,
    lease::{Lease, WorkerId},
};

/// How late a scan may be with some of its rows. Only what scans say that are so far apart is so for the whole table.
///
/// Source: Amazon DynamoDB Developer Guide, "Read consistency": usually less than a second.
const LATE: Duration = Duration::from_secs(3);

/// The leases as this process has seen them, and since when.
///
/// An owner is judged by its counter on this process's own clock: no two clocks are compared.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<ShardId, Seen>,
    /// When the first scan and the last were asked for.
    scanned: Option<(Duration, Duration)>,
}

/// A lease, as it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) lease: Lease,
    /// When it was first seen at all.
    pub(super) first: Duration,
    /// When an answer first had it with this counter and holder.
    pub(super) since: Duration,
    /// When the latest answer that has it so was asked for.
    pub(super) looked: Duration,
    /// Since when scans lack it.
    lacking: Option<Duration>,
}

impl Table {
    pub(super) fn get(&self, key: &ShardId) -> Option<&Seen> {
        self.rows.get(key)
    }

    pub(super) fn lease(&self, key: &ShardId) -> Option<&Lease> {
        self.rows.get(key).map(|seen| &seen.lease)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Seen> {
        self.rows.values()
    }

    /// Leases of shards that have not ended.
    pub(super) fn live(&self) -> impl Iterator<Item = &Seen> {
        self.rows().filter(|seen| seen.lease.checkpoint != Checkpoint::ShardEnd)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes over a scan, which may be late. What `held` says stays, even if the scan lacks it.
    pub(super) fn scanned(
        &mut self,
        leases: Vec<Lease>,
        asked: Duration,
        now: Duration,
        held: impl Fn(&ShardId) -> bool,
        failover: Duration,
    ) {
        let found: BTreeSet<ShardId> = leases.iter().map(|lease| lease.key.clone()).collect();
        for lease in leases {
            let older = self.rows.get(&lease.key).is_some_and(|seen| {
                // A counter never falls, unless the lease was deleted and made anew.
                lease.counter < seen.lease.counter && asked < seen.looked + failover
            });
            if !older {
                self.tell(lease, asked, now);
            }
        }
        self.rows.retain(|key, seen| {
            if found.contains(key) || held(key) {
                seen.lacking = None;
                return true;
            }
            let looked = seen.looked;
            asked < *seen.lacking.get_or_insert_with(|| asked.max(looked)) + LATE
        });
        let (first, last) = self.scanned.unwrap_or((asked, asked));
        self.scanned = Some((first, last.max(asked)));
    }

    /// Whether what no scan has shown is not there.
    pub(super) fn is_complete(&self) -> bool {
        self.scanned.is_some_and(|(first, last)| first + LATE <= last)
    }

    /// Takes over a lease as a consistent answer has it.
    pub(super) fn tell(&mut self, lease: Lease, asked: Duration, now: Duration) {
        match self.rows.get_mut(&lease.key) {
            None => {
                let seen = Seen { first: now, since: now, looked: asked, lacking: None, lease };
                self.rows.insert(seen.lease.key.clone(), seen);
            }
            // An answer that was overtaken by another.
            Some(seen) if asked < seen.looked && lease.counter <= seen.lease.counter => {}
            Some(seen) => {
                if seen.lease.counter != lease.counter || holder(&seen.lease) != holder(&lease) {
                    seen.since = now;
                }
                seen.looked = asked.max(seen.looked);
                seen.lacking = None;
                seen.lease = lease;
            }
        }
    }

    pub(super) fn remove(&mut self, key: &ShardId) {
        self.rows.remove(key);
    }
}

impl Seen {
    /// Whether nobody has it: it has no owner, or its owner has given no sign of life for longer than the
    /// failover, and that was looked at after it.
    pub(super) fn is_free(&self, failover: Duration) -> bool {
        holder(&self.lease).is_none() || self.is_expired(failover)
    }

    /// Whether rows that were there when it was first seen have been seen, too, or are gone.
    pub(super) fn is_confirmed(&self) -> bool {
        self.first + LATE <= self.looked
    }

    pub(super) fn is_expired(&self, failover: Duration) -> bool {
        self.lease.owner.is_some() && self.looked > self.since + failover
    }

    /// When to look whether its owner has died, if that is still to be looked at.
    pub(super) fn suspect_at(&self, failover: Duration) -> Option<Duration> {
        const AFTER: Duration = Duration::from_millis(1);
        let owned = self.lease.owner.is_some() && !self.is_expired(failover);
        owned.then(|| self.since + failover + AFTER)
    }
}

/// Who processes a shard, if its holder lives: while it is handed over, that is the old owner.
pub(super) fn holder(lease: &Lease) -> Option<&WorkerId> {
    lease.owner.as_ref()?;
    lease.checkpoint_owner.as_ref().or(lease.owner.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILOVER: Duration = Duration::from_secs(10);

    fn key() -> ShardId {
        ShardId::from("shardId-000000000000")
    }

    fn lease(owner: Option<&str>, counter: u64) -> Lease {
        let mut lease = Lease::unowned(key(), Checkpoint::TrimHorizon);
        lease.owner = owner.map(WorkerId::from);
        lease.counter = counter;
        lease
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn scan(table: &mut Table, leases: &[Lease], asked: u64, now: u64) {
        table.scanned(leases.to_vec(), secs(asked), secs(now), |_| false, FAILOVER);
    }

    #[test]
    fn an_owner_lives_from_the_answer_on_until_it_was_looked_at_after_the_failover() {
        let mut table = Table::default();
        scan(&mut table, &[lease(Some("a"), 5)], 0, 3);
        scan(&mut table, &[lease(Some("a"), 5)], 13, 14);
        assert!(!table.get(&key()).unwrap().is_free(FAILOVER), "first seen at 3");
        scan(&mut table, &[lease(Some("a"), 5)], 14, 14);
        assert!(table.get(&key()).unwrap().is_free(FAILOVER));
        scan(&mut table, &[lease(Some("a"), 6)], 15, 15);
        assert!(!table.get(&key()).unwrap().is_free(FAILOVER), "it lives");
        scan(&mut table, &[lease(None, 7)], 16, 16);
        assert!(table.get(&key()).unwrap().is_free(FAILOVER), "nobody has it");
    }

    #[test]
    fn a_late_scan_takes_nothing_back() {
        let mut table = Table::default();
        table.tell(lease(Some("b"), 8), secs(20), secs(20));
        scan(&mut table, &[lease(Some("a"), 7)], 21, 21);
        assert_eq!(table.lease(&key()).unwrap().counter, 8);
        scan(&mut table, &[], 20, 21);
        assert!(table.lease(&key()).is_some(), "it was seen just before");
        scan(&mut table, &[], 22, 22);
        assert!(table.lease(&key()).is_some(), "this scan may be late");
        scan(&mut table, &[], 23, 23);
        assert!(table.lease(&key()).is_none());
    }

    #[test]
    fn a_first_scan_may_lack_what_is_there() {
        let mut table = Table::default();
        scan(&mut table, &[], 0, 0);
        assert!(!table.is_complete());
        scan(&mut table, &[lease(Some("a"), 5)], 1, 1);
        assert!(!table.is_complete() && !table.get(&key()).unwrap().is_confirmed());
        scan(&mut table, &[lease(Some("a"), 5)], 4, 4);
        assert!(table.is_complete() && table.get(&key()).unwrap().is_confirmed());
    }

    #[test]
    fn a_lease_that_was_made_anew_is_believed_in_time() {
        let mut table = Table::default();
        table.tell(lease(Some("b"), 8), secs(0), secs(0));
        scan(&mut table, &[lease(Some("a"), 0)], 5, 5);
        assert_eq!(table.lease(&key()).unwrap().counter, 8);
        scan(&mut table, &[lease(Some("a"), 0)], 10, 10);
        assert_eq!(table.lease(&key()).unwrap().counter, 0);
    }
}
