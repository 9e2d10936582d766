//! The schedule against a naive model: order per key, never more than may run, everybody's turn, nothing kept.

#![cfg(not(tidegate_loom))]

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use tidegate_lanes::{Concurrency, Schedule, Turn};

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Next,
    Finish(prop::sample::Index),
    Delay(prop::sample::Index, u64),
    TakeBehind(prop::sample::Index),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8).prop_map(Step::Push),
        4 => Just(Step::Next),
        3 => any::<prop::sample::Index>().prop_map(Step::Finish),
        1 => (any::<prop::sample::Index>(), 0..50_u64).prop_map(|(which, delay)| Step::Delay(which, delay)),
        1 => any::<prop::sample::Index>().prop_map(Step::TakeBehind),
        1 => (0..30_u64).prop_map(Step::Wait),
    ];
    vec(step, 1..400)
}

fn concurrency() -> impl Strategy<Value = Concurrency> {
    prop_oneof![
        Just(Concurrency::Serial),
        (1..5_usize).prop_map(Concurrency::per_key),
        (1..5_usize).prop_map(Concurrency::unordered),
    ]
}

/// What may not be overtaken: items of one lane.
fn lane(concurrency: Concurrency, key: u8, item: u32) -> u32 {
    match concurrency {
        Concurrency::Serial => 0,
        Concurrency::Unordered(_) => item,
        _ => u32::from(key),
    }
}

/// What a lane of the model holds.
#[derive(Default)]
struct Model {
    items: VecDeque<(u8, u32)>,
    running: bool,
    not_before: u64,
    /// Turns that others got since it was ready.
    passed_over: usize,
}

proptest! {
    #[test]
    fn it_is_the_model(concurrency in concurrency(), steps in steps()) {
        let mut schedule = Schedule::new(concurrency);
        let mut model: BTreeMap<u32, Model> = BTreeMap::new();
        let mut running: Vec<(u32, u8, u32, Turn)> = Vec::new();
        let (mut now, mut pushed) = (0, 0);
        let at = Duration::from_millis;
        for step in steps {
            match step {
                Step::Push(key) => {
                    schedule.push(key, pushed);
                    model.entry(lane(concurrency, key, pushed)).or_default().items.push_back((key, pushed));
                    pushed += 1;
                }
                Step::Wait(more) => now += more,
                Step::Finish(which) if !running.is_empty() => {
                    let (lane, _, _, turn) = running.swap_remove(which.index(running.len()));
                    schedule.finish(turn);
                    let held = model.entry(lane).or_default();
                    (held.running, held.passed_over, held.not_before) = (false, 0, 0);
                    model.retain(|_, held| held.running || !held.items.is_empty());
                }
                Step::Delay(which, delay) if !running.is_empty() => {
                    let (lane, key, item, turn) = running.swap_remove(which.index(running.len()));
                    schedule.delay(turn, item, at(now + delay));
                    let held = model.entry(lane).or_default();
                    (held.running, held.passed_over, held.not_before) = (false, 0, now + delay);
                    held.items.push_front((key, item));
                }
                Step::TakeBehind(which) if !running.is_empty() => {
                    let (lane, .., turn) = &running[which.index(running.len())];
                    let behind = model.entry(*lane).or_default().items.drain(..).map(|(_, item)| item);
                    prop_assert_eq!(schedule.take_behind(turn), behind.collect::<Vec<_>>());
                }
                Step::Next => {
                    let may_run = |held: &Model| !held.running && held.not_before <= now && !held.items.is_empty();
                    let ready = model.values().filter(|held| may_run(held)).count();
                    let has_room = running.len() < concurrency.at_once().get();
                    let next = schedule.next(at(now));
                    prop_assert_eq!(next.is_some(), has_room && ready > 0, "whoever may run does");
                    if let Some((turn, item)) = next {
                        let key = schedule.key(&turn).copied();
                        let found = model.iter_mut().find(|(_, held)| held.items.front().is_some_and(|it| it.1 == item));
                        let Some((&lane, held)) = found else { panic!("{item} is not the oldest of its lane") };
                        prop_assert!(may_run(held));
                        prop_assert_eq!(held.items.pop_front(), key.map(|key| (key, item)));
                        held.running = true;
                        running.push((lane, key.unwrap_or_default(), item, turn));
                        for (_, held) in model.iter_mut().filter(|(_, held)| may_run(held)) {
                            held.passed_over += 1;
                            // Each lane that was ready before it, once.
                            prop_assert!(held.passed_over <= pushed as usize);
                            if matches!(concurrency, Concurrency::PerKey(_)) {
                                prop_assert!(held.passed_over < 6 + concurrency.at_once().get());
                            }
                        }
                    }
                }
                Step::Finish(_) | Step::Delay(..) | Step::TakeBehind(_) => {}
            }
            prop_assert_eq!(schedule.running(), running.len());
            prop_assert!(running.len() <= concurrency.at_once().get());
            prop_assert_eq!(schedule.queued(), model.values().map(|held| held.items.len()).sum::<usize>());
            prop_assert_eq!(schedule.lanes(), model.len(), "nothing is kept for an idle key");
        }
        // All that is left runs in a bounded number of turns.
        for (.., turn) in running {
            schedule.finish(turn);
        }
        for _ in 0..schedule.queued() {
            let Some((turn, _)) = schedule.next(Duration::MAX) else { panic!("nobody runs, and {schedule:?}") };
            schedule.finish(turn);
        }
        prop_assert_eq!((schedule.queued(), schedule.running(), schedule.lanes()), (0, 0, 0));
        prop_assert!(schedule.next(Duration::MAX).is_none());
    }
}

/// A key with a million items does not keep the others waiting.
#[test]
fn a_busy_key_gets_one_turn_in_a_round() {
    let mut schedule = Schedule::new(Concurrency::per_key(1));
    for _ in 0..100_000 {
        schedule.push("busy", ());
    }
    for _ in 0..3 {
        schedule.push("rare", ());
    }
    let mut order = Vec::new();
    while let Some((turn, ())) = schedule.next(Duration::ZERO) {
        order.extend(schedule.key(&turn).filter(|_| order.len() < 6).copied());
        schedule.finish(turn);
    }
    assert_eq!(order, ["busy", "rare", "busy", "rare", "busy", "rare"]);
}
