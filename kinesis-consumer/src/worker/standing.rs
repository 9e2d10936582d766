//! How a [`Worker`] stands.

use std::time::Duration;

use super::{LeaseStatus, State, Status, Worker, lineage, tenure::Phase};

impl Worker {
    /// How it stands.
    #[must_use]
    pub fn status(&self, now: Duration) -> Status {
        let failover = self.settings.failover;
        let held = self.tenures.values().map(|tenure| {
            let lease = &tenure.lease;
            let late = now.saturating_sub(tenure.checkpoint_at(&self.settings));
            LeaseStatus {
                key: lease.key.clone(),
                state: match &tenure.phase {
                    Phase::Idle => self.idle(&lease.key),
                    Phase::Running(_) => State::Running,
                    Phase::Draining { .. } => State::Draining,
                    Phase::Aborting(_) => State::Aborting,
                    Phase::Ending { .. } => State::Ending,
                },
                run: tenure.run(),
                checkpoint: lease.checkpoint,
                reached: tenure.reached(),
                renewed: tenure.renewed,
                late: if tenure.has_news() { late } else { Duration::ZERO },
                stalled_since: tenure.stalled_since(),
                throughput: lease.throughput,
            }
        });
        let incoming = self.table.live().filter_map(|seen| {
            let lease = &seen.lease;
            let old = lease.checkpoint_owner.clone().filter(|old| *old != self.me.worker)?;
            let coming = self.is_me(lease.owner.as_ref()) && !self.tenures.contains_key(&lease.key);
            coming.then(|| LeaseStatus {
                key: lease.key.clone(),
                state: State::Incoming(old),
                run: None,
                checkpoint: lease.checkpoint,
                reached: lease.checkpoint,
                renewed: seen.looked,
                late: Duration::ZERO,
                stalled_since: None,
                throughput: lease.throughput,
            })
        });
        let is_free = |seen: &&super::table::Seen| {
            seen.is_free(failover) && !self.tenures.contains_key(&seen.lease.key)
        };
        Status {
            leases: held.chain(incoming).collect(),
            live: self.table.live().count(),
            free: self.table.live().filter(is_free).count(),
            workers: self.workers.len(),
            scanned: self.scanned,
            hole: self.audit.hole(),
            no_stream: self.no_stream,
            shutdown: self.shutdown,
        }
    }

    fn idle(&self, key: &crate::ShardId) -> State {
        let parents =
            self.table.get(key).map(|seen| lineage::waits_for(seen, &self.table, self.listing.as_ref()));
        match parents {
            Some(parents) if !parents.is_empty() => State::Blocked(parents.into_iter().cloned().collect()),
            _ => State::Idle,
        }
    }
}
