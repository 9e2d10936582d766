//! Where threads meet: every interleaving of a waker and the lanes, and of those who share a budget.
//!
//! `RUSTFLAGS="--cfg tidegate_loom" cargo test -p tidegate-lanes --release --test loom --target-dir target/loom`

#![cfg(tidegate_loom)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
};

use loom::{
    future::block_on,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};
use tidegate_lanes::{Amount, Attempt, Budget, Concurrency, Envelope, Item, Lanes, Policy};

#[derive(Clone)]
struct Signalled(Arc<Signal>);

impl Item for Signalled {
    fn envelope(&self) -> Envelope {
        Envelope::default()
    }
}

/// What a handler waits for and another thread gives: a number of steps, each with a wake.
struct Signal {
    given: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    fn new() -> Arc<Self> {
        Arc::new(Self { given: AtomicUsize::new(0), waker: Mutex::new(None) })
    }

    /// The wake comes after the step, as is every waker's duty; one that nobody waits for is not given.
    fn give(&self) {
        self.given.fetch_add(1, Ordering::Release);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn reached(&self, steps: usize) {
        poll_fn(|cx| {
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            if self.given.load(Ordering::Acquire) < steps { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// No wake is lost, whenever it comes: before the lanes park, while they do, or after.
#[test]
fn a_wake_is_never_lost() {
    loom::model(|| {
        let signal = Signal::new();
        let handler = async |it: Signalled, _: Attempt| {
            it.0.reached(1).await;
            it.0.reached(2).await;
            Ok(())
        };
        let mut lanes = Lanes::new(Concurrency::Serial, Policy::default(), handler);
        lanes.push((), Signalled(Arc::clone(&signal)), ());
        let other = thread::spawn(move || {
            signal.give();
            signal.give();
        });
        block_on(async { assert!(lanes.next().await.unwrap().is_ok() && lanes.is_empty()) });
        other.join().unwrap();
    });
}

/// Two handlers, woken by two threads: both finish.
#[test]
fn two_wakers_reach_two_handlers() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let signals = [Signal::new(), Signal::new()];
        let handler = async |it: Signalled, _: Attempt| {
            it.0.reached(1).await;
            Ok(())
        };
        let mut lanes = Lanes::new(Concurrency::per_key(2), Policy::default(), handler);
        let threads = signals.map(|signal| {
            lanes.push(lanes.len(), Signalled(Arc::clone(&signal)), ());
            thread::spawn(move || signal.give())
        });
        block_on(async {
            assert!(lanes.next().await.unwrap().is_ok());
            assert!(lanes.next().await.unwrap().is_ok());
        });
        threads.into_iter().for_each(|it| it.join().unwrap());
    });
}

/// A wake of a handler that is gone does no harm to the one that took its place.
#[test]
fn a_late_wake_is_harmless() {
    loom::model(|| {
        let signal = Signal::new();
        let (kept, late) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(false)));
        let handler = |it: Signalled, _: Attempt| {
            let (kept, late) = (Arc::clone(&kept), Arc::clone(&late));
            async move {
                // The first one ends at once, and leaves its waker to somebody.
                if !late.swap(true, Ordering::AcqRel) {
                    poll_fn(|cx| {
                        *kept.lock().unwrap() = Some(cx.waker().clone());
                        Poll::Ready(())
                    })
                    .await;
                    return Ok(());
                }
                it.0.reached(1).await;
                Ok(())
            }
        };
        let mut lanes = Lanes::new(Concurrency::Serial, Policy::default(), handler);
        lanes.push((), Signalled(Arc::clone(&signal)), 1);
        lanes.push((), Signalled(Arc::clone(&signal)), 2);
        block_on(async {
            assert_eq!(lanes.next().await.unwrap().unwrap().claim, 1);
            let waker = kept.lock().unwrap().take().unwrap();
            let other = thread::spawn(move || {
                waker.wake();
                signal.give();
            });
            assert_eq!(lanes.next().await.unwrap().unwrap().claim, 2);
            other.join().unwrap();
        });
    });
}

/// Two take all there is, one after the other: neither sleeps for ever, never both at once, and all of it comes back.
#[test]
fn a_budget_is_handed_on() {
    loom::model(|| {
        let budget = Budget::new(1, 10);
        let inside = Arc::new(AtomicUsize::new(0));
        let (its, others) = (budget.clone(), Arc::clone(&inside));
        let work = |budget: Budget, inside: Arc<AtomicUsize>| {
            block_on(async move {
                let mut reservation = budget.reserve(1, 10).await;
                assert_eq!(inside.fetch_add(1, Ordering::AcqRel), 0, "more than the budget");
                let slot = reservation.slot(5);
                drop(reservation);
                inside.fetch_sub(1, Ordering::AcqRel);
                drop(slot);
            });
        };
        let other = thread::spawn(move || work(its, others));
        work(budget.clone(), inside);
        other.join().unwrap();
        assert_eq!((budget.in_use(), budget.waiting()), (Amount::NONE, 0));
    });
}

/// Whoever gives up while his turn comes loses nothing of it.
#[test]
fn giving_up_races_with_being_served() {
    loom::model(|| {
        let budget = Budget::new(1, 10);
        let held = budget.try_reserve(1, 10).unwrap();
        let its = budget.clone();
        let other = thread::spawn(move || {
            let mut given_up = pin!(its.reserve(1, 10));
            let polled = given_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(polled);
        });
        drop(held);
        block_on(async { drop(budget.reserve(1, 1).await) });
        other.join().unwrap();
        assert_eq!((budget.in_use(), budget.waiting()), (Amount::NONE, 0));
    });
}
