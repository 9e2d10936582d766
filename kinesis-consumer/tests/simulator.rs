//! A fleet in virtual time: ten thousand seeds of what can go wrong, and the invariants that hold all the while.
//!
//! 1. No loss: a checkpoint never passes a record that is not finished.
//! 2. Records of a key are processed in order, a shard begins after all its parents' ends.
//! 3. Only who took a lease last writes it.
//! 4. A shard is processed by one process at a time, unless it was frozen or the lease was taken without asking.
//! 5. A checkpoint never falls, and an end is an end.
//! 6. Children have leases before their parent's end, and have begun before its lease goes.
//! 7. Live leases cover all hash keys.
//! 8. When all is calm, each lease is processed, the shares are even, and rest; no lease is given up without need.
//! 9. A diverted key is durable before the checkpoint passes the record that failed, and stays so.
//! 10. Nobody writes a lease, or looks, more often than it should.
//! 11. Each row is one that the KCL can read, counted one by one.
//!
//! A record is repeated only where a process died, was frozen, hung, or could not write.
//!
//! ```sh
//! TIDEGATE_SEED=1234 cargo test -p tidegate-kinesis-consumer --test simulator -- --nocapture
//! TIDEGATE_SEEDS=0..500000 cargo test --release -p tidegate-kinesis-consumer --test simulator seeds
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::unchecked_time_subtraction,
    reason = "a test stops where its setting fails"
)]

#[path = "simulator/bars.rs"]
mod bars;
#[path = "simulator/credit.rs"]
mod credit;
#[path = "simulator/faults.rs"]
mod faults;
#[path = "simulator/host.rs"]
mod host;
#[path = "simulator/java.rs"]
mod java;
#[path = "simulator/java2.rs"]
mod java2;
#[path = "simulator/java3.rs"]
mod java3;
#[path = "simulator/ledger.rs"]
mod ledger;
#[path = "simulator/log.rs"]
mod log;
#[path = "simulator/queue.rs"]
mod queue;
#[path = "simulator/scenario.rs"]
mod scenario;
#[path = "simulator/store.rs"]
mod store;
#[path = "simulator/stream.rs"]
mod stream;
#[path = "simulator/world.rs"]
mod world;

use std::{
    env,
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use log::Log;
use scenario::Scenario;
use tidegate_kinesis_consumer::lease::Timestamp;

/// The time of day at which the world begins.
pub(crate) const EPOCH: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What is asked for in the environment: one seed, a range of seeds, or ten thousand.
fn seeds() -> Range<u64> {
    let parse = |number: &str| number.parse().unwrap();
    if let Ok(seed) = env::var("TIDEGATE_SEED") {
        let seed = parse(&seed);
        return seed..seed + 1;
    }
    let Ok(range) = env::var("TIDEGATE_SEEDS") else { return 0..10_000 };
    let (from, to) = range.split_once("..").unwrap();
    parse(from)..parse(to)
}

#[test]
fn a_seed_is_the_same_each_time() {
    for seed in 0..20 {
        let digest = || match Scenario::of(seed).play(Log::Digest(0)).log {
            Log::Digest(digest) => digest,
            _ => 0,
        };
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}

#[test]
fn seeds_hold() {
    let seeds = seeds();
    if seeds.clone().count() == 1 {
        let scenario = Scenario::of(seeds.start);
        println!("{scenario:#?}");
        scenario.play(Log::Print);
        return;
    }
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicU64::new(u64::MAX);
    let play = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || seed > failed.load(Ordering::Relaxed) {
                return;
            }
            let held = panic::catch_unwind(AssertUnwindSafe(|| drop(Scenario::of(seed).play(Log::Off))));
            if held.is_err() {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
        play();
    });
    let failed = failed.into_inner();
    assert!(
        failed == u64::MAX,
        "seed {failed} fails; TIDEGATE_SEED={failed} cargo test -p tidegate-kinesis-consumer --test simulator -- --nocapture \
         shows what happens in {:#?}",
        Scenario::of(failed)
    );
}
