//! [`Draining`]: the end of a layer's work, when nothing new begins.

use std::{
    future::{Future as _, poll_fn},
    hash::Hash,
    pin::Pin,
    task::Poll,
    time::Duration,
};

use tidegate_lanes::{Finished, Handler, Item, Lanes, Stopped};
use tokio::time::{Sleep, sleep};

/// So long after it began, what waits for its retry is left to others, as soon as nothing runs.
const PATIENCE: Duration = Duration::from_secs(1);

/// The end of a layer's work, when nothing new begins.
#[derive(Debug, Default)]
pub(crate) struct Draining {
    /// Once it has begun.
    patience: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

impl Draining {
    pub(crate) fn begin(&mut self) {
        self.patience = Some(Box::pin(sleep(PATIENCE)));
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.patience.is_some()
    }

    /// Whether what is left in the lanes is another's to try again.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// What is finished next; `None` if nothing is, or it [is over](Self::is_over).
    pub(crate) async fn next<K, T, C, H>(
        &mut self,
        lanes: &mut Lanes<K, T, C, H>,
    ) -> Option<Result<Finished<K, T, C>, Stopped<T, C>>>
    where
        K: Hash + Eq + Clone,
        T: Item,
        H: Handler<T>,
    {
        poll_fn(|cx| {
            let next = lanes.poll(cx);
            // An attempt that has begun goes on: it may have stored what it has not published.
            let only_waits = next.is_pending() && lanes.running() == 0 && lanes.retries().next().is_some();
            if only_waits
                && let Some(patience) = &mut self.patience
                && patience.as_mut().poll(cx).is_ready()
            {
                self.is_over = true;
                return Poll::Ready(None);
            }
            next
        })
        .await
    }
}
