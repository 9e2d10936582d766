//! [`Delivery`]: a message, and what is owed for it.

use std::time::Duration;

use crate::{Message, consumer::Claim};

/// A message, and what is owed for it: an ack or a nack. It is kept from others meanwhile. Dropped, others may have it at
/// once; that is counted, and warned of.
#[derive(Debug)]
#[must_use = "a delivery that is dropped comes again"]
pub struct Delivery {
    message: Message,
    claim: Claim,
}

impl Delivery {
    pub(super) fn new(message: Message, claim: Claim) -> Self {
        Self { message, claim }
    }

    /// What was received.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// It is done: waits until it is deleted, and says whether it was. If not, it was lost to others, and comes again.
    ///
    /// # Cancel safety
    ///
    /// Once it has begun, dropping it changes nothing: the message is deleted.
    #[must_use = "the future has to run"]
    pub fn ack(self) -> impl Future<Output = bool> + Send + use<> {
        let deleted = self.claim.finish();
        async move { deleted.await.unwrap_or(false) }
    }

    /// It was not done: others may have it after so long, 12 h at most since it was received. Of a FIFO queue, later messages of its group that were
    /// delivered already are not held back by it.
    pub fn nack(self, after: Duration) {
        self.claim.give_back(after);
    }
}
