//! [`Layer`]: who gets the messages.

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::sync::{mpsc, watch};

use super::claim::Claim;
use crate::{Error, Message};

/// Who gets the messages: a handler, a pipeline, a stream.
pub(crate) trait Layer: Send + Sync {
    /// Takes what is fed until there is no more, and ends when all of it is settled.
    ///
    /// After [`Feed::drain`] it begins nothing new.
    fn run(self: Arc<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
}

/// The messages of a consumer. There are no more than its budget lets in.
pub(crate) struct Feed {
    /// Ends when nothing more is received.
    pub(crate) messages: mpsc::UnboundedReceiver<(Message, Claim)>,
    pub(super) drain: watch::Receiver<bool>,
    /// Whether the queue keeps the order of groups.
    pub(crate) is_fifo: bool,
}

impl Feed {
    /// Waits until nothing new is to begin.
    pub(crate) fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut drain = self.drain.clone();
        async move {
            // A consumer that is gone drains, too.
            let _ = drain.wait_for(|drain| *drain).await;
        }
    }
}
