//! [`UntilLost`]: a handler that ends when its message is lost.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tidegate_lanes::{Attempt, Failure, Handler};

use crate::Message;

/// A handler whose futures are dropped when their message is lost to others.
pub(super) struct UntilLost<H>(Arc<H>);

impl<H> UntilLost<H> {
    pub(super) fn new(handler: Arc<H>) -> Self {
        Self(handler)
    }
}

impl<H: Handler<Message>> Handler<Message> for UntilLost<H> {
    type Future = Run<H::Future>;

    fn handle(&self, message: Message, attempt: Attempt) -> Self::Future {
        if message.is_lost() {
            return Run(None);
        }
        let lost = message.clone();
        let lost: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { lost.lost().await });
        Run(Some((lost, Box::pin(self.0.handle(message, attempt)))))
    }
}

type Lost = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A handler's future, and what ends it.
pub(super) struct Run<F>(Option<(Lost, Pin<Box<F>>)>);

impl<F: Future<Output = Result<(), Failure>>> Future for Run<F> {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Nobody waits for what becomes of one that is lost.
        let Some((lost, work)) = &mut self.0 else { return Poll::Ready(Ok(())) };
        if lost.as_mut().poll(cx).is_ready() {
            self.0 = None;
            return Poll::Ready(Ok(()));
        }
        work.as_mut().poll(cx)
    }
}
