//! [`Obligations`]: how many answers are owed, and when none is.

#[cfg(not(tidegate_loom))]
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use std::{
    future::poll_fn,
    mem,
    task::{Poll, Waker},
};

#[cfg(tidegate_loom)]
use loom::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};
#[cfg(tidegate_loom)]
use std::sync::PoisonError;

/// How many answers are owed, and when none is.
///
/// What an answer leads to is counted before the answer itself is let go of, so that the count comes to zero when all
/// is quiet and never before.
#[derive(Debug)]
pub(crate) struct Obligations {
    open: AtomicUsize,
    /// Who waits for quiet.
    waiting: Mutex<Vec<Waker>>,
}

impl Default for Obligations {
    fn default() -> Self {
        Self { open: AtomicUsize::new(0), waiting: Mutex::new(Vec::new()) }
    }
}

impl Obligations {
    pub(crate) fn add(&self, count: usize) {
        self.open.fetch_add(count, Ordering::AcqRel);
    }

    pub(crate) fn release(&self, count: usize) {
        if count > 0 && self.open.fetch_sub(count, Ordering::AcqRel) == count {
            self.wake_all();
        }
    }

    /// Lets go of all that is owed.
    pub(crate) fn clear(&self) {
        self.open.store(0, Ordering::Release);
        self.wake_all();
    }

    fn wake_all(&self) {
        let waiting = mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Waits until nothing is owed.
    pub(crate) async fn settled(&self) {
        poll_fn(|cx| {
            // The count is read under the lock that whoever brings it to zero takes after that: no wake is lost.
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if self.open() == 0 {
                return Poll::Ready(());
            }
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// `RUSTFLAGS="--cfg tidegate_loom" cargo test -p tidegate-discovery --release --lib settle --target-dir target/loom`
#[cfg(all(test, tidegate_loom))]
mod loom_tests {
    use loom::{future::block_on, sync::Arc, thread};

    use super::*;

    /// The last child is registered while its parent ends, and somebody waits all the while.
    #[test]
    fn neither_early_nor_lost() {
        loom::model(|| {
            let owed = Arc::new(Obligations::default());
            let done = Arc::new(AtomicUsize::new(0));
            owed.add(1);
            let (parent, ended) = (Arc::clone(&owed), Arc::clone(&done));
            let parent = thread::spawn(move || {
                parent.add(1);
                let (child, done) = (Arc::clone(&parent), Arc::clone(&ended));
                let child = thread::spawn(move || {
                    done.fetch_add(1, Ordering::AcqRel);
                    child.release(1);
                });
                ended.fetch_add(1, Ordering::AcqRel);
                parent.release(1);
                child.join().expect("the child ends");
            });
            block_on(owed.settled());
            assert_eq!(done.load(Ordering::Acquire), 2, "settled before both had ended");
            parent.join().expect("the parent ends");
        });
    }

    /// Two wait, and both hear of it.
    #[test]
    fn all_who_wait_are_woken() {
        let mut model = loom::model::Builder::new();
        // Of three threads all interleavings would take hours; a lost wake needs one preemption or two.
        model.preemption_bound = Some(3);
        model.check(|| {
            let owed = Arc::new(Obligations::default());
            owed.add(1);
            let waiting = Arc::clone(&owed);
            let waiting = thread::spawn(move || block_on(waiting.settled()));
            let releasing = Arc::clone(&owed);
            let releasing = thread::spawn(move || releasing.release(1));
            block_on(owed.settled());
            waiting.join().expect("it is woken");
            releasing.join().expect("it releases");
        });
    }
}
