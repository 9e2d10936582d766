//! [`Pace`]: how often the table is read, within its budget.

use std::{collections::BTreeSet, time::Duration};

use super::agenda::Agenda;
use crate::ShardId;

/// Leases that a read unit scans: half a unit for 4 KiB, eventually consistent, and half a KiB for a lease.
/// Source: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations".
const LEASES_PER_UNIT: u32 = 16;

/// How often the table is read: all of it as often as its size allows, single leases between.
#[derive(Debug)]
pub(super) struct Pace {
    failover: Duration,
    units: u32,
    scanning: bool,
    next_scan: Duration,
    reading: BTreeSet<ShardId>,
    next_read: Duration,
}

impl Pace {
    /// With this many read units a second.
    pub(super) fn new(failover: Duration, units: u32, now: Duration) -> Self {
        Self {
            failover,
            units: units.max(1),
            scanning: false,
            next_scan: now,
            reading: BTreeSet::new(),
            next_read: now,
        }
    }

    /// The least time between two scans of so many leases.
    pub(super) fn period(&self, leases: usize) -> Duration {
        let leases = u32::try_from(leases).unwrap_or(u32::MAX);
        let paid = Duration::from_secs(1) * leases / (LEASES_PER_UNIT * self.units);
        paid.clamp(self.failover / 20, self.failover)
    }

    /// Whether to scan now.
    pub(super) fn scan(&mut self, agenda: &mut Agenda, leases: usize) -> bool {
        if self.scanning || !agenda.due(self.next_scan) {
            return false;
        }
        self.scanning = true;
        self.next_scan = agenda.now() + self.period(leases);
        true
    }

    pub(super) fn scanned(&mut self) {
        self.scanning = false;
    }

    /// Whether to read one lease now, that is wanted at this time. A scan that is near will do, if there are any.
    pub(super) fn read(&mut self, agenda: &mut Agenda, key: &ShardId, at: Duration, no_scans: bool) -> bool {
        if !agenda.due(at) || self.reading.contains(key) {
            return false;
        }
        let near = !no_scans && (self.scanning || self.next_scan <= agenda.now() + self.failover / 20);
        if near || !agenda.due(self.next_read) {
            return false;
        }
        self.reading.insert(key.clone());
        self.next_read = agenda.now() + Duration::from_secs(1) / self.units;
        true
    }

    pub(super) fn was_read(&mut self, key: &ShardId) {
        self.reading.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_costs_no_more_than_its_budget() {
        let pace = Pace::new(Duration::from_secs(10), 10, Duration::ZERO);
        assert_eq!(
            pace.period(0),
            Duration::from_millis(500),
            "no more often than twenty times in a failover"
        );
        assert_eq!(pace.period(160), Duration::from_secs(1), "160 leases are 10 units");
        assert_eq!(pace.period(100_000), Duration::from_secs(10), "no less often than owners expire");
    }

    #[test]
    fn one_is_asked_for_at_a_time() {
        let mut pace = Pace::new(Duration::from_secs(10), 10, Duration::ZERO);
        let mut agenda = Agenda::at(Duration::ZERO);
        assert!(pace.scan(&mut agenda, 100_000));
        assert!(!pace.scan(&mut agenda, 100_000));
        pace.scanned();
        assert!(!pace.scan(&mut agenda, 100_000));
        assert_eq!(agenda.next(), Some(Duration::from_secs(10)));

        let keys = ["a", "b"].map(ShardId::from);
        assert!(pace.read(&mut agenda, &keys[0], Duration::ZERO, false));
        assert!(!pace.read(&mut agenda, &keys[0], Duration::ZERO, false), "it is being read");
        assert!(!pace.read(&mut agenda, &keys[1], Duration::ZERO, false), "a tenth of a second later");
        let mut agenda = Agenda::at(Duration::from_millis(100));
        assert!(pace.read(&mut agenda, &keys[1], Duration::ZERO, false));
    }
}
