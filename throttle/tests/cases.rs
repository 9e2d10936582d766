//! The limiter on every case that limiters are compared on: it uses the limit, and few calls are throttled.

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::{cases, run};

const SEEDS: u64 = 8;

/// The least share of the limit that is used after the warm-up, and the most attempts that are throttled, both
/// in percent.
fn bars(case: &str) -> (f64, f64) {
    match case {
        // Each process meets refusals of its own, and what the others leave of the bucket changes all the time.
        "4 processes" => (98.0, 4.0),
        "16 processes" => (98.0, 6.0),
        // Somebody else comes and goes every 20 s, and each time the rate has to be found anew.
        "half taken on and off" => (97.5, 4.0),
        // The limit changes twice in two minutes, and each time it has to be found anew.
        "100, 30, 100/s" => (97.0, 2.0),
        // A bucket of one token has no reserve to pace against: the pace creeps up on it from below.
        "1/s, 1" => (96.0, 1.0),
        // A tick's worth goes at once, and the calls in flight with the last of it are refused.
        "20/s in ticks" => (98.0, 2.0),
        _ => (98.0, 1.0),
    }
}

#[test]
fn uses_every_limit_with_few_refusals() {
    let mut missed = Vec::new();
    for case in cases() {
        let (least, most) = bars(case.name);
        for seed in 1..=SEEDS {
            let record = run(&case, seed, Limiter::new);
            let (used, throttled) = (record.used(), record.throttled());
            if used < least || throttled > most {
                missed.push(format!("{}, seed {seed}: {used:.1} % and {throttled:.2} %", case.name));
            }
        }
    }
    assert!(missed.is_empty(), "missed the bars:\n{}", missed.join("\n"));
}
