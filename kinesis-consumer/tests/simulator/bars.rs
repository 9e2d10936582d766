//! How fast: what the consumer promises, in virtual time, with milliseconds for each call.

use std::time::Duration;

use tidegate_kinesis_consumer::Checkpoint;

use super::{log::Log, millis, secs, stream::id, world::World};

/// Shards with short work, and a process for each of these names.
fn world(shards: usize, workers: usize, seed: u64) -> World {
    let mut world = World::new(shards, seed, Log::Off);
    world.work = millis(20);
    world.pace = secs(1) / u32::try_from(shards).unwrap();
    for number in 0..workers {
        start(&mut world, number);
    }
    world
}

fn start(world: &mut World, number: usize) -> usize {
    let drift = world.rng.i64(-10_000..=10_000);
    world.start(&format!("worker-{number}"), drift, |_| ())
}

/// Starts, and lets all settle, to some moment between two writes.
fn settled(shards: usize, workers: usize, seed: u64) -> World {
    let mut world = world(shards, workers, seed);
    world.wait_for(secs(10), |world| world.is_even());
    let later = millis(world.rng.u64(12_000..16_000));
    world.run_for(later);
    world
}

/// The longest of many.
fn longest(seeds: u64, took: impl Fn(u64) -> Duration) -> Duration {
    (0..seeds).map(took).max().unwrap_or_default()
}

#[test]
fn a_new_application_runs_within_100_ms() {
    let took = longest(10, |seed| world(8, 1, seed).wait_for(secs(5), |world| world.running() == 8));
    assert!(took <= millis(100), "{took:?}");
}

#[test]
fn a_crash_is_made_good_within_11_s() {
    let took = longest(20, |seed| {
        let mut world = settled(8, 3, seed);
        world.kill(0);
        world.wait_for(secs(30), |world| world.is_even())
    });
    assert!(took <= secs(11), "{took:?}");
}

#[test]
fn what_is_released_runs_within_600_ms() {
    let took = longest(20, |seed| {
        let mut world = settled(8, 3, seed);
        world.shut_down(1);
        world.wait_for(secs(30), |world| world.is_even())
    });
    assert!(took <= millis(600), "{took:?}");
}

#[test]
fn a_second_worker_holds_half_of_100_leases_within_10_s() {
    let took = longest(3, |seed| {
        let mut world = settled(100, 1, seed);
        start(&mut world, 1);
        let took = world.wait_for(secs(30), |world| world.loads() == [50, 50]);
        assert_eq!(world.ledger.duplicates, 0, "a handover repeats nothing");
        took
    });
    assert!(took <= secs(3), "{took:?}");
}

/// From the end of the last parent in the table to its child's run.
fn child_after_its_parents(world: &mut World, parents: &[usize], child: usize) -> Duration {
    let ended = |world: &World, shard: usize| {
        world.store.get(&id(shard)).is_none_or(|row| row.checkpoint == Checkpoint::ShardEnd)
    };
    world.wait_for(secs(30), |world| parents.iter().all(|parent| ended(world, *parent)));
    world.wait_for(secs(30), |world| world.runs(child))
}

#[test]
fn a_child_runs_within_100_ms_on_the_same_worker() {
    let took = longest(10, |seed| {
        let mut world = settled(2, 1, seed);
        world.stream.split(0, world.now);
        child_after_its_parents(&mut world, &[0], 2).max(child_after_its_parents(&mut world, &[0], 3))
    });
    assert!(took <= millis(100), "{took:?}");
}

#[test]
fn a_child_of_two_workers_runs_within_2_s() {
    let took = longest(20, |seed| {
        let mut world = settled(2, 2, seed);
        world.stream.merge(0, 1, world.now);
        child_after_its_parents(&mut world, &[0, 1], 2)
    });
    assert!(took <= secs(2), "{took:?}");
}

#[test]
fn a_lease_that_was_deleted_is_there_within_60_s() {
    let owned = longest(10, |seed| {
        let mut world = settled(8, 2, seed);
        world.delete(&id(3));
        world.wait_for(secs(90), |world| world.is_even())
    });
    assert!(owned <= secs(5), "its owner makes it anew: {owned:?}");
    let unknown = longest(10, |seed| {
        let mut world = settled(8, 1, seed);
        world.kill(0);
        world.delete(&id(3));
        start(&mut world, 1);
        world.wait_for(secs(90), |world| world.is_even())
    });
    assert!(unknown <= secs(60), "{unknown:?}");
}

#[test]
fn a_hundred_busy_leases_cost_35_writes_a_second() {
    let mut world = settled(100, 1, 1);
    let before = world.writes;
    world.run_for(secs(60));
    let rate = (world.writes - before) / 60;
    assert!((30..=35).contains(&rate), "{rate}");
}

/// A third of what the test above allows.
#[test]
fn a_third_of_the_write_units_loses_no_lease() {
    for seed in 0..4 {
        let mut world = settled(100, 1, seed);
        world.faults.units = Some((11, Duration::MAX));
        let began = world.began.clone();
        world.run_for(secs(60));
        let kept = world.began == began && world.running() == 100 && world.ledger.duplicates == 0;
        assert!(kept, "seed {seed}: {}", world.describe());
        let host = &world.hosts[0];
        let late = host.worker.status(host.clock(world.now)).leases.iter().map(|lease| lease.late).max();
        assert!(late > Some(secs(3)), "and says how late it is: {late:?}");
    }
}
