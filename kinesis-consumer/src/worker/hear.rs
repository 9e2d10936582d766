//! What a [`Worker`] makes of what it is told.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Action, Event, Listed, Worker, coverage,
    listing::Listing,
    tenure::{Tenure, ToDo, Verdict},
    write::{Flight, Work},
};
use crate::{
    ShardId,
    lease::{Answer, Lease, Unavailable},
};

impl Worker {
    /// Takes note of what has happened.
    pub fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Scanned { asked, answer } => {
                self.pace.scanned();
                if let Ok(leases) = answer {
                    self.saw_all(leases, asked, now);
                }
            }
            Event::Read { key, asked, answer } => {
                self.pace.was_read(&key);
                self.news = true;
                if let Ok(row) = answer {
                    self.doubts.remove(&key);
                    self.saw(&key, row, asked, now);
                }
            }
            Event::Changed { change, asked, answer } => {
                self.wrote(&change.key, &change.divert, asked, answer, now);
            }
            Event::Created { lease, asked, answer } => {
                self.wrote(&lease.key, &lease.diverted, asked, answer, now);
            }
            Event::Deleted { key, answer } => self.deleted(&key, &answer, now),
            Event::Listed { asked, answer } => self.listed(asked, answer, now),
            Event::Progress { key, run, checkpoint, diverted, bytes, waiting } => {
                if let Some(tenure) = self.running(&key, run) {
                    tenure.progress(checkpoint, diverted, bytes, waiting, now);
                }
            }
            Event::Ended { key, run, children, diverted } => match self.running(&key, run) {
                Some(tenure) if tenure.is_aborting() => tenure.stop(),
                Some(tenure) => tenure.end(children, diverted),
                None => self.has_stopped(&key, run),
            },
            Event::Stopped { key, run } => match self.running(&key, run) {
                Some(tenure) => tenure.stop(),
                None => self.has_stopped(&key, run),
            },
            Event::Fleet(fleet) => {
                self.fleet = fleet;
                self.news = true;
            }
            Event::Shutdown => {
                self.shutdown.get_or_insert(now);
                self.news = true;
            }
        }
    }

    fn running(&mut self, key: &ShardId, run: super::RunId) -> Option<&mut Tenure> {
        self.tenures.get_mut(key).filter(|tenure| tenure.run() == Some(run))
    }

    fn has_stopped(&mut self, key: &ShardId, run: super::RunId) {
        if self.aborted.get(key) == Some(&run) {
            self.aborted.remove(key);
            self.news = true;
        }
    }

    fn saw_all(&mut self, leases: Vec<Lease>, asked: Duration, now: Duration) {
        let (tenures, flights) = (&self.tenures, &self.flights);
        let held = |key: &ShardId| tenures.contains_key(key) || flights.contains_key(key);
        self.table.scanned(leases, asked, now, held, self.settings.failover);
        self.scanned = Some(asked);
        self.doubts.clear();
        self.news = true;
        self.audit.scanned(self.hole(), asked);
        let keys: Vec<_> =
            self.tenures.keys().filter(|key| !self.flights.contains_key(key)).cloned().collect();
        for key in keys {
            self.check(&key);
        }
    }

    fn saw(&mut self, key: &ShardId, row: Option<Lease>, asked: Duration, now: Duration) {
        match row {
            Some(row) => self.table.tell(row, asked, now),
            None => self.table.remove(key),
        }
        if !self.flights.contains_key(key) {
            self.check(key);
        }
    }

    /// Whether a lease of ours is so in the table too. While a write of it is in flight, its answer will tell.
    fn check(&mut self, key: &ShardId) {
        let (Some(tenure), Some(row)) = (self.tenures.get_mut(key), self.table.lease(key)) else { return };
        if tenure.saw(row, &self.me) == Verdict::Lost {
            self.lose(key);
        }
    }

    /// Another has the lease: its run stops at once.
    pub(super) fn lose(&mut self, key: &ShardId) {
        let Some(tenure) = self.tenures.remove(key) else { return };
        self.news = true;
        if let Some(run) = tenure.run() {
            if !tenure.is_aborting() {
                self.outbox.push_back(Action::Abort { key: key.clone(), run });
            }
            self.aborted.insert(key.clone(), run);
        }
    }

    fn hole(&self) -> Option<crate::HashRange> {
        let range = |lease: &Lease| {
            let listed = || Some(self.listing.as_ref()?.get(&lease.key)?.hash_range);
            lease.hash_range.or_else(listed)
        };
        // Where one is not known, nobody can say what is not covered.
        let ranges: Option<Vec<_>> = self.table.live().map(|seen| range(&seen.lease)).collect();
        coverage::hole(ranges?)
    }

    fn listed(&mut self, asked: Duration, answer: Listed, now: Duration) {
        self.no_stream = matches!(answer, Listed::NoStream);
        self.audit.listed(matches!(answer, Listed::Shards(_)), now);
        if let Listed::Shards(shards) = answer {
            self.listing = Some(Listing::new(asked, shards));
            self.news = true;
        }
    }

    fn deleted(&mut self, key: &ShardId, answer: &Result<Answer, Unavailable>, now: Duration) {
        self.flights.remove(key);
        self.gate.answered(answer.as_ref().err(), now);
        match answer {
            Ok(Answer::Done(_) | Answer::Refused(None)) => self.table.remove(key),
            // It is another than we thought: the next scan shows it.
            Ok(Answer::Refused(Some(_))) | Err(_) => {}
        }
    }

    /// A write was answered, that had these keys diverted.
    fn wrote(
        &mut self,
        key: &ShardId,
        diverted: &BTreeSet<String>,
        asked: Duration,
        answer: Result<Answer, Unavailable>,
        now: Duration,
    ) {
        let Some(flight) = self.flights.remove(key) else { return };
        self.gate.answered(answer.as_ref().err(), now);
        match &answer {
            Ok(Answer::Done(row) | Answer::Refused(Some(row))) => self.table.tell(row.clone(), asked, now),
            Ok(Answer::Refused(None)) => self.table.remove(key),
            Err(_) => {}
        }
        match &flight.work {
            Work::Renew { .. } => self.renewed(key, &flight, diverted, asked, answer, now),
            Work::Child { parent, to_do } => {
                self.child(key, parent, &answer);
                if *to_do == ToDo::Make {
                    self.begin(answer, asked, &flight);
                }
            }
            Work::Make => {
                if answer.is_err() {
                    self.audit.again();
                }
                self.begin(answer, asked, &flight);
            }
            Work::Take | Work::Ask | Work::Other => {
                if answer.is_err() {
                    self.doubts.insert(key.clone());
                }
                // Whoever was quicker is known only now.
                self.news |= !matches!(answer, Ok(Answer::Done(_)));
                if matches!(flight.work, Work::Take) {
                    self.begin(answer, asked, &flight);
                }
            }
        }
    }

    /// A lease was taken, or made, and may be ours.
    fn begin(&mut self, answer: Result<Answer, Unavailable>, asked: Duration, flight: &Flight) {
        let Ok(Answer::Done(row)) = answer else { return };
        let ours = self.is_me(row.owner.as_ref())
            && row.checkpoint_owner.is_none()
            && row.mark.as_ref() == Some(&self.me);
        if ours && !self.tenures.contains_key(&row.key) {
            let early = self.spread(&row.key);
            self.tenures.insert(row.key.clone(), Tenure::new(row, asked, flight.confirmed, early));
        }
    }

    fn renewed(
        &mut self,
        key: &ShardId,
        flight: &Flight,
        diverted: &BTreeSet<String>,
        asked: Duration,
        answer: Result<Answer, Unavailable>,
        now: Duration,
    ) {
        let last = matches!(flight.work, Work::Renew { last: true });
        // One that was lost meanwhile: the table knows what is there.
        let Some(tenure) = self.tenures.get_mut(key) else {
            self.news = true;
            return;
        };
        let verdict = match answer {
            Ok(Answer::Done(row)) => tenure.done(row, diverted, last, asked, flight.confirmed, &self.me),
            // Others may have taken it since, and ended it.
            Ok(Answer::Refused(None)) if tenure.expires_at(self.settings.failover) <= now => Verdict::Lost,
            Ok(Answer::Refused(row)) => tenure.refused(row, last, &self.me),
            // It is still the most urgent one, perhaps; how soon anything is written is the gate's.
            Err(error) if error.is_throttled() => Verdict::Kept,
            Err(_) => {
                tenure.unknown(now + self.settings.failover / 20);
                Verdict::Kept
            }
        };
        match verdict {
            Verdict::Kept => {}
            Verdict::Over => {
                if tenure.declined {
                    self.declined.insert(key.clone(), now + self.settings.failover);
                }
                self.tenures.remove(key);
            }
            Verdict::Lost => self.lose(key),
        }
    }

    fn child(&mut self, key: &ShardId, parent: &ShardId, answer: &Result<Answer, Unavailable>) {
        let Some(parent) = self.tenures.get_mut(parent) else { return };
        match answer {
            // Perhaps the other parent, or another worker, has made it.
            Ok(Answer::Done(row) | Answer::Refused(Some(row))) => {
                if parent.diverted().is_subset(&row.diverted) {
                    parent.child_is_there(key);
                } else {
                    parent.child_lacks(key, ToDo::Leave);
                }
            }
            Ok(Answer::Refused(None)) => parent.child_lacks(key, ToDo::Make),
            Err(_) => {}
        }
    }
}
