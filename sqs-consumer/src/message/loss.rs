//! [`Loss`]: whether a message may be received by others.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::sync::Notify;

/// Whether a message may be received by others, and those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Loss {
    happened: AtomicBool,
    waiting: Notify,
}

impl Loss {
    pub(super) fn happens(&self) {
        self.happened.store(true, SeqCst);
        self.waiting.notify_waiters();
    }

    pub(super) fn is_certain(&self) -> bool {
        self.happened.load(SeqCst)
    }

    pub(super) async fn wait(&self) {
        let waiting = self.waiting.notified();
        // One that was made before it was looked at misses nothing.
        if !self.is_certain() {
            waiting.await;
        }
    }
}
