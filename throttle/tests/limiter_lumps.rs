//! Services that refill once a second, or count calls per second.

use tidegate_throttle::limiter::Limiter;
use tidegate_throttle_simulator::{Bucket, Case, run};

fn holds(bucket: Bucket, refill: u64, burst: u64, used: f64, throttled: f64) {
    for seed in 1..=20 {
        let record =
            run(&Case { refill: refill * 1_000, burst, bucket, ..Case::default() }, seed, Limiter::new);
        assert!(
            record.used() >= used && record.throttled() <= throttled,
            "{bucket:?} of {refill} and {burst} with seed {seed}: {} % and {} %",
            record.used(),
            record.throttled(),
        );
    }
}

#[test]
fn ticks_are_used_to_the_full() {
    holds(Bucket::Ticks, 20, 100, 99.0, 2.0);
    holds(Bucket::Ticks, 20, 40, 99.0, 2.0);
    holds(Bucket::Ticks, 2, 5, 99.0, 2.0);
}

/// Of a bucket that holds no more than a lump, what is not used within the second is lost.
#[test]
fn ticks_that_fill_the_bucket_are_used_up_in_time() {
    holds(Bucket::Ticks, 100, 100, 98.0, 2.0);
    holds(Bucket::Ticks, 5, 5, 96.5, 2.0);
}

#[test]
fn windows_are_used_up_in_time() {
    holds(Bucket::Window, 100, 0, 98.0, 2.0);
    holds(Bucket::Window, 20, 0, 98.0, 2.0);
    holds(Bucket::Window, 5, 0, 96.5, 2.0);
}
