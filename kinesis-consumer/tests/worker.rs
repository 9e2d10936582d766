//! Several workers share the leases of a stream: how fast, how evenly, and what is lost.

#![allow(
    clippy::unwrap_used,
    clippy::unchecked_time_subtraction,
    clippy::large_enum_variant,
    clippy::struct_excessive_bools,
    reason = "a test stops where its setting fails, and moves little"
)]

mod fleet;

use std::{collections::BTreeSet, time::Duration};

use fleet::{EPOCH, Fleet, id, millis, secs, settings};
use proptest::prelude::*;
use tidegate_kinesis_consumer::{
    Checkpoint, HashRange, Position, Shard,
    lease::{self, Answer, Lease, Timestamp, Unavailable, WorkerId},
    worker::{Action, Event, InitialPosition, Listed, Settings, Worker},
};

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

/// A scan that is late with each row for itself lacked the leases of the parents, which were deleted, and that of the child,
/// which was made: a second worker began with the parents again.
#[test]
fn after_a_split_an_empty_scan_is_not_believed_at_once() {
    let mut worker = Worker::new(worker(0), Duration::ZERO);
    let shard = |number, parents: &[u64], closed| Shard {
        id: id(number),
        parents: parents.iter().map(|parent| id(*parent)).collect(),
        hash_range: HashRange::ALL,
        closed,
        first_sequence: None,
    };
    let shards = vec![shard(0, &[], true), shard(1, &[0], false)];
    worker.handle(millis(1), Event::Fleet(lease::Fleet::Alone));
    worker.handle(millis(2), Event::Listed { asked: millis(1), answer: Listed::Shards(shards) });
    let mut creates = |asked| {
        worker.handle(asked + millis(2), Event::Scanned { asked, answer: Ok(Vec::new()) });
        std::iter::from_fn(|| worker.next(asked + millis(3))).any(|it| matches!(it, Action::Create(_)))
    };
    assert!(!creates(millis(10)) && !creates(secs(2)));
    assert!(creates(secs(4)), "then it is new");
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
fn what_is_released_while_others_drain_is_taken_up_at_once() {
    let mut fleet = Fleet::new(16, 24);
    fleet.tick = secs(3);
    fleet.start(worker(0));
    fleet.start(worker(1));
    fleet.wait_for(secs(20), Fleet::is_even);
    fleet.run_for(secs(10));
    fleet.shut_down(1);
    let mut free = std::collections::BTreeMap::new();
    while !fleet.hosts[1].finished {
        fleet.run_for(millis(50));
        for row in fleet.table.values() {
            let since = *free.entry(row.key.clone()).or_insert(fleet.now);
            match row.owner {
                None => assert!(fleet.now - since <= millis(600), "{} since {since:?}", row.key),
                Some(_) => drop(free.insert(row.key.clone(), fleet.now)),
            }
        }
    }
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

/// A process took the leases of its twin for nobody's, asked for a share of its own, and leases moved without end.
#[test]
fn two_processes_of_one_name_have_one_share() {
    for seed in 0..8 {
        let mut fleet = Fleet::new(6, seed);
        fleet.start(settings("one", 1));
        fleet.start(settings("other", 2));
        fleet.run_for(secs(10));
        fleet.start(settings("one", 3));
        fleet.start(settings("new", 4));
        fleet.run_for(secs(10));
        let (switches, loads) = (fleet.switches.len(), fleet.loads());
        assert_eq!((loads[0] + loads[2], loads[1], loads[3]), (2, 2, 2), "{loads:?}");
        fleet.run_for(secs(30));
        assert_eq!((fleet.switches.len(), fleet.loads()), (switches, loads));
    }
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

/// The fleet itself asserts that no shard runs twice.
#[test]
fn who_cannot_reach_the_table_stops_before_another_begins() {
    let mut fleet = Fleet::new(8, 23);
    fleet.start(worker(0));
    fleet.start(worker(1));
    fleet.wait_for(secs(10), Fleet::is_even);
    fleet.hosts[0].cut_off = true;
    let took = fleet.wait_for(secs(20), |fleet| fleet.loads() == [0, 8]);
    assert!(took <= secs(11), "{took:?}");
    fleet.hosts[0].cut_off = false;
    fleet.wait_for(secs(5), Fleet::is_even);
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

/// There are not enough to renew all of them: as many as there can be are kept, and none comes and goes.
#[test]
fn a_tenth_of_the_write_units_keeps_the_leases_that_it_can() {
    let mut fleet = Fleet::new(100, 13);
    fleet.start(worker(0));
    fleet.run_for(secs(10));
    fleet.units = Some(4);
    fleet.run_for(secs(60));
    let runs = fleet.runs.len();
    fleet.run_for(secs(60));
    assert_eq!(fleet.runs.len(), runs, "none comes and goes");
    // Each is renewed within nine and a half seconds.
    assert!((34..=38).contains(&fleet.running()), "{}", fleet.running());
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

/// Who had it made it anew, waited for the answer in vain, and meanwhile found that it was lacking: it began again.
#[test]
fn who_has_a_lease_that_was_deleted_makes_it_as_it_was() {
    fn next(worker: &mut Worker, millis: u64) -> Vec<Action> {
        std::iter::from_fn(|| worker.next(Duration::from_millis(millis))).collect()
    }
    fn scan(worker: &mut Worker, asked: u64) {
        worker.handle(millis(asked), Event::Scanned { asked: millis(asked), answer: Ok(Vec::new()) });
    }
    fn list(worker: &mut Worker, asked: u64) {
        let shard = Shard {
            id: id(0),
            parents: BTreeSet::new(),
            hash_range: HashRange::ALL,
            closed: false,
            first_sequence: None,
        };
        worker.handle(
            millis(asked),
            Event::Listed { asked: millis(asked), answer: Listed::Shards(vec![shard]) },
        );
    }
    let mut worker = Worker::new(worker(0), Duration::ZERO);
    assert_eq!(next(&mut worker, 0), [Action::Scan, Action::List]);
    scan(&mut worker, 0);
    list(&mut worker, 0);
    let [Action::Create(lease)] = &next(&mut worker, 0)[..] else { panic!("makes it") };
    let answer = Ok(Answer::Done(lease.clone()));
    worker.handle(Duration::ZERO, Event::Created { lease: lease.clone(), asked: Duration::ZERO, answer });
    let [Action::Run { run, .. }] = next(&mut worker, 0)[..] else { panic!("runs it") };
    let checkpoint = Checkpoint::At(Position::default());
    worker.handle(
        millis(10),
        Event::Progress { key: id(0), run, checkpoint, diverted: BTreeSet::new(), bytes: 0, waiting: false },
    );
    let actions = next(&mut worker, 3500);
    let Some(Action::Change(change)) = actions.iter().find(|action| **action != Action::Scan) else {
        panic!("writes it: {actions:?}")
    };
    let answer = Ok(Answer::Refused(None));
    worker.handle(millis(3510), Event::Changed { change: change.clone(), asked: millis(3500), answer });
    let [Action::Create(anew)] = &next(&mut worker, 3510)[..] else { panic!("makes it anew") };
    assert_eq!(anew.checkpoint, checkpoint);
    scan(&mut worker, 3500);
    assert_eq!(next(&mut worker, 4010), [Action::Scan, Action::List]);
    scan(&mut worker, 4010);
    let answer = Err(Unavailable::new("lost"));
    worker.handle(millis(4100), Event::Created { lease: anew.clone(), asked: millis(3510), answer });
    list(&mut worker, 4100);
    for at in [4100, 4200] {
        assert_eq!(next(&mut worker, at), [], "waits before it tries again");
    }
}

/// A write that was held up was made after its lease had been deleted and made anew, and the counters had met.
#[test]
fn a_lease_that_is_made_anew_is_beyond_the_writes_of_the_old() {
    let mut fleet = Fleet::new(8, 26);
    fleet.start(worker(0));
    fleet.run_for(secs(30));
    fleet.kill(0);
    let old = fleet.table.remove(&id(5)).unwrap();
    let mut settings = worker(1);
    settings.epoch = Timestamp(EPOCH.0 + 30_000);
    fleet.start(settings);
    fleet.wait_for(secs(60), |fleet| fleet.table.contains_key(&id(5)));
    assert!(fleet.table[&id(5)].counter > old.counter);
}

/// A KCL of 2.x in Java: it renews by the counter, and leaves our attributes as they are.
fn renew_as_java(fleet: &mut Fleet) {
    for row in fleet.table.values_mut().filter(|row| row.owner == Some(WorkerId::from("java"))) {
        row.counter += 1;
    }
}

fn java_has(fleet: &Fleet) -> usize {
    fleet.table.values().filter(|row| row.owner == Some(WorkerId::from("java"))).count()
}

fn java_table(fleet: &mut Fleet) {
    for (key, stock) in &fleet.shards {
        let mut lease = Lease::unowned(key.clone(), Checkpoint::TrimHorizon);
        lease.owner = Some(WorkerId::from("java"));
        lease.hash_range = Some(stock.shard.hash_range);
        lease.counter = 7;
        fleet.table.insert(key.clone(), lease);
    }
}

#[test]
fn half_is_taken_from_a_kcl_2() {
    let mut fleet = Fleet::new(8, 13);
    java_table(&mut fleet);
    let host = fleet.start(worker(0));
    fleet.tell(host, Event::Fleet(lease::Fleet::Kcl2));
    for _ in 0..20 {
        fleet.run_for(secs(3));
        renew_as_java(&mut fleet);
    }
    assert_eq!((java_has(&fleet), fleet.loads()), (4, vec![4]));
}

#[test]
fn a_kcl_3_says_who_has_what() {
    let mut fleet = Fleet::new(8, 14);
    java_table(&mut fleet);
    let host = fleet.start(worker(0));
    fleet.tell(host, Event::Fleet(lease::Fleet::Kcl3));
    // Even what nobody renews is left to its leader.
    fleet.run_for(secs(30));
    assert_eq!((java_has(&fleet), fleet.loads()), (8, vec![0]));
    // Its leader assigns one.
    let row = fleet.table.get_mut(&id(3)).unwrap();
    row.owner = Some(WorkerId::from("worker-0"));
    row.counter += 1;
    let took = fleet.wait_for(secs(2), |fleet| fleet.loads() == [1]);
    assert!(took < millis(700), "{took:?}");
    fleet.run_for(secs(5));
    // And gives it to another: we finish, checkpoint, and end the handover.
    let row = fleet.table.get_mut(&id(3)).unwrap();
    row.owner = Some(WorkerId::from("java"));
    row.checkpoint_owner = Some(WorkerId::from("worker-0"));
    fleet.wait_for(secs(2), |fleet| fleet.table[&id(3)].checkpoint_owner.is_none());
    let row = &fleet.table[&id(3)];
    assert_eq!(row.owner, Some(WorkerId::from("java")));
    let processed = Position { sub_sequence: fleet.shards[&id(3)].processed, ..Position::default() };
    assert_eq!(row.checkpoint, Checkpoint::At(processed));
    assert_eq!(fleet.loads(), [0]);
}

#[test]
fn a_handover_to_a_worker_that_dies_is_taken_up() {
    let mut fleet = Fleet::new(1, 15);
    fleet.start(worker(0));
    fleet.run_for(secs(5));
    let row = fleet.table.get_mut(&id(0)).unwrap();
    row.checkpoint_owner = row.owner.replace(WorkerId::from("nobody"));
    fleet.wait_for(secs(3), |fleet| fleet.loads() == [0]);
    let took = fleet.wait_for(secs(12), |fleet| fleet.loads() == [1]);
    assert!(took > secs(9), "{took:?}");
}

#[test]
fn a_handover_that_is_called_off_changes_nothing() {
    let mut fleet = Fleet::new(1, 16);
    fleet.start(worker(0));
    fleet.run_for(secs(5));
    let row = fleet.table.get_mut(&id(0)).unwrap();
    row.checkpoint_owner = row.owner.replace(WorkerId::from("nobody"));
    fleet.wait_for(secs(3), |fleet| fleet.hosts[0].is_draining(&id(0)));
    let row = fleet.table.get_mut(&id(0)).unwrap();
    row.owner = row.checkpoint_owner.take();
    fleet.wait_for(secs(1), |fleet| fleet.loads() == [0]);
    fleet.wait_for(secs(1), |fleet| fleet.loads() == [1]);
    assert_eq!(fleet.repeated, 0);
}

#[test]
fn a_handler_that_hangs_holds_nobody_up_for_longer_than_the_drain() {
    let mut fleet = Fleet::new(2, 17);
    let mut settings = worker(0);
    settings.drain = secs(5);
    fleet.start(settings);
    fleet.start(worker(1));
    fleet.wait_for(secs(10), |fleet| fleet.loads() == [1, 1]);
    fleet.hosts[0].hangs = true;
    fleet.run_for(secs(1));
    fleet.shut_down(0);
    let took = fleet.wait_for(secs(20), |fleet| fleet.loads() == [2]);
    assert!(took > secs(5) && took < secs(6), "{took:?}");
    assert!(fleet.hosts[0].finished);
}

#[test]
fn the_newest_record_is_a_time() {
    let mut fleet = Fleet::new(2, 18);
    let mut settings = worker(0);
    settings.initial = InitialPosition::Latest;
    fleet.run_for(secs(3));
    settings.epoch = Timestamp(EPOCH.0 + 3000);
    fleet.start(settings);
    fleet.run_for(millis(50));
    let row = &fleet.table[&id(0)];
    assert_eq!(row.checkpoint, Checkpoint::Latest);
    let at = row.started_at.unwrap().0 - EPOCH.0;
    assert!((3000..3050).contains(&at), "{at}");
}

#[test]
fn what_was_diverted_is_durable_first_and_inherited() {
    let mut fleet = Fleet::new(1, 19);
    fleet.start(worker(0));
    fleet.run_for(secs(5));
    fleet.divert(0, &id(0), "poison");
    fleet.run_for(secs(4));
    let keys = |row: &Lease| row.diverted.iter().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&fleet.table[&id(0)]), ["poison"]);
    fleet.divert(0, &id(0), "late");
    fleet.reshard(&[0], &[1, 2]);
    fleet.wait_for(secs(5), |fleet| fleet.running() == 2);
    assert_eq!(keys(&fleet.table[&id(1)]), ["late", "poison"]);
    assert_eq!(keys(&fleet.table[&id(2)]), ["late", "poison"]);

    // An operator restores one.
    fleet.table.get_mut(&id(1)).unwrap().diverted.remove("poison");
    fleet.run_for(secs(4));
    assert_eq!(fleet.hosts[0].diverted(&id(1)), ["late"]);
    assert_eq!(fleet.hosts[0].diverted(&id(2)), ["late", "poison"]);
}

#[test]
fn a_child_of_two_inherits_from_both() {
    let mut fleet = Fleet::new(2, 20);
    fleet.start(worker(0));
    fleet.start(worker(1));
    fleet.wait_for(secs(10), |fleet| fleet.loads() == [1, 1]);
    for host in 0..2 {
        let key = fleet.hosts[host].keys().remove(0);
        fleet.divert(host, &key, &format!("of-{key}"));
    }
    fleet.reshard(&[0, 1], &[2]);
    let owner = |fleet: &Fleet| fleet.hosts.iter().position(|host| host.keys() == [id(2)]);
    fleet.wait_for(secs(10), |fleet| owner(fleet).is_some());
    let owner = owner(&fleet).unwrap();
    assert_eq!(fleet.hosts[owner].diverted(&id(2)), ["of-shardId-000000000000", "of-shardId-000000000001"]);
}

/// A KCL in Java knows of no diverted keys, and makes its children without.
#[test]
fn a_child_of_a_parent_that_another_ended_inherits_too() {
    let mut fleet = Fleet::new(1, 26);
    fleet.reshard(&[0], &[1]);
    let ended = fleet.shards.get_mut(&id(0)).unwrap();
    ended.processed = ended.records;
    let mut parent = Lease::unowned(id(0), Checkpoint::ShardEnd);
    parent.children.insert(id(1));
    parent.diverted.insert("k".to_owned());
    let mut child = Lease::unowned(id(1), Checkpoint::TrimHorizon);
    child.parents.insert(id(0));
    for mut row in [parent, child] {
        row.hash_range = Some(HashRange::ALL);
        fleet.table.insert(row.key.clone(), row);
    }
    fleet.start(worker(0));
    fleet.wait_for(secs(10), |fleet| fleet.loads() == [1]);
    assert_eq!(fleet.hosts[0].diverted(&id(1)), ["k"], "before its first record");
    fleet.run_for(secs(5));
    assert!(fleet.table[&id(1)].diverted.contains("k"), "durably");
}

#[test]
fn weights_and_bounds_are_kept() {
    let mut fleet = Fleet::new(12, 21);
    let mut heavy = worker(0);
    heavy.weight = 2;
    fleet.start(heavy);
    fleet.start(worker(1));
    fleet.wait_for(secs(10), |fleet| fleet.loads() == [8, 4]);
    let mut bounded = worker(2);
    bounded.max_leases = 1;
    fleet.start(bounded);
    fleet.wait_for(secs(10), |fleet| fleet.loads()[2] == 1);
    fleet.run_for(secs(20));
    assert_eq!((fleet.running(), fleet.loads()[2]), (12, 1));
    // What one may not have goes to the other.
    fleet.kill(0);
    fleet.wait_for(secs(20), |fleet| fleet.loads() == [11, 1]);
}

#[test]
fn a_run_that_gives_up_is_tried_again_later() {
    let mut fleet = Fleet::new(1, 22);
    fleet.start(worker(0));
    fleet.run_for(secs(5));
    fleet.give_up(0, &id(0));
    fleet.run_for(secs(1));
    assert_eq!(fleet.table[&id(0)].owner, None);
    let took = fleet.wait_for(secs(15), |fleet| fleet.loads() == [1]);
    assert!(took > secs(8), "{took:?}");
    assert_eq!(fleet.repeated, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() })]

    /// However many, the leases are shared out evenly, and then rest.
    #[test]
    fn shares_settle(shards in 1_u64..100, workers in 1_usize..10, seed in any::<u64>()) {
        let mut fleet = Fleet::new(shards, seed);
        fleet.tick = secs(1);
        for number in 0..workers {
            fleet.start(worker(number));
        }
        fleet.wait_for(secs(60), Fleet::is_even);
        fleet.run_for(secs(3));
        let switches = fleet.switches.len();
        fleet.run_for(secs(10));
        prop_assert_eq!(fleet.switches.len(), switches);
        prop_assert_eq!(fleet.repeated, 0);
    }

    /// Whatever happens, nothing is lost, nothing runs twice, and in the end all is shared out.
    #[test]
    fn survives(script in prop::collection::vec((0_u8..7, any::<prop::sample::Index>(), 100_u64..12_000), 1..20), lost in prop::option::of(5_u32..40), late in 0_u64..3000, seed in any::<u64>()) {
        let mut fleet = Fleet::new(6, seed);
        fleet.lost = lost;
        fleet.late = millis(late);
        let mut next_worker = 0;
        let mut next_shard = 6;
        let mut start = |fleet: &mut Fleet| { next_worker += 1; fleet.start(worker(next_worker)) };
        start(&mut fleet);
        for (what, which, pause) in script {
            fleet.run_for(millis(pause));
            let up: Vec<_> = (0..fleet.hosts.len()).filter(|i| fleet.hosts[*i].alive && !fleet.hosts[*i].finished).collect();
            let mut open: Vec<_> = fleet.shards.values().filter(|stock| !stock.shard.closed).map(|stock| stock.shard.clone()).collect();
            open.sort_by_key(|shard| shard.hash_range);
            let number = |shard: &Shard| shard.id.as_str()[8..].parse::<u64>().unwrap();
            match what {
                0 => { start(&mut fleet); }
                1 if up.len() > 1 => fleet.kill(up[which.index(up.len())]),
                2 if up.len() > 1 => fleet.shut_down(up[which.index(up.len())]),
                3 if !up.is_empty() => fleet.freeze(up[which.index(up.len())], millis(pause * 2)),
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
        fleet.late = Duration::ZERO;
        fleet.wait_for(secs(90), Fleet::is_even);
        fleet.run_for(secs(10));
        let switches = fleet.switches.len();
        fleet.run_for(secs(20));
        prop_assert_eq!(fleet.switches.len(), switches, "nothing moves to and fro");
    }
}
