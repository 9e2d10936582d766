//! Several workers share the leases of a stream: how fast, how evenly, and what is lost.
#![allow(
    clippy::unchecked_time_subtraction,
    clippy::large_enum_variant,
    reason = "in a test, a panic is the report"
)]
#![allow(clippy::unwrap_used, reason = "a test stops where its setting fails")]

mod fleet;

use std::collections::BTreeSet;

use fleet::{Fleet, id, millis, secs, settings};
use proptest::prelude::*;
use tidegate_kinesis_consumer::{Checkpoint, worker::Settings};

fn worker(number: usize) -> Settings {
    settings(&format!("worker-{number}"), number as u64)
}

#[test]
fn a_new_application_runs_at_once() {
    let mut fleet = Fleet::new(8, 1);
    fleet.start(worker(0));
    let took = fleet.wait_for(secs(5), |fleet| fleet.running() == 8);
    assert!(took < millis(100), "{took:?}");
}

#[test]
fn first_workers_share_what_they_make() {
    let mut fleet = Fleet::new(32, 2);
    for number in 0..4 {
        fleet.start(worker(number));
    }
    let took = fleet.wait_for(secs(10), Fleet::is_even);
    assert!(took < secs(5), "{took:?}");
    fleet.run_for(secs(30));
    assert_eq!(fleet.repeated, 0, "a handover repeats nothing");
}

#[test]
fn a_second_worker_gets_half() {
    let mut fleet = Fleet::new(100, 3);
    fleet.start(worker(0));
    fleet.run_for(secs(20));
    fleet.start(worker(1));
    let took = fleet.wait_for(secs(10), |fleet| fleet.loads() == [50, 50]);
    assert!(took < secs(3), "{took:?}");
    assert_eq!(fleet.repeated, 0);
    let switches = fleet.switches.len();
    fleet.run_for(secs(60));
    assert_eq!(fleet.switches.len(), switches, "nothing moves afterwards");
}

#[test]
fn a_crash_is_taken_over() {
    let mut fleet = Fleet::new(8, 4);
    fleet.start(worker(0));
    fleet.start(worker(1));
    fleet.wait_for(secs(10), Fleet::is_even);
    fleet.run_for(secs(17));
    fleet.kill(0);
    let took = fleet.wait_for(secs(20), |fleet| fleet.running() == 8);
    assert!(took <= secs(11), "{took:?}");
}

#[test]
fn a_release_is_taken_up() {
    let mut fleet = Fleet::new(8, 5);
    for number in 0..3 {
        fleet.start(worker(number));
    }
    fleet.wait_for(secs(10), Fleet::is_even);
    fleet.run_for(secs(17));
    fleet.shut_down(1);
    let took = fleet.wait_for(secs(20), Fleet::is_even);
    // What it drains takes up to 120 ms.
    assert!(took <= millis(750), "{took:?}");
    fleet.run_for(secs(1));
    assert!(fleet.hosts[1].finished);
    assert_eq!(fleet.repeated, 0);
}

#[test]
fn a_restart_of_the_same_name_waits_for_nothing_after_a_release() {
    let mut fleet = Fleet::new(8, 6);
    fleet.start(settings("one", 1));
    fleet.run_for(secs(10));
    fleet.shut_down(0);
    fleet.run_for(secs(2));
    fleet.start(settings("one", 2));
    let took = fleet.wait_for(secs(5), |fleet| fleet.running() == 8);
    assert!(took < millis(200), "{took:?}");
    fleet.kill(1);
    fleet.start(settings("one", 3));
    let took = fleet.wait_for(secs(20), |fleet| fleet.running() == 8);
    assert!(took > secs(9) && took < secs(11), "{took:?}");
}

#[test]
fn two_processes_of_one_name_do_not_flap() {
    let mut fleet = Fleet::new(8, 7);
    fleet.start(settings("one", 1));
    fleet.run_for(secs(10));
    fleet.start(settings("one", 2));
    let switches = fleet.switches.len();
    fleet.run_for(secs(60));
    assert_eq!((fleet.switches.len(), fleet.loads()), (switches, vec![8, 0]));
}

#[test]
fn a_frozen_worker_writes_nothing_when_it_thaws() {
    let mut fleet = Fleet::new(8, 8);
    fleet.start(worker(0));
    fleet.start(worker(1));
    fleet.wait_for(secs(10), Fleet::is_even);
    fleet.freeze(0, secs(20));
    fleet.run_for(secs(15));
    assert_eq!(fleet.loads()[1], 8);
    fleet.wait_for(secs(20), Fleet::is_even);
}

#[test]
fn children_run_at_once() {
    let mut fleet = Fleet::new(2, 9);
    fleet.start(worker(0));
    fleet.run_for(secs(10));
    fleet.reshard(&[0], &[2, 3]);
    fleet.wait_for(secs(10), |fleet| fleet.table[&id(0)].checkpoint == Checkpoint::ShardEnd);
    let took = fleet.wait_for(secs(10), |fleet| fleet.running() == 3);
    assert!(took < millis(50), "{took:?}");
    fleet.reshard(&[2, 3], &[4]);
    fleet.wait_for(secs(20), |fleet| fleet.running() == 2);
    // The leases of the ended go one after the other.
    fleet.wait_for(secs(20), |fleet| fleet.table.len() == 2);
}

#[test]
fn a_hundred_busy_leases_cost_35_writes_a_second() {
    let mut fleet = Fleet::new(100, 10);
    fleet.start(worker(0));
    fleet.run_for(secs(10));
    let before = fleet.writes;
    fleet.run_for(secs(60));
    let rate = (fleet.writes - before) / 60;
    assert!((30..=35).contains(&rate), "{rate}");
}

#[test]
fn a_third_of_the_write_units_loses_no_lease() {
    let mut fleet = Fleet::new(100, 11);
    fleet.start(worker(0));
    fleet.run_for(secs(10));
    fleet.units = Some(11);
    let runs = fleet.runs.len();
    fleet.run_for(secs(120));
    assert_eq!(fleet.runs.len(), runs, "none was lost and taken again");
    let status = fleet.hosts[0].worker.status(fleet.now);
    assert!(status.leases.iter().any(|lease| lease.late > secs(3)), "and says how late it is");
}

#[test]
fn a_deleted_lease_is_healed() {
    let mut fleet = Fleet::new(8, 12);
    fleet.start(worker(0));
    fleet.run_for(secs(10));
    fleet.table.remove(&id(3));
    let took = fleet.wait_for(secs(60), |fleet| fleet.table.contains_key(&id(3)));
    assert!(took < secs(4), "its owner does: {took:?}");
    // Nobody has it, and nobody knows of it.
    fleet.kill(0);
    fleet.table.remove(&id(5));
    fleet.start(worker(1));
    let took = fleet.wait_for(secs(60), |fleet| fleet.running() == 8);
    assert!(took < secs(30), "{took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However many, the leases are shared out evenly, and then rest.
    #[test]
    fn shares_settle(shards in 1_u64..100, workers in 1_usize..10, seed in any::<u64>()) {
        let mut fleet = Fleet::new(shards, seed);
        for number in 0..workers {
            fleet.start(worker(number));
        }
        fleet.wait_for(secs(60), Fleet::is_even);
        fleet.run_for(secs(5));
        let switches = fleet.switches.len();
        fleet.run_for(secs(20));
        prop_assert_eq!(fleet.switches.len(), switches);
        prop_assert_eq!(fleet.repeated, 0);
    }

    /// Whatever happens, nothing is lost, nothing runs twice, and in the end all is shared out.
    #[test]
    fn survives(script in prop::collection::vec((0_u8..7, any::<prop::sample::Index>(), 100_u64..12_000), 1..20), lost in prop::option::of(5_u32..40), seed in any::<u64>()) {
        let mut fleet = Fleet::new(6, seed);
        fleet.lost = lost;
        let mut next_worker = 0;
        let mut next_shard = 6;
        let mut start = |fleet: &mut Fleet| { next_worker += 1; fleet.start(worker(next_worker)) };
        start(&mut fleet);
        for (what, which, pause) in script {
            fleet.run_for(millis(pause));
            let up: Vec<_> = (0..fleet.hosts.len()).filter(|i| fleet.hosts[*i].alive && !fleet.hosts[*i].finished).collect();
            let mut open: Vec<_> = fleet.shards.values().filter(|stock| !stock.shard.closed).map(|stock| stock.shard.clone()).collect();
            open.sort_by_key(|shard| shard.hash_range);
            let number = |shard: &tidegate_kinesis_consumer::Shard| shard.id.as_str()[8..].parse::<u64>().unwrap();
            match what {
                0 => { start(&mut fleet); }
                1 if up.len() > 1 => fleet.kill(up[which.index(up.len())]),
                2 if up.len() > 1 => fleet.shut_down(up[which.index(up.len())]),
                3 => fleet.freeze(up[which.index(up.len())], millis(pause * 2)),
                4 => { let shard = number(which.get(&open)); fleet.reshard(&[shard], &[next_shard, next_shard + 1]); next_shard += 2; }
                5 if open.len() > 1 => { let i = which.index(open.len() - 1); fleet.reshard(&[number(&open[i]), number(&open[i + 1])], &[next_shard]); next_shard += 1; }
                6 => { let keys: Vec<_> = fleet.table.values().filter(|row| row.checkpoint != Checkpoint::ShardEnd && row.owner.is_some()).map(|row| row.key.clone()).collect();
                       if let Some(key) = (!keys.is_empty()).then(|| which.get(&keys)) { fleet.table.get_mut(key).unwrap().diverted = BTreeSet::from(["k".to_owned()]); } }
                _ => {}
            }
        }
        fleet.run_for(secs(30));
        if fleet.loads().is_empty() { start(&mut fleet); }
        fleet.lost = None;
        fleet.wait_for(secs(90), Fleet::is_even);
        fleet.run_for(secs(10));
        let switches = fleet.switches.len();
        fleet.run_for(secs(20));
        prop_assert_eq!(fleet.switches.len(), switches, "nothing moves to and fro");
    }
}
