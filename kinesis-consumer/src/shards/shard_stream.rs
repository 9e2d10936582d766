//! [`ShardStream`]: the records of one shard.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::delivery::{Delivery, Returns};
use crate::{
    ShardId,
    consumer::{Item, Signal, Signals},
};

/// The records of one shard, in order, but for those that come again.
///
/// It ends when the shard is at its end, is handed over, or is lost. Dropped before, it gives the shard back.
#[must_use = "a shard stream that is dropped gives its shard back"]
pub struct ShardStream {
    shard: ShardId,
    chunks: mpsc::Receiver<Chunk>,
    new: vec::IntoIter<Item>,
    again: VecDeque<(Item, u32)>,
    signals: Signals,
    returns: Arc<Returns>,
}

/// What a stream is supplied with.
#[derive(Debug)]
pub(super) enum Chunk {
    New(Vec<Item>),
    /// Each with the times that it was delivered.
    Again(VecDeque<(Item, u32)>),
}

impl ShardStream {
    pub(super) fn new(
        shard: ShardId,
        chunks: mpsc::Receiver<Chunk>,
        signals: Signals,
        returns: Arc<Returns>,
    ) -> Self {
        Self { shard, chunks, new: vec::IntoIter::default(), again: VecDeque::new(), signals, returns }
    }

    /// The shard.
    #[must_use]
    pub fn shard(&self) -> &ShardId {
        &self.shard
    }

    /// Whether the shard belongs to another process by now: what its deliveries do counts no more, and they
    /// should be given up.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.signals.get() == Signal::Lost
    }
}

impl Stream for ShardStream {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let this = self.get_mut();
        loop {
            if this.signals.get() != Signal::Run {
                return Poll::Ready(None);
            }
            let next = match this.again.pop_front() {
                Some((item, attempts)) => Some((item, attempts.saturating_add(1))),
                None => this.new.next().map(|item| (item, 1)),
            };
            if let Some((item, attempt)) = next {
                return Poll::Ready(Some(Delivery::new(item, attempt, Arc::clone(&this.returns))));
            }
            match ready!(this.chunks.poll_recv(context)) {
                Some(Chunk::New(items)) => this.new = items.into_iter(),
                Some(Chunk::Again(items)) => this.again = items,
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for ShardStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardStream").field("shard", &self.shard).finish_non_exhaustive()
    }
}
