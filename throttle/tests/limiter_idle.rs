//! A limiter that nobody asked for an hour.

#![allow(clippy::unwrap_used, reason = "tests")]

mod limiter_support;

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::Case;

use self::limiter_support::Bench;

const HOUR: u64 = 3_600;

fn bench(refill: u64, burst: u64) -> Bench {
    Bench::new(Limiter::new(), &Case { refill: refill * 1_000, burst, ..Case::default() })
}

/// The rate is 20/s and the bucket full: soon all of the refill is used, at few throttles.
fn goes_on(mut bench: Bench) {
    bench.call(20, None, &[1]);
    let count = bench.call(60, None, &[1]);
    assert!(
        (1_164..=1_240).contains(&count.accepted) && count.throttled <= 36,
        "{count:?}, {:?}",
        bench.limiter
    );
}

#[test]
fn in_the_opening() {
    let mut bench = bench(20, 100);
    bench.call(1, Some(std::time::Duration::from_millis(10)), &[1]);
    assert_eq!(bench.limiter.rate(), None);
    bench.idle(HOUR);
    goes_on(bench);
}

#[test]
fn in_the_opening_with_few_calls() {
    let mut bench = bench(20, 100);
    bench.call(HOUR, Some(std::time::Duration::from_secs(2)), &[1]);
    bench.idle(HOUR);
    goes_on(bench);
}

#[test]
fn while_it_searches() {
    for milliseconds in 0..20 {
        let mut bench = bench(20, 100);
        while bench.limiter.rate().is_none() {
            bench.call(1, None, &[1]);
        }
        bench.now += std::time::Duration::from_millis(100 * milliseconds);
        bench.idle(HOUR);
        goes_on(bench);
    }
}

#[test]
fn while_it_knows_the_rate() {
    let mut bench = bench(20, 100);
    bench.call(60, None, &[1]);
    bench.idle(HOUR);
    assert_eq!(bench.limiter.level(bench.now), bench.limiter.burst());
    goes_on(bench);
}

#[test]
fn and_the_limit_is_another_one_by_then() {
    for before in [4, 100] {
        let mut bench = bench(before, 100);
        bench.call(60, None, &[1]);
        bench.idle(HOUR);
        bench.server.change(bench.now, 20_000);
        bench.call(180, None, &[1]);
        goes_on(bench);
    }
}
