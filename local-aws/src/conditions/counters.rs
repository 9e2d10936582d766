//! The counters: what was asked, action by action.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// The series remembers so many seconds with calls in them.
const SERIES: usize = 7_200;

/// What was asked since the start or the last reset, by service and action.
///
/// A call counts when it arrives, as accepted or as throttled; an accepted one that then met a fault or was
/// answered 5xx counts as failed as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    services: BTreeMap<String, BTreeMap<String, ActionCounters>>,
}

impl Counters {
    /// The counters of one action; all zero if it was never called.
    #[must_use]
    pub fn action(&self, service: &str, action: &str) -> ActionCounters {
        self.services.get(service).and_then(|actions| actions.get(action)).cloned().unwrap_or_default()
    }

    /// Every action that was called, with its service: `(service, action, counters)`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &ActionCounters)> {
        self.services.iter().flat_map(|(service, actions)| {
            actions.iter().map(move |(action, counters)| (service.as_str(), action.as_str(), counters))
        })
    }

    pub(crate) fn insert(&mut self, service: &str, action: &str, counters: ActionCounters) {
        self.services.entry(service.to_owned()).or_default().insert(action.to_owned(), counters);
    }
}

/// The counters of one action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ActionCounters {
    /// Calls that the limits let pass.
    pub accepted: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// Accepted calls that met a fault or were answered 5xx.
    pub failed: u64,
    /// Calls that have arrived and are not yet answered.
    pub in_flight: u64,
    /// The most that were in flight at once.
    pub max_in_flight: u64,
    /// The seconds in which calls arrived, in order; the last 7,200 of them.
    pub seconds: VecDeque<Second>,
}

/// One second of an action's series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Second {
    /// The second since the start, from 0.
    pub second: u64,
    /// Calls that the limits let pass.
    pub accepted: u64,
    /// Calls that were throttled.
    pub throttled: u64,
}

impl ActionCounters {
    /// Takes note of a call that arrived.
    pub(crate) fn arrived(&mut self, second: u64, throttled: bool) {
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        if self.seconds.back().is_none_or(|last| last.second < second) {
            if self.seconds.len() == SERIES {
                self.seconds.pop_front();
            }
            self.seconds.push_back(Second { second, accepted: 0, throttled: 0 });
        }
        // Two calls may swap between reading the clock and counting; the later second takes both.
        let Some(now) = self.seconds.back_mut() else { return };
        if throttled {
            self.throttled += 1;
            now.throttled += 1;
        } else {
            self.accepted += 1;
            now.accepted += 1;
        }
    }

    /// Takes note that a call which arrived in this second, and was accepted then, was throttled by its service.
    pub(crate) fn throttled_after_all(&mut self, second: u64) {
        self.accepted = self.accepted.saturating_sub(1);
        self.throttled += 1;
        if let Some(then) = self.seconds.iter_mut().rev().find(|known| known.second <= second) {
            then.accepted = then.accepted.saturating_sub(1);
            then.throttled += 1;
        }
    }

    /// Takes note of a call that was answered, or given up by its caller.
    pub(crate) fn left(&mut self, failed: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.failed += u64::from(failed);
    }

    /// Starts anew, but for the calls in flight.
    pub(crate) fn reset(&mut self) {
        let in_flight = self.in_flight;
        *self = Self { in_flight, max_in_flight: in_flight, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_holds_the_seconds_with_calls() {
        let mut counters = ActionCounters::default();
        counters.arrived(0, false);
        counters.arrived(0, true);
        counters.left(true);
        counters.arrived(5, false);
        let second = |second, accepted, throttled| Second { second, accepted, throttled };
        assert_eq!(counters.seconds, [second(0, 1, 1), second(5, 1, 0)]);
        assert_eq!((counters.accepted, counters.throttled, counters.failed), (2, 1, 1));
        assert_eq!((counters.in_flight, counters.max_in_flight), (2, 2));
        counters.reset();
        assert_eq!(counters, ActionCounters { in_flight: 2, max_in_flight: 2, ..Default::default() });
        for second in 0..8_000 {
            counters.arrived(second, false);
        }
        assert_eq!((counters.seconds.len(), counters.seconds[0].second), (SERIES, 800));
    }
}
