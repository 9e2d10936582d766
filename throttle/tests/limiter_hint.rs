//! Hints, and what was learnt before: they help where they are right, and do no harm where they are wrong.

#![allow(clippy::unwrap_used, reason = "tests")]

mod limiter_support;

use std::time::Duration;

use tidegate_throttle::limiter::{Hint, Learnt, Limiter};
use tidegate_throttle_simulator::{Case, Record, run};

use self::limiter_support::{Bench, per_second};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

fn case(refill: u64, burst: u64) -> Case {
    Case {
        refill: refill * 1_000,
        burst,
        callers: 64,
        seconds: 30,
        warm_up: 0,
        round_trip: Duration::from_millis(20),
        jitter: 5,
        ..Case::default()
    }
}

fn throttled(record: &Record) -> u32 {
    record.seconds().iter().map(|second| second.throttled).sum()
}

fn hinted(rate: u64, burst: u32) -> impl FnMut() -> Limiter {
    move || Limiter::hinted(Hint { rate: per_second(rate), burst })
}

#[test]
fn a_right_hint_saves_most_of_the_first_refusals() {
    for seed in SEEDS {
        let case = case(20, 100);
        let (cold, warm) = (run(&case, seed, Limiter::new), run(&case, seed, hinted(20, 100)));
        assert!(throttled(&warm) * 2 < throttled(&cold), "{} of {}", throttled(&warm), throttled(&cold));
        assert!(warm.used() > 99.0, "{}", warm.used());
    }
}

/// So many calls are let go at once, before any is answered.
fn first_calls(mut limiter: Limiter) -> usize {
    use tidegate_throttle::limiter::Decision;
    let now = Duration::from_secs(1);
    (0..10_000).take_while(|_| matches!(limiter.admit(now, 1), Decision::Send(_))).count()
}

#[test]
fn a_large_documented_bucket_gives_an_eighth_at_once() {
    let hinted = |burst| first_calls(Limiter::hinted(Hint { rate: per_second(3_500), burst }));
    assert_eq!(hinted(3_500), 437);
    assert_eq!((hinted(999), first_calls(Limiter::new())), (2, 2), "others begin with two");
}

/// Few callers never use up the head start at once, and are not slower for it.
#[test]
fn a_head_start_is_not_spread() {
    let case =
        Case { callers: 50, round_trip: Duration::from_millis(200), seconds: 10, ..case(3_500, 3_500) };
    let begun = |record: &Record| record.seconds().iter().take(3).map(|it| it.accepted).sum::<u32>();
    let (cold, warm) = (run(&case, 1, Limiter::new), run(&case, 1, hinted(3_500, 3_500)));
    assert!(begun(&warm) >= begun(&cold) && begun(&warm) > 500, "{} and {}", begun(&warm), begun(&cold));
}

#[test]
fn a_wrong_hint_costs_next_to_nothing() {
    for (rate, burst) in [(1, 1), (2, 10), (200, 1_000), (10_000, 100_000)] {
        for seed in SEEDS {
            let record = run(&case(20, 100), seed, hinted(rate, burst));
            assert!(record.used() > 98.5, "{rate}/s, {burst}: {} %", record.used());
            // A head start on a bucket that is a thousand times smaller costs one refusal of each caller.
            let most = if burst > 1_000 { 10.0 } else { 4.5 };
            assert!(record.throttled() < most, "{rate}/s, {burst}: {} % throttled", record.throttled());
        }
    }
}

/// A limit of ten times what is documented opens as fast, but for a few round trips.
#[test]
fn a_hint_is_no_ceiling() {
    let mut bench =
        Bench::new(Limiter::hinted(Hint { rate: per_second(20), burst: 20 }), &case(2_000, 2_000));
    bench.call(2, None, &[1]);
    assert!(bench.call(1, None, &[1]).accepted > 500, "{:?}", bench.limiter);
}

#[test]
fn what_was_learnt_is_what_is_resumed() {
    let mut bench = Bench::new(Limiter::new(), &case(20, 100));
    assert_eq!(bench.limiter.learnt(), None);
    bench.call(60, None, &[1]);
    let learnt = bench.limiter.learnt().unwrap();
    assert!((19_500_000..20_500_000).contains(&learnt.rate().as_micros_per_second()), "{learnt:?}");
    assert!((95_000_000..105_000_000).contains(&learnt.burst().unwrap()), "{learnt:?}");
    assert_eq!(Limiter::resumed(learnt).learnt(), Some(learnt));
}

/// Whether the bucket is full or empty at a restart, nothing is learnt anew.
#[test]
fn a_restart_costs_few_refusals() {
    let learnt = || Limiter::resumed(Learnt::new(per_second(20)).with_burst(100_000_000));
    for seed in SEEDS {
        let full = run(&case(20, 100), seed, learnt);
        assert!(full.used() > 98.5 && throttled(&full) <= 8, "{} %, {}", full.used(), throttled(&full));
        let empty = run(&Case { outage: 1, ..case(20, 100) }, seed, learnt);
        assert!(empty.used_from(10) > 97.0 && throttled(&empty) <= 12, "{} %", empty.used_from(10));
    }
}

/// A limit that is ten times as high, or a tenth, is found out in seconds, or after a few calls.
#[test]
fn what_was_learnt_may_be_stale() {
    for (then, now, from) in [(20, 200, 15), (200, 20, 15), (1, 10, 60), (10, 1, 60)] {
        let learnt = || Limiter::resumed(Learnt::new(per_second(then)).with_burst(then * 5_000_000));
        for seed in SEEDS {
            for outage in [0, 1] {
                let case = Case { outage, seconds: 240, ..case(now, now * 5) };
                let record = run(&case, seed, learnt);
                let (used, throttled) = (record.used_from(from), record.throttled_from(from));
                assert!(used > 90.0 && throttled < 6.0, "{then} to {now}: {used} %, {throttled} %");
            }
        }
    }
}
