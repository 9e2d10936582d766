//! [`Obligations`]: how many answers are owed, and when none is.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many answers are owed, and when none is.
///
/// What an answer leads to is counted before the answer itself is let go of, so that the count comes to zero when all
/// is quiet and never before.
#[derive(Debug, Default)]
pub(crate) struct Obligations {
    open: AtomicUsize,
    quiet: Notify,
}

impl Obligations {
    pub(crate) fn add(&self, count: usize) {
        self.open.fetch_add(count, Ordering::AcqRel);
    }

    pub(crate) fn release(&self, count: usize) {
        if count > 0 && self.open.fetch_sub(count, Ordering::AcqRel) == count {
            self.quiet.notify_waiters();
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// Waits until nothing is owed.
    pub(crate) async fn settled(&self) {
        loop {
            // Registered before the count is read: what comes to zero in between is heard.
            let quiet = self.quiet.notified();
            let mut quiet = std::pin::pin!(quiet);
            quiet.as_mut().enable();
            if self.open() == 0 {
                return;
            }
            quiet.await;
        }
    }
}
