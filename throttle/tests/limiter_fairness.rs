//! Limiters that share a limit without a word between them, and limits that come back.

use std::time::Duration;

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::{Case, Record, run};

const SEEDS: u64 = 6;

/// Processes that start `stagger` seconds apart.
fn shared(refill: u64, burst: u64, processes: usize, stagger: u64) -> Case {
    Case {
        name: "shared",
        refill: refill * 1_000,
        burst,
        processes,
        stagger: Duration::from_secs(stagger),
        callers: if refill > 500 { 64 } else { 32 },
        seconds: 600,
        warm_up: 120,
        round_trip: Duration::from_millis(20),
        jitter: 5,
        ..Case::default()
    }
}

/// Every seed of `case` uses at least `used` percent, with at most `throttled` percent throttled, and the mean of
/// Jain's index is at least `jain`, as is two thirds of it in each.
fn holds(case: &Case, used: f64, throttled: f64, jain: f64) {
    let records: Vec<Record> = (1..=SEEDS).map(|seed| run(case, seed, Limiter::new)).collect();
    for record in &records {
        let fair = record.jain() >= jain * 2.0 / 3.0;
        assert!(
            record.used() >= used && record.throttled() <= throttled && fair,
            "{case:?}: {} %, {} %, {}",
            record.used(),
            record.throttled(),
            record.jain(),
        );
    }
    let mean = records.iter().map(Record::jain).sum::<f64>() / records.iter().map(|_| 1.0).sum::<f64>();
    assert!(mean >= jain, "{case:?}: {mean} on average");
}

#[test]
fn whoever_starts_later_gets_a_share() {
    for stagger in [0, 3, 10] {
        holds(&shared(100, 100, 4, stagger), 97.0, 4.0, 0.85);
    }
}

#[test]
fn many_processes_share_a_high_limit() {
    holds(&shared(1_000, 1_000, 8, 2), 97.0, 4.0, 0.85);
}

#[test]
fn low_limits_are_shared() {
    holds(&shared(20, 100, 2, 10), 97.0, 4.0, 0.7);
    let round_trip = Duration::from_millis(50);
    holds(&Case { round_trip, ..shared(20, 100, 4, 5) }, 97.0, 4.0, 0.75);
    holds(&shared(2, 5, 2, 20), 90.0, 6.0, 0.75);
}

/// Three minutes after a quarter of an hour of refusals, all of the limit is used again.
#[test]
fn comes_back_from_an_outage_within_minutes() {
    for (refill, burst) in [(2, 5), (20, 100), (100, 100)] {
        let case = Case { outage: 900, warm_up: 1_080, seconds: 1_500, ..shared(refill, burst, 1, 0) };
        holds(&case, 97.0, 2.0, 1.0);
    }
}
