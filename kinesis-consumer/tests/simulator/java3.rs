//! How a modelled 3.x fleet of the KCL gets its leases: a leader assigns them to workers that report metrics.
//!
//! Source: `LeaseAssignmentManager.java`, `DynamoDBLeaseCoordinator.java`.

use std::{collections::BTreeMap, time::Duration};

use tidegate_kinesis_consumer::{
    Checkpoint,
    lease::{self, Answer, Change, Edit, Expect, Lease, Switches, WorkerId},
};

use super::{java::Version, secs, store::Actor, stream::number, world::World};

/// A worker that has not reported for so long gets nothing.
const FORGOTTEN: Duration = secs(60);
/// Longer than this no handover takes: the leader ends it.
const HANDOFF: Duration = secs(40);

impl World {
    /// Begins with leases that were assigned to it, and that nobody has to finish first.
    pub(crate) fn discover(&mut self, peer: usize) {
        let me = self.peers[peer].name.clone();
        let held = &self.peers[peer].held;
        let mine = |row: &&Lease| {
            row.owner.as_ref() == Some(&me) && row.checkpoint_owner.is_none() && !held.contains_key(&row.key)
        };
        let found: Vec<_> = self.store.leases().filter(mine).cloned().collect();
        for row in found {
            self.ledger.occupy(number(&row.key), Actor::Peer(peer));
            self.holds(peer, &row);
        }
    }

    /// A round of the leader.
    pub(crate) fn lead(&mut self, peer: usize) {
        let now = self.now;
        let leases: Vec<_> = self.store.leases().cloned().collect();
        if leases.is_empty() {
            return self.make_first(peer);
        }
        let expired = self.peers[peer].watch(leases.iter(), now);
        self.peers[peer].rounds += 1;
        let mut loads: BTreeMap<WorkerId, usize> =
            self.reporting().into_iter().map(|worker| (worker, 0)).collect();
        let live = |lease: &&Lease| lease.checkpoint != Checkpoint::ShardEnd;
        for owner in leases.iter().filter(live).filter_map(|lease| lease.owner.as_ref()) {
            if let Some(load) = loads.get_mut(owner) {
                *load += 1;
            }
        }
        for lease in leases.iter().filter(live) {
            let late = self.is_late(peer, lease);
            if expired.contains_key(&lease.key) && lease.checkpoint_owner.is_none() || late {
                let Some(to) = least(&loads) else { return };
                let to = if late { lease.owner.clone().unwrap_or(to) } else { to };
                *loads.entry(to.clone()).or_default() += 1;
                self.assign(peer, lease, &to);
            }
        }
        if self.peers[peer].rounds.is_multiple_of(3) {
            self.balance(peer, &leases, &loads);
        }
    }

    /// Those that report: workers in Java, and ours.
    fn reporting(&self) -> Vec<WorkerId> {
        let java =
            self.peers.iter().filter(|peer| peer.alive && peer.version == Version::V3).map(|peer| &peer.name);
        let recent = |at: &Duration| self.now - *at < FORGOTTEN;
        let ours = self.reports.iter().filter(|(_, at)| recent(at)).map(|(name, _)| name);
        java.chain(ours).cloned().collect()
    }

    fn is_late(&mut self, peer: usize, lease: &Lease) -> bool {
        let now = self.now;
        let handovers = &mut self.peers[peer].handovers;
        if lease.checkpoint_owner.is_none() {
            handovers.remove(&lease.key);
            return false;
        }
        now - *handovers.entry(lease.key.clone()).or_insert(now) > HANDOFF
    }

    fn assign(&mut self, peer: usize, lease: &Lease, to: &WorkerId) {
        let expect =
            Expect::Owners { owner: lease.owner.clone(), checkpoint_owner: lease.checkpoint_owner.clone() };
        let mut change = Change::new(lease.key.clone(), expect);
        change.count = true;
        change.owner = Edit::Set(to.clone());
        change.checkpoint_owner = Edit::Remove;
        if lease.owner.as_ref().is_some_and(|owner| owner != to) {
            change.switches = Switches::Count;
        }
        let shard = number(&lease.key);
        let java = self.peers.iter().any(|peer| Some(&peer.name) == lease.owner.as_ref());
        if java || lease.checkpoint_owner.is_some() {
            // Who had it finds out at its next write.
            self.contest(shard, secs(12));
        }
        self.ledger.tear(shard);
        if let Some(Answer::Done(_)) = self.write_as(peer, &change) {
            self.ledger.vacate(shard);
        }
    }

    /// Moves leases from those who have more than their share, by asking their owners.
    fn balance(&mut self, peer: usize, leases: &[Lease], loads: &BTreeMap<WorkerId, usize>) {
        let mut loads = loads.clone();
        let (total, workers) = (loads.values().sum::<usize>(), loads.len().max(1));
        for lease in leases {
            let Some(owner) = lease.owner.clone().filter(|_| lease.checkpoint_owner.is_none()) else {
                continue;
            };
            let over = loads.get(&owner).is_some_and(|load| *load > total.div_ceil(workers));
            let Some(to) = least(&loads).filter(|_| over && lease.checkpoint != Checkpoint::ShardEnd) else {
                continue;
            };
            *loads.entry(owner.clone()).or_default() -= 1;
            *loads.entry(to.clone()).or_default() += 1;
            let expect = Expect::Owners { owner: Some(owner.clone()), checkpoint_owner: None };
            let mut change = Change::new(lease.key.clone(), expect);
            change.owner = Edit::Set(to);
            change.checkpoint_owner = Edit::Set(owner);
            self.write_as(peer, &change);
        }
    }

    /// Which fleet a process of ours sees, and, of 3.x, its report to the leader.
    pub(crate) fn look(&mut self, host: usize) -> lease::Fleet {
        let version = |version| self.peers.iter().any(|peer| peer.alive && peer.version == version);
        if version(Version::V3) {
            let name = self.hosts[host].name.clone();
            self.reports.insert(name, self.now);
            lease::Fleet::Kcl3
        } else if version(Version::V2) {
            lease::Fleet::Kcl2
        } else {
            lease::Fleet::Alone
        }
    }
}

fn least(loads: &BTreeMap<WorkerId, usize>) -> Option<WorkerId> {
    loads.iter().min_by_key(|(_, load)| **load).map(|(worker, _)| worker.clone())
}
