//! [`Ready`]: which futures were woken. This is where threads meet.

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// Which futures were woken, and whom to wake for it.
#[derive(Debug)]
pub(super) struct Ready {
    /// A look at the list without its lock.
    any: AtomicBool,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    woken: Vec<u32>,
    /// The lanes' own waker, while they are parked.
    driver: Option<Waker>,
}

impl Ready {
    pub(super) fn new() -> Arc<Self> {
        let list = List { woken: Vec::new(), driver: None };
        Arc::new(Self { any: AtomicBool::new(false), list: Mutex::new(list) })
    }

    /// Exchanges an empty list for that of those who were woken.
    pub(super) fn take(&self, empty: &mut Vec<u32>) {
        if self.any.load(Ordering::Acquire) {
            let mut list = lock(&self.list);
            std::mem::swap(&mut list.woken, empty);
            self.any.store(false, Ordering::Relaxed);
        }
    }

    /// Whom to wake from now on. `false` if somebody was woken meanwhile.
    pub(super) fn park(&self, driver: &Waker) -> bool {
        let mut list = lock(&self.list);
        if !list.woken.is_empty() {
            return false;
        }
        match &mut list.driver {
            Some(waker) => waker.clone_from(driver),
            none => *none = Some(driver.clone()),
        }
        true
    }
}

/// What wakes the future at one index.
#[derive(Debug)]
pub(super) struct WakeOne {
    index: u32,
    /// It is on the list, and was not polled since.
    listed: AtomicBool,
    ready: Arc<Ready>,
}

impl WakeOne {
    pub(super) fn new(index: u32, ready: &Arc<Ready>) -> Arc<Self> {
        Arc::new(Self { index, listed: AtomicBool::new(false), ready: Arc::clone(ready) })
    }

    /// To be said before each poll that answers a wake: what wakes it from now on lists it anew.
    pub(super) fn unlist(&self) {
        // The swap sees what was written before each wake that found it listed.
        self.listed.swap(false, Ordering::AcqRel);
    }
}

impl Wake for WakeOne {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut list = lock(&self.ready.list);
        list.woken.push(self.index);
        self.ready.any.store(true, Ordering::Release);
        let driver = list.driver.take();
        drop(list);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}
