//! The limiter against simulated token buckets, and its laws under any schedule.

use std::time::Duration;

use proptest::prelude::*;
use tidegate_throttle::{
    Outcome,
    limiter::{Decision, Limiter},
};
use tidegate_throttle_simulator::{Bucket, Case, Record};

const SEEDS: u64 = 8;

fn run(case: &Case, seed: u64) -> Record {
    tidegate_throttle_simulator::run(case, seed, Limiter::new)
}

/// Every seed of `case` uses at least `used` percent, with at most `throttled` percent throttled.
fn holds(case: &Case, used: f64, throttled: f64) {
    for seed in 1..=SEEDS {
        let record = run(case, seed);
        assert!(
            record.used() >= used && record.throttled() <= throttled,
            "{} with seed {seed}: {} % and {} %, not {used} % and {throttled} %",
            case.name,
            record.used(),
            record.throttled(),
        );
    }
}

#[test]
fn learns_common_limits_exactly() {
    let limits = [
        ("0.3/s, 4", 300, 4, 300, 3_300),
        ("2/s, 5", 2_000, 5, 60, 660),
        ("5/s, 50", 5_000, 50, 60, 360),
        ("20/s, 100", 20_000, 100, 60, 360),
        ("40/s, 40", 40_000, 40, 60, 360),
        ("200/s, 200", 200_000, 200, 60, 160),
        ("1000/s, 1000", 1_000_000, 1_000, 30, 60),
    ];
    for (name, refill, burst, warm_up, seconds) in limits {
        let callers = if refill > 500_000 { 128 } else { 32 };
        holds(&Case { name, refill, burst, callers, seconds, warm_up, ..Case::default() }, 98.0, 1.0);
    }
}

#[test]
fn starts_cold_with_few_refusals() {
    let case = |name, refill, burst, callers, seconds| Case {
        name,
        refill,
        burst,
        callers,
        seconds,
        warm_up: 0,
        round_trip: Duration::from_millis(20),
        jitter: 5,
        ..Case::default()
    };
    holds(&case("20/s, 100", 20_000, 100, 64, 30), 99.0, 4.0);
    holds(&case("200/s, 200", 200_000, 200, 64, 20), 98.0, 2.0);
    holds(&case("1000/s, 1000", 1_000_000, 1_000, 256, 20), 98.0, 2.0);
    holds(&case("2/s, 5", 2_000, 5, 64, 60), 95.0, 15.0);
}

#[test]
fn follows_a_limit_that_changes() {
    let name = "100, 30, 100 a second";
    let changes = &[(20, 30_000), (40, 100_000)];
    let round_trip = Duration::from_millis(20);
    let (refill, burst, callers, seconds, warm_up) = (100_000, 100, 64, 60, 0);
    let case = Case {
        name,
        refill,
        burst,
        callers,
        seconds,
        warm_up,
        round_trip,
        jitter: 5,
        changes,
        ..Case::default()
    };
    holds(&case, 92.0, 4.0);
    let halved = Case { name: "20 to 10 a second", changes: &[(160, 10_000)], ..Case::default() };
    holds(&halved, 98.0, 1.5);
    let doubled = Case { name: "20 to 40 a second", changes: &[(160, 40_000)], ..Case::default() };
    holds(&doubled, 97.0, 1.5);
}

#[test]
fn lives_with_a_distant_service() {
    let name = "20/s at 300 ms";
    holds(&Case { name, round_trip: Duration::from_millis(300), ..Case::default() }, 98.0, 1.5);
}

/// A service that refuses at its front door, and takes long over what it lets in.
#[test]
fn is_not_misled_by_quick_refusals() {
    let case = Case {
        name: "3500/s, quick refusals",
        refill: 3_500_000,
        burst: 3_500,
        callers: 1_000,
        seconds: 60,
        warm_up: 30,
        refusal: Duration::from_millis(3),
        ..Case::default()
    };
    holds(&case, 98.0, 1.0);
}

/// A limit that refused everything for a while is not given up.
#[test]
fn recovers_from_an_outage() {
    let name = "20/s after 15 minutes of refusals";
    holds(&Case { name, outage: 900, warm_up: 3_600, seconds: 5_400, ..Case::default() }, 97.0, 2.0);
}

/// A process that starts while another has emptied the bucket must not take it for a bucket of one.
#[test]
fn starts_on_an_empty_bucket() {
    let name = "1000/s, empty at first";
    let (refill, burst, callers) = (1_000_000, 1_000, 400);
    let case = Case { name, refill, burst, callers, seconds: 90, outage: 1, ..Case::default() };
    holds(&case, 97.0, 2.0);
}

/// Named exception: a bucket of one token has no reserve to pace against.
#[test]
fn creeps_up_on_a_burst_of_one() {
    let name = "1/s, 1";
    let case = Case { name, refill: 1_000, burst: 1, seconds: 1_500, warm_up: 300, ..Case::default() };
    holds(&case, 94.0, 2.0);
}

/// Named exception: what is refilled once a second looks like a limit that falls and rises.
#[test]
fn learns_of_ticks() {
    holds(&Case { name: "20/s in ticks", bucket: Bucket::Ticks, warm_up: 120, ..Case::default() }, 95.0, 3.0);
}

#[test]
fn shares_a_limit_with_other_processes() {
    let name = "4 processes at 20/s";
    holds(&Case { name, processes: 4, ..Case::default() }, 97.0, 4.0);
    for seed in 1..=SEEDS {
        let jain = run(&Case { name, processes: 4, ..Case::default() }, seed).jain();
        assert!(jain > 0.3, "one process starved: {jain}");
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => Just(Outcome::Accepted),
        3 => Just(Outcome::Throttled { retry_after: None }),
        1 => (0..3_000_u64).prop_map(|ms| Outcome::Throttled { retry_after: Some(Duration::from_millis(ms)) }),
        1 => Just(Outcome::Unknown),
        1 => Just(Outcome::Unsent),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the outcomes, a limiter admits again: a wait ends later than now and within the hour, and
    /// it waits for a call to finish only while one is in flight.
    #[test]
    fn is_never_stuck(steps in prop::collection::vec((outcomes(), 0..2_000_u64, 1..50_u32), 1..200)) {
        let mut limiter = Limiter::new();
        let mut now = Duration::ZERO;
        let mut in_flight = Vec::new();
        for (outcome, micros, cost) in steps {
            now += Duration::from_micros(micros * 100);
            match limiter.admit(now, cost) {
                Decision::Send(stamp) => in_flight.push(stamp),
                Decision::WaitUntil(until) => {
                    prop_assert!(until > now && until < now + Duration::from_hours(1));
                    now = until;
                }
                Decision::WaitForFinish => prop_assert!(!in_flight.is_empty()),
            }
            if micros % 3 != 0 && let Some(stamp) = in_flight.pop() {
                limiter.finish(now, stamp, outcome);
            }
        }
    }

    /// Every caller of a limit waits as long as the service asked one of them to.
    #[test]
    fn honours_retry_after(ms in 1..600_000_u64, calls in 1..20_usize) {
        let mut limiter = Limiter::new();
        let now = Duration::from_secs(1);
        let mut stamps = Vec::new();
        for at in 0..calls {
            if let Decision::Send(stamp) = limiter.admit(now + Duration::from_millis(at as u64), 1) {
                stamps.push(stamp);
            }
        }
        let later = now + Duration::from_millis(100);
        let retry_after = Some(Duration::from_millis(ms));
        limiter.finish(later, stamps[0], Outcome::Throttled { retry_after });
        let Decision::WaitUntil(until) = limiter.admit(later, 1) else { panic!("admitted during the pause") };
        prop_assert!(until >= later + Duration::from_millis(ms));
    }

    /// What is learnt is the refill rate, whatever it is.
    #[test]
    fn converges_on_any_rate(refill in 1_000..500_000_u32, seconds_of_burst in 2..10_u64) {
        let burst = (u64::from(refill) * seconds_of_burst / 1_000).max(5);
        let case = Case { name: "any", refill: refill.into(), burst, seconds: 120, warm_up: 60, ..Case::default() };
        let record = run(&case, 1);
        // 32 callers at 50 ms can send no more than that.
        let most = 64_000_000.0 / f64::from(refill);
        prop_assert!(record.used() >= most.min(95.0), "{} %", record.used());
        prop_assert!(record.throttled() < 5.0, "{} %", record.throttled());
    }
}
