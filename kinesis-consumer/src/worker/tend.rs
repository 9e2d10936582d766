//! What a [`Worker`] does about the leases that it has, and when it looks at those of others.

use std::time::Duration;

use super::{Action, RunId, Worker, agenda::Agenda, lineage, tenure::Phase};
use crate::ShardId;

impl Worker {
    /// Gives up what could not be renewed in time, before anybody may take it.
    pub(super) fn expire(&mut self, agenda: &mut Agenda) {
        let failover = self.settings.failover;
        let expired: Vec<ShardId> = self
            .tenures
            .iter()
            .filter(|(_, tenure)| !tenure.is_to_hand_in() && agenda.due(tenure.expires_at(failover)))
            .map(|(key, _)| key.clone())
            .collect();
        for key in expired {
            self.lose(&key);
        }
    }

    /// Looks at the table.
    pub(super) fn watch(&mut self, agenda: &mut Agenda) {
        if self.shutdown.is_none() && self.pace.scan(agenda, self.table.len()) {
            self.outbox.push_back(Action::Scan);
        }
        if self.news || self.watch_at.is_some_and(|at| agenda.due(at)) {
            self.watch_at = self.look(agenda.now());
            self.watch_at.map(|at| agenda.due(at));
        }
    }

    /// Looks at the stream.
    pub(super) fn list(&mut self, agenda: &mut Agenda) {
        if self.shutdown.is_none() && self.audit.list(agenda) {
            self.outbox.push_back(Action::List);
        }
    }

    /// Reads the leases of others that may be free now. Says when to look again.
    fn look(&mut self, now: Duration) -> Option<Duration> {
        let failover = self.settings.failover;
        let mut agenda = Agenda::at(now);
        for key in &self.doubts {
            if self.pace.read(&mut agenda, key, now, self.shutdown.is_some()) {
                self.outbox.push_back(Action::Read(key.clone()));
            }
        }
        if self.shutdown.is_none() {
            for seen in self.table.live() {
                let key = &seen.lease.key;
                if self.tenures.contains_key(key) || self.flights.contains_key(key) {
                    continue;
                }
                let incoming = self.is_me(seen.lease.owner.as_ref()) && seen.lease.checkpoint_owner.is_some();
                let poll = incoming.then(|| seen.looked + failover / 40);
                let at = poll.into_iter().chain(seen.suspect_at(failover)).min();
                if at.is_some_and(|at| self.pace.read(&mut agenda, key, at, false)) {
                    self.outbox.push_back(Action::Read(key.clone()));
                }
            }
        }
        agenda.next()
    }

    /// Starts, drains and stops the runs of the leases that it has.
    pub(super) fn tend(&mut self, agenda: &mut Agenda) {
        let now = agenda.now();
        let shutdown = self.shutdown.is_some();
        for (key, tenure) in &mut self.tenures {
            if let Some(lease) = tenure.diversions()
                && let Some(run) = tenure.run()
            {
                self.outbox.push_back(Action::Divert { key: key.clone(), run, lease });
            }
            match tenure.phase {
                Phase::Idle if tenure.is_to_go(shutdown) || self.aborted.contains_key(key) => {}
                Phase::Idle => {
                    let Some(seen) = self.table.get(key) else { continue };
                    let parents = lineage::waits_for(seen, &self.table, self.listing.as_ref());
                    if parents.iter().any(|parent| self.table.lease(parent).is_none()) {
                        self.audit.want(now);
                    }
                    if parents.is_empty() && tenure.confirmed && !tenure.deleted {
                        // A KCL that ends a parent leaves its children without them.
                        let parents = seen.lease.parents.iter().filter_map(|parent| self.table.lease(parent));
                        tenure.inherit(parents.flat_map(|parent| &parent.diverted));
                        self.runs += 1;
                        let run = RunId(self.runs);
                        let lease = tenure.start(run);
                        self.outbox.push_back(Action::Run { run, lease });
                    }
                }
                Phase::Running(run) if tenure.is_to_go(shutdown) => {
                    tenure.phase = Phase::Draining { run, until: now + self.settings.drain };
                    self.outbox.push_back(Action::Drain { key: key.clone(), run });
                    agenda.due(now + self.settings.drain);
                }
                Phase::Draining { run, until } => {
                    // What is finished is written first, for which it has a little more time.
                    let more = if tenure.has_news() { self.settings.failover / 20 } else { Duration::ZERO };
                    if agenda.due(until) && agenda.due(until + more) {
                        tenure.abort(run);
                        self.outbox.push_back(Action::Abort { key: key.clone(), run });
                    }
                }
                Phase::Running(_) | Phase::Aborting(_) | Phase::Ending { .. } => {}
            }
        }
    }
}
