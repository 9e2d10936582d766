//! Work in flight never exceeds the budget, nothing of it gets lost, and whoever waits is served in turn.

#![cfg(not(tidegate_loom))]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use proptest::{collection::vec, prelude::*};
use tidegate_lanes::{Amount, Budget, Gate, Reservation, Slot};
use tokio::time::{Instant, sleep};

/// What is left of a reservation is free at once, what came of it when it is finished.
#[tokio::test]
async fn what_is_not_used_returns_at_once() {
    let budget = Budget::new(10, 1_000);
    let mut reservation = budget.reserve(10, 1_000).await;
    assert!(budget.try_reserve(1, 1).is_none());
    reservation.shrink(5, 600);
    assert_eq!((budget.in_use(), reservation.left()), (Amount::new(5, 600), Amount::new(5, 600)));
    let slots = [reservation.slot(100), reservation.slot(50)];
    assert_eq!(reservation.left(), Amount::new(3, 450));
    drop(reservation);
    assert_eq!((budget.in_use(), budget.available()), (Amount::new(2, 150), Amount::new(8, 850)));
    drop(slots);
    assert_eq!(budget.in_use(), Amount::NONE);
}

/// A response that is larger than what was asked for is in flight all the same; nothing new is until it is worked off.
#[tokio::test]
async fn what_was_taken_too_much_is_owed() {
    let budget = Budget::new(2, 100);
    let mut reservation = budget.reserve(1, 10).await;
    let slots = [reservation.slot(70), reservation.slot(80), reservation.slot(0)];
    assert_eq!((budget.in_use(), budget.available()), (Amount::new(3, 150), Amount::NONE));
    let [first, second, third] = slots;
    drop(second);
    assert!(budget.try_reserve(1, 1).is_none(), "two of two items are in flight");
    drop(third);
    assert!(budget.try_reserve(1, 31).is_none());
    assert!(budget.try_reserve(1, 30).is_some());
    drop(first);
}

/// One 10 MiB record, and a budget of one: neither stops its source for ever.
#[tokio::test]
async fn a_need_that_is_larger_than_the_budget_is_met_when_it_is_empty() {
    let budget = Budget::new(0, 0);
    assert_eq!(budget.limit(), Amount::new(1, 1));
    let large = budget.reserve(10, 10 << 20).await;
    assert!(budget.try_reserve(1, 0).is_none());
    let mut next = pin!(budget.reserve(10, 10 << 20));
    assert!(poll(next.as_mut()).is_none());
    drop(large);
    assert!(poll(next.as_mut()).is_some());
}

/// The one who needs much is not passed by those who need little.
#[tokio::test]
async fn the_line_is_served_in_turn() {
    let budget = Budget::new(10, 1_000);
    let held = budget.reserve(5, 0).await;
    let mut much = pin!(budget.reserve(8, 0));
    assert!(poll(much.as_mut()).is_none());
    let mut little = pin!(budget.reserve(1, 0));
    assert!(poll(little.as_mut()).is_none());
    assert!(budget.try_reserve(1, 0).is_none(), "somebody waits");
    assert_eq!(budget.waiting(), 2);
    drop(held);
    assert_eq!(poll(much.as_mut()).unwrap().left(), Amount::new(8, 0));
    assert!(poll(little.as_mut()).is_some());
}

/// Whoever gives up leaves the line to the others, also when his turn has come already.
#[tokio::test]
async fn giving_up_loses_nothing() {
    let budget = Budget::new(10, 1_000);
    for has_come in [false, true] {
        let held = budget.reserve(5, 0).await;
        let mut much = Box::pin(budget.reserve(8, 0));
        assert!(poll(much.as_mut()).is_none());
        let mut little = pin!(budget.reserve(3, 0));
        assert!(poll(little.as_mut()).is_none());
        if has_come {
            drop(held);
            drop(much);
            assert!(poll(little.as_mut()).is_some());
        } else {
            drop(much);
            assert!(poll(little.as_mut()).is_some(), "there is room for it beside what is held");
            drop(held);
        }
        assert_eq!((budget.in_use(), budget.waiting()), (Amount::NONE, 0));
    }
}

/// A poller takes what there is.
#[tokio::test]
async fn part_of_what_is_wanted_is_granted() {
    let budget = Budget::new(10, 1_000);
    let _held = budget.reserve(7, 900).await;
    let part = budget.reserve_up_to(10, 1 << 20).await;
    assert_eq!(part.left(), Amount::new(3, 100));
    let mut least = pin!(budget.reserve_between(Amount::new(2, 0), Amount::new(10, 0)));
    assert!(poll(least.as_mut()).is_none());
    drop(part);
    assert_eq!(poll(least.as_mut()).unwrap().left(), Amount::new(3, 0));
}

/// A shard's budget within the process's: both are taken, or none.
#[tokio::test]
async fn budgets_compose() {
    let process = Budget::new(10, 1_000);
    let shards = [Budget::new(6, 600).within(&process), Budget::new(6, 600).within(&process)];
    let first = shards[0].reserve(6, 100).await;
    assert_eq!((process.in_use(), shards[1].available()), (Amount::new(6, 100), Amount::new(4, 600)));
    let part = shards[1].reserve_up_to(6, 100).await;
    assert_eq!(part.left(), Amount::new(4, 100));
    assert_eq!(shards[1].in_use(), Amount::new(4, 100), "what the process did not grant is not held");
    let mut waits = pin!(shards[1].reserve(2, 0));
    assert!(poll(waits.as_mut()).is_none());
    drop(first);
    let mut all = poll(waits.as_mut()).unwrap();
    let slot = all.slot(10);
    drop((all, part));
    assert_eq!((process.in_use(), shards[1].in_use()), (Amount::new(1, 10), Amount::new(1, 10)));
    drop(slot);
    assert_eq!((process.in_use(), shards[1].in_use()), (Amount::NONE, Amount::NONE));
    let twice = shards[0].clone().within(&process).reserve(10, 0).await;
    assert_eq!(process.in_use().count, 10, "a budget does not wait for itself");
    drop(twice);
}

/// A rate lets a part through, and learns what was not used.
#[tokio::test]
async fn gates_are_passed_first() {
    #[derive(Debug, Default)]
    struct Rate(AtomicUsize);

    #[async_trait]
    impl Gate for Rate {
        async fn pass(&self, _: Amount, most: Amount) -> Amount {
            self.0.fetch_add(3, Ordering::Relaxed);
            Amount::new(3, most.bytes)
        }

        fn unused(&self, amount: Amount) {
            self.0.fetch_sub(amount.count, Ordering::Relaxed);
        }
    }

    let rate = Arc::new(Rate::default());
    let budget = Budget::new(2, 1_000).behind(Arc::clone(&rate));
    let mut part = budget.reserve_up_to(10, 100).await;
    assert_eq!((part.left().count, rate.0.load(Ordering::Relaxed)), (2, 2));
    let slot = part.slot(1);
    drop(part);
    assert_eq!(rate.0.load(Ordering::Relaxed), 1);
    drop(slot);
    assert_eq!(rate.0.load(Ordering::Relaxed), 1, "what was fetched was fetched");
}

/// Many pollers of shards in one process: none starves, and the process holds what it may.
#[tokio::test(start_paused = true)]
async fn everybody_gets_through() {
    let process = Budget::new(10, 100);
    let served = Arc::new(Mutex::new(Vec::new()));
    let began = Instant::now();
    let pollers = (0..20).map(|poller| {
        let (budget, served) = (Budget::new(5, 50).within(&process), Arc::clone(&served));
        tokio::spawn(async move {
            for _ in 0..10 {
                let mut reservation = budget.reserve(5, 50).await;
                let slots: Vec<_> = (0..5).map(|_| reservation.slot(10)).collect();
                sleep(Duration::from_secs(1)).await;
                served.lock().unwrap().push(poller);
                drop(slots);
            }
        })
    });
    for poller in pollers.collect::<Vec<_>>() {
        poller.await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::from_secs(100), "two at a time, always");
    let served = served.lock().unwrap();
    for round in served.chunks(20) {
        assert_eq!(round.iter().collect::<std::collections::HashSet<_>>().len(), 20, "each once a round");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { shard: usize, least: (usize, usize), more: (usize, usize) },
    Poll { waiter: usize },
    GiveUp { waiter: usize },
    Shrink { reservation: usize, to: usize },
    Slot { reservation: usize, bytes: usize },
    Return { reservation: usize },
    Finish { slot: usize },
    Merge { slot: usize, into: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let amount = || (1..12_usize, 0..130_usize);
    prop_oneof![
        3 => (0..2_usize, amount(), amount()).prop_map(|(shard, least, more)| Step::Reserve { shard, least, more }),
        3 => (0..8_usize).prop_map(|waiter| Step::Poll { waiter }),
        1 => (0..8_usize).prop_map(|waiter| Step::GiveUp { waiter }),
        1 => (0..8_usize, 0..5_usize).prop_map(|(reservation, to)| Step::Shrink { reservation, to }),
        3 => (0..8_usize, 0..60_usize).prop_map(|(reservation, bytes)| Step::Slot { reservation, bytes }),
        2 => (0..8_usize).prop_map(|reservation| Step::Return { reservation }),
        3 => (0..16_usize).prop_map(|slot| Step::Finish { slot }),
        1 => (0..16_usize, 0..16_usize).prop_map(|(slot, into)| Step::Merge { slot, into }),
    ]
}

type Waiter = (usize, Amount, Pin<Box<dyn Future<Output = Reservation>>>);

proptest! {
    /// What the budget says is in use is what reservations and slots hold, whatever happens; it is never more than
    /// the limit and what came too much; and when all is back, everybody who waits is served.
    #[test]
    fn nothing_is_lost_or_made(steps in vec(step(), 1..120)) {
        let process = Budget::new(12, 120);
        let shards = [Budget::new(8, 80).within(&process), Budget::new(8, 80).within(&process)];
        let mut waiters: Vec<Waiter> = Vec::new();
        let mut reservations: Vec<(usize, Reservation)> = Vec::new();
        let mut slots: Vec<(usize, Slot)> = Vec::new();
        // What slots took beyond their reservations, and the one item that is larger than the budget.
        let (mut over, mut oversize) = (0, 0);
        for step in steps {
            match step {
                Step::Reserve { shard, least, more } => {
                    let least = Amount::new(least.0, least.1);
                    let most = Amount::new(least.count + more.0, least.bytes + more.1);
                    let budget = shards[shard].clone();
                    waiters.push((shard, least, Box::pin(async move { budget.reserve_between(least, most).await })));
                }
                Step::Poll { waiter } if waiter < waiters.len() => {
                    let (shard, least, future) = &mut waiters[waiter];
                    if let Some(reservation) = poll(future.as_mut()) {
                        let left = reservation.left();
                        prop_assert!(left.count >= least.count && left.bytes >= least.bytes);
                        oversize = oversize.max(least.bytes.saturating_sub(120));
                        reservations.push((*shard, reservation));
                        drop(waiters.remove(waiter));
                    }
                }
                Step::GiveUp { waiter } if waiter < waiters.len() => drop(waiters.remove(waiter)),
                Step::Shrink { reservation, to } if reservation < reservations.len() => {
                    reservations[reservation].1.shrink(to, to * 10);
                }
                Step::Slot { reservation, bytes } if reservation < reservations.len() => {
                    let (shard, reservation) = &mut reservations[reservation];
                    over += bytes.saturating_sub(reservation.left().bytes);
                    slots.push((*shard, reservation.slot(bytes)));
                }
                Step::Return { reservation } if reservation < reservations.len() => {
                    drop(reservations.remove(reservation));
                }
                Step::Finish { slot } if slot < slots.len() => drop(slots.remove(slot)),
                Step::Merge { slot, into } if slot < slots.len() && into + 1 < slots.len() => {
                    let (_, merged) = slots.remove(slot);
                    slots[into].1.merge(merged);
                }
                _ => {}
            }
            let mut all = Amount::NONE;
            for (index, shard) in shards.iter().enumerate() {
                let reserved = reservations.iter().filter(|it| it.0 == index).map(|it| it.1.left());
                let held = slots.iter().filter(|it| it.0 == index).map(|it| it.1.amount());
                let held = reserved.chain(held).fold(Amount::NONE, |sum, it| {
                    Amount::new(sum.count + it.count, sum.bytes + it.bytes)
                });
                let used = shard.in_use();
                // Whoever waits for the process, or was served and has not looked, holds his shard's.
                prop_assert!(used.count >= held.count && used.bytes >= held.bytes);
                if !waiters.iter().any(|it| it.0 == index) {
                    prop_assert_eq!(used, held);
                }
                all = Amount::new(all.count + held.count, all.bytes + held.bytes);
            }
            prop_assert!(all.bytes <= 120 + over + oversize, "{} and {over}, {oversize}", all.bytes);
            prop_assert!(process.in_use().bytes >= all.bytes);
        }
        drop((reservations, slots));
        while !waiters.is_empty() {
            let before = waiters.len();
            waiters.retain_mut(|(_, _, future)| poll(future.as_mut()).is_none());
            prop_assert!(waiters.len() < before, "{before} wait for an idle budget");
        }
        prop_assert_eq!((process.in_use(), process.waiting()), (Amount::NONE, 0));
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Option<F::Output> {
    match Future::poll(future, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
