//! Calls that cost more than a token.

#![allow(clippy::unwrap_used, reason = "tests")]

mod limiter_support;

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::{Case, run};

use self::limiter_support::Bench;

fn holds(cost: u32, refill: u64, burst: u64, used: f64, throttled: f64) {
    let case = Case { cost, refill: refill * 1_000, burst, seconds: 660, ..Case::default() };
    for seed in 1..=8 {
        let record = run(&case, seed, Limiter::new);
        assert!(
            record.used() >= used && record.throttled() <= throttled,
            "{cost} of {refill} and {burst} with seed {seed}: {} % and {} %",
            record.used(),
            record.throttled(),
        );
    }
}

#[test]
fn a_bucket_of_many_calls_is_used_to_the_full() {
    holds(5, 20, 100, 99.0, 1.0);
    holds(20, 20, 100, 99.0, 1.0);
}

/// Named exception: a bucket of hardly two calls has no reserve to pace against.
#[test]
fn a_bucket_of_two_calls_is_used_nearly_to_the_full() {
    holds(5, 20, 12, 98.0, 1.5);
    holds(5, 2, 10, 92.0, 2.0);
    holds(10, 20, 15, 93.0, 3.0);
}

#[test]
fn costs_may_be_mixed() {
    let mut bench = Bench::new(Limiter::new(), &Case { refill: 20_000, burst: 100, ..Case::default() });
    bench.call(60, None, &[1, 7, 3, 10, 2]);
    let count = bench.call(300, None, &[1, 7, 3, 10, 2]);
    // 1,300 calls of 4.6 tokens.
    assert!(count.accepted >= 5_880 && count.throttled <= 26, "{count:?}");
}

/// One that can never be served costs the others no more than what it is charged.
#[test]
fn a_call_dearer_than_the_bucket_does_not_drag_the_rate_down() {
    let mut bench = Bench::new(Limiter::new(), &Case { refill: 20_000, burst: 50, ..Case::default() });
    bench.call(60, None, &[1]);
    for _ in 0..20 {
        let mut costs = vec![1; 100];
        costs.push(60);
        bench.call(8, None, &costs);
    }
    let rate = bench.limiter.rate().unwrap().as_micros_per_second();
    assert!((15_000_000..22_000_000).contains(&rate), "{rate}");
}
