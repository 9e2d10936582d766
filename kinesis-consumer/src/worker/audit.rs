//! [`Audit`]: when the stream's shards are listed, and compared with the leases.

use std::{mem, time::Duration};

use super::agenda::Agenda;
use crate::HashRange;

/// When the stream's shards are listed, and compared with the leases: at the start, when hash keys are not
/// covered in two scans, when a parent's lease is lacking, and now and then.
#[derive(Debug)]
pub(super) struct Audit {
    failover: Duration,
    hole: Option<(HashRange, Duration)>,
    asking: bool,
    asked: Option<Duration>,
    next: Duration,
    /// A list has come that no scan was compared with.
    due: bool,
}

impl Audit {
    pub(super) fn new(failover: Duration, now: Duration) -> Self {
        Self { failover, hole: None, asking: false, asked: None, next: now, due: false }
    }

    /// Takes note of the first hash keys that a scan of this time leaves uncovered.
    pub(super) fn scanned(&mut self, hole: Option<HashRange>, asked: Duration) {
        match (hole, self.hole) {
            (Some(hole), Some((known, since))) if hole == known => {
                if asked > since {
                    self.want(asked);
                }
            }
            (hole, _) => self.hole = hole.map(|hole| (hole, asked)),
        }
    }

    /// Since when the same hash keys are not covered.
    pub(super) fn hole(&self) -> Option<(HashRange, Duration)> {
        self.hole
    }

    /// Asks for a list, soon.
    pub(super) fn want(&mut self, now: Duration) {
        let soon = self.asked.map_or(now, |asked| now.max(asked + self.failover / 4));
        self.next = self.next.min(soon);
    }

    /// Whether to list now.
    pub(super) fn list(&mut self, agenda: &mut Agenda) -> bool {
        const REST: u32 = 30;
        if self.asking || !agenda.due(self.next) {
            return false;
        }
        self.asking = true;
        self.asked = Some(agenda.now());
        self.next = agenda.now() + self.failover * REST;
        true
    }

    /// A list has come, or has not.
    pub(super) fn listed(&mut self, known: bool, now: Duration) {
        self.asking = false;
        self.due |= known;
        if !known {
            self.next = now + self.failover / 10;
        }
    }

    /// A lease could not be made.
    pub(super) fn again(&mut self) {
        self.due = true;
    }

    /// Whether to compare now, and not again until there is reason to.
    pub(super) fn take_due(&mut self) -> bool {
        mem::take(&mut self.due)
    }
}
