//! [`Pending`]: waits for what becomes of a message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::sync::{mpsc, oneshot};

use super::{PublishError, PublishErrorKind, Sent, event::Event};

/// Waits for what becomes of a message. Dropped, it withdraws the message, if that has no room yet.
#[derive(Debug)]
#[must_use = "dropped, it withdraws the message"]
pub(super) struct Pending {
    answer: oneshot::Receiver<Result<Sent, PublishError>>,
    events: mpsc::UnboundedSender<Event>,
    is_answered: bool,
}

impl Pending {
    pub(super) fn new(
        answer: oneshot::Receiver<Result<Sent, PublishError>>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self { answer, events, is_answered: false }
    }
}

impl Future for Pending {
    type Output = Result<Sent, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        self.is_answered = true;
        let interrupted = "the publisher's task ended before SQS had the message";
        Poll::Ready(
            answer.unwrap_or_else(|_| Err(PublishError::new(PublishErrorKind::Interrupted, interrupted))),
        )
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_answered {
            // Before it is told: whoever hears of it looks.
            self.answer.close();
            let _ = self.events.send(Event::Withdrawn);
        }
    }
}
