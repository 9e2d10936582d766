//! [`Claim`]: what is owed for a message.

use std::{mem, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::event::Event;
use crate::visibility::LeaseId;

/// What is owed for a message: to finish it, or to give it back. Dropped, it is given back at once.
#[derive(Debug)]
pub(crate) struct Claim {
    lease: LeaseId,
    events: mpsc::UnboundedSender<Event>,
    is_settled: bool,
}

impl Claim {
    pub(super) fn new(lease: LeaseId, events: mpsc::UnboundedSender<Event>) -> Self {
        Self { lease, events, is_settled: false }
    }

    /// It is done with: to be deleted. Whether it was can be waited for.
    pub(crate) fn finish(mut self) -> oneshot::Receiver<bool> {
        let (confirm, confirmed) = oneshot::channel();
        self.settle(Event::Finished { lease: self.lease, confirm: Some(confirm) });
        confirmed
    }

    /// It is done with, and nobody waits to know that it was deleted.
    pub(crate) fn finish_unheard(mut self) {
        self.settle(Event::Finished { lease: self.lease, confirm: None });
    }

    /// Others may have it after so long.
    pub(crate) fn give_back(mut self, after: Duration) {
        self.settle(Event::GivenBack { lease: self.lease, after, dropped: false });
    }

    fn settle(&mut self, event: Event) {
        if !mem::replace(&mut self.is_settled, true) {
            // Where nobody hears, nobody extends it either, and it comes again.
            let _ = self.events.send(event);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.settle(Event::GivenBack { lease: self.lease, after: Duration::ZERO, dropped: true });
    }
}
