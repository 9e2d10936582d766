//! How a modelled 2.x worker of the KCL gets its leases: it takes what has expired, and steals one at a time.
//!
//! Source: `DynamoDBLeaseTaker.java`.

use std::collections::BTreeMap;

use tidegate_kinesis_consumer::{
    Checkpoint, ShardId,
    lease::{Answer, Change, Edit, Expect, Lease, Switches, WorkerId},
};

use super::{
    java::FAILOVER,
    secs,
    stream::number,
    world::{Due, World},
};

impl World {
    /// Reads all leases, and chooses some. What it has chosen it takes a little later.
    pub(crate) fn choose(&mut self, peer: usize) {
        let now = self.now;
        self.store.late = self.faults.scanned_late;
        let leases = self.store.scan(now, &mut self.rng);
        if leases.is_empty() {
            return self.make_first(peer);
        }
        let me = self.peers[peer].name.clone();
        let expired = self.peers[peer].watch(leases.iter(), now);
        let chosen = self.chosen(&me, &leases, &expired);
        let later = self.soon(5, 60);
        self.due(later, Due::Takes(peer, chosen));
    }

    fn chosen(
        &mut self,
        me: &WorkerId,
        leases: &[Lease],
        expired: &BTreeMap<ShardId, std::time::Duration>,
    ) -> Vec<(ShardId, u64)> {
        let mut counts = BTreeMap::from([(me, 0_usize)]);
        // Ended ones count, too.
        for lease in leases.iter().filter(|lease| !expired.contains_key(&lease.key)) {
            if let Some(owner) = &lease.owner {
                *counts.entry(owner).or_default() += 1;
            }
        }
        let target = if counts.len() >= leases.len() { 1 } else { leases.len().div_ceil(counts.len()) };
        let need = target.saturating_sub(counts[me]);
        let of = |lease: &Lease| (lease.key.clone(), lease.counter);
        let old = |lease: &&Lease| expired.get(&lease.key).is_some_and(|silent| *silent > 3 * FAILOVER);
        let mut chosen: Vec<_> = leases.iter().filter(old).map(of).collect();
        let mut free: Vec<_> =
            leases.iter().filter(|lease| expired.contains_key(&lease.key) && !old(lease)).map(of).collect();
        self.rng.shuffle(&mut free);
        let none = free.is_empty();
        free.truncate(need.saturating_sub(chosen.len()));
        chosen.append(&mut free);
        if chosen.is_empty() && none && need > 0 {
            let most = counts.iter().filter(|(owner, _)| **owner != me).max_by_key(|(_, count)| **count);
            if let Some((owner, _)) =
                most.filter(|(_, count)| **count > target || **count == target && need > 1)
            {
                let theirs: Vec<_> =
                    leases.iter().filter(|lease| lease.owner.as_ref() == Some(*owner)).collect();
                chosen.extend(self.rng.choice(theirs).map(of));
            }
        }
        chosen
    }

    /// Takes leases, if their counters are still these.
    pub(crate) fn take_all(&mut self, peer: usize, leases: Vec<(ShardId, u64)>) {
        let me = self.peers[peer].name.clone();
        if !self.peers[peer].alive {
            return;
        }
        for (key, counter) in leases {
            let mut change = Change::new(key.clone(), Expect::Counter(counter));
            change.count = true;
            change.owner = Edit::Set(me.clone());
            change.checkpoint_owner = Edit::Remove;
            if self.store.get(&key).is_some_and(|row| row.owner.as_ref() != Some(&me)) {
                change.switches = Switches::Count;
            }
            if let Some(Answer::Done(row)) = self.write_as(peer, &change) {
                // Who had it finds out at its next write.
                self.contest(number(&key), secs(12));
                self.ledger.tear(number(&key));
                self.holds(peer, &row);
            }
        }
    }

    /// The first worker of an application makes the leases of all shards.
    pub(crate) fn make_first(&mut self, peer: usize) {
        for shard in self.stream.list(self.now) {
            if shard.closed {
                continue;
            }
            let mut lease = Lease::unowned(shard.id.clone(), Checkpoint::TrimHorizon);
            lease.parents.clone_from(&shard.parents);
            lease.hash_range = Some(shard.hash_range);
            self.create_as(peer, &lease);
        }
    }
}
