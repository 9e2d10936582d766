//! [`InHand`]: what of a shard was read and is not finished.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    vec,
};

use tidegate_lanes::{Attempt, Concurrency, Envelope, Finished, Handler, Lanes, Policy, Slot, Ticket};

use super::{Key, KeyOf};
use crate::{
    Error, Record,
    consumer::{Item, Tracker, given_up},
};

/// So many records are given to the lanes at once: what they work on stays in the nearest cache.
const AT_ONCE: usize = 64;

/// What of a shard was read and is not finished: some of it is in the lanes, and the rest waits until they could do
/// with more.
pub(super) struct InHand<H: Handler<Record>> {
    pub(super) lanes: Lanes<Key, Numbered, (Ticket, Slot), Begins<H>>,
    /// How many may run.
    at_once: usize,
    key: Option<KeyOf>,
    /// What is in no lane yet. Nothing of it has begun.
    waiting: vec::IntoIter<Item>,
    /// How many records went into the lanes.
    entered: u64,
    /// The last of them that has begun.
    begun: Arc<AtomicU64>,
    finished: Vec<Finished<Key, Numbered, (Ticket, Slot)>>,
}

impl<H> InHand<H>
where
    H: Handler<Record> + Send + Sync,
    H::Future: Send,
{
    pub(super) fn new(handler: Arc<H>, concurrency: Concurrency, policy: Policy, key: Option<KeyOf>) -> Self {
        let begun = Arc::new(AtomicU64::new(0));
        let handler = Begins { handler, begun: Arc::clone(&begun) };
        Self {
            lanes: Lanes::new(concurrency, policy, handler),
            at_once: concurrency.at_once().get(),
            key,
            waiting: vec::IntoIter::default(),
            entered: 0,
            begun,
            finished: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.has_room()
    }

    /// Whether more may be read: all that was is in the lanes.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.as_slice().is_empty()
    }

    /// Takes what was read, when there [is room](Self::has_room) for it.
    pub(super) fn take(&mut self, items: Vec<Item>) {
        self.waiting = items.into_iter();
    }

    /// Gives up what was read after the last record that has begun: so nothing that is finished lies beyond the
    /// checkpoint, and nothing comes twice.
    pub(super) fn give_up_rest(&mut self) {
        self.waiting = vec::IntoIter::default();
        let begun = self.begun.load(Relaxed);
        self.lanes.discard(move |Numbered(number, _)| *number > begun);
    }

    /// Gathers what has finished, at least one; and why the source is to stop, if so.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub(super) async fn finished(&mut self) -> Option<Error> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Error>> {
        loop {
            match self.lanes.poll(context) {
                Poll::Ready(Some(Ok(one))) => self.finished.push(one),
                Poll::Ready(Some(Err(stopped))) => {
                    let error = given_up(&stopped.item.1, stopped.attempts, &stopped.failure);
                    return Poll::Ready(Some(error));
                }
                _ if !self.finished.is_empty() => return Poll::Ready(None),
                _ if self.could_do_with_more() => self.enter(),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Fewer run than may, so that all in the lanes that could run does.
    fn could_do_with_more(&self) -> bool {
        self.lanes.running() < self.at_once && !self.lanes.is_stopped() && !self.has_room()
    }

    fn enter(&mut self) {
        for Item { record, ticket, slot } in self.waiting.by_ref().take(AT_ONCE) {
            self.entered += 1;
            let key = match &self.key {
                Some(key) => Key::from(key(&record)),
                None => Key::of(&record),
            };
            self.lanes.push(key, Numbered(self.entered, record), (ticket, slot));
        }
    }

    /// Tells what is finished, and first which keys are diverted by it.
    pub(super) fn note(&mut self, tracker: &Tracker) {
        for finished in &self.finished {
            if let Some(key) = &finished.diverts {
                tracker.divert(key.as_str());
            }
        }
        // Given back together, when the records are gone.
        let mut slots: Option<Slot> = None;
        tracker.finish(self.finished.drain(..).map(|finished| {
            let (ticket, slot) = finished.claim;
            match &mut slots {
                Some(slots) => slots.merge(slot),
                none => *none = Some(slot),
            }
            ticket
        }));
    }
}

/// A record, numbered in the order in which it was read.
#[derive(Clone)]
pub(super) struct Numbered(u64, Record);

impl tidegate_lanes::Item for Numbered {
    fn envelope(&self) -> Envelope {
        self.1.envelope()
    }
}

/// The user's handler; it notes how far records have begun.
pub(super) struct Begins<H> {
    handler: Arc<H>,
    begun: Arc<AtomicU64>,
}

impl<H: Handler<Record>> Handler<Numbered> for Begins<H> {
    type Future = H::Future;

    fn handle(&self, Numbered(number, record): Numbered, attempt: Attempt) -> H::Future {
        // Only the task of the lanes writes it.
        self.begun.store(self.begun.load(Relaxed).max(number), Relaxed);
        self.handler.handle(record, attempt)
    }
}
