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
        let handler = Box::pin(self.0.handle(message.clone(), attempt));
        Run(Some(Work { handler, message, lost: None }))
    }
}

/// A handler's future, until its message is lost.
pub(super) struct Run<F>(Option<Work<F>>);

struct Work<F> {
    handler: Pin<Box<F>>,
    message: Message,
    /// Made when there is something to wait for: most handlers that are ready at once never need it.
    lost: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<F: Future<Output = Result<(), Failure>>> Future for Run<F> {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Nobody waits for what becomes of one that is lost.
        let Some(Work { handler, message, lost }) = &mut self.0 else { return Poll::Ready(Ok(())) };
        if !message.is_lost()
            && let Poll::Ready(done) = handler.as_mut().poll(cx)
        {
            return Poll::Ready(done);
        }
        let lost = lost.get_or_insert_with(|| {
            let message = message.clone();
            Box::pin(async move { message.lost().await })
        });
        if lost.as_mut().poll(cx).is_ready() {
            self.0 = None;
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}
