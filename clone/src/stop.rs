//! [`Stop`]: the wish that a clone ends early.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::Notify;

/// The wish that a clone ends early. It is never taken back.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    wished: AtomicBool,
    notify: Notify,
}

impl Stop {
    pub(crate) fn wish(&self) {
        self.wished.store(true, Relaxed);
        self.notify.notify_waiters();
    }

    pub(crate) fn is_wished(&self) -> bool {
        self.wished.load(Relaxed)
    }

    /// Waits for the wish.
    pub(crate) async fn wished(&self) {
        let mut notified = std::pin::pin!(self.notify.notified());
        // Enabled before the look, so that a wish between the two is not missed.
        notified.as_mut().enable();
        if !self.is_wished() {
            notified.await;
        }
    }
}
