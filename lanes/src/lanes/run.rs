//! [`Run`]: the place of one future.

use std::{
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::ready::{Ready, WakeOne};
use crate::{Failure, panic, schedule::Turn, work::Work};

/// The place of one future at a time, which is made once: its box and its waker are used again.
pub(super) struct Run<F, T, C> {
    handler: Pin<Box<Option<F>>>,
    letter: Option<Writing>,
    wake: Arc<WakeOne>,
    waker: Waker,
    pub(super) index: u32,
    /// What runs, once it did not end at once.
    pub(super) work: Option<(Turn, Work<T, C>)>,
    /// When it was first seen not to have ended, which is when it began.
    pub(super) began: Duration,
}

/// A dead letter that is being written.
pub(super) type Writing = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// What a future came to.
pub(super) enum Ended {
    Handled(Result<(), Failure>),
    Panicked(Failure),
    Written(Result<(), Box<dyn Error + Send + Sync>>),
}

impl<F, T, C> Run<F, T, C>
where
    F: Future<Output = Result<(), Failure>>,
{
    pub(super) fn new(index: u32, ready: &Arc<Ready>) -> Self {
        let wake = WakeOne::new(index, ready);
        let waker = Waker::from(Arc::clone(&wake));
        Self { handler: Box::pin(None), letter: None, wake, waker, index, work: None, began: Duration::ZERO }
    }

    /// Begins a handler, and polls it at once.
    #[inline]
    pub(super) fn handle(&mut self, handle: impl FnOnce() -> F) -> Poll<Ended> {
        let Self { handler, waker, .. } = self;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            handler.as_mut().set(Some(handle()));
            poll_handler(handler.as_mut(), waker)
        }));
        self.ended(polled)
    }

    /// Begins to write a dead letter.
    pub(super) fn write(&mut self, letter: Writing) {
        self.letter = Some(letter);
    }

    /// Whether a handler runs here.
    pub(super) fn is_handling(&self) -> bool {
        self.handler.is_some()
    }

    /// The next poll answers a wake.
    pub(super) fn woken(&self) {
        self.wake.unlist();
    }

    /// Polls what runs. What ended is gone from here.
    pub(super) fn poll(&mut self) -> Poll<Ended> {
        if let Some(letter) = &mut self.letter {
            let mut cx = Context::from_waker(&self.waker);
            let polled = catch_unwind(AssertUnwindSafe(|| letter.as_mut().poll(&mut cx)));
            let written = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(written)) => written,
                Err(panic) => Err(panic::text(&*panic).into()),
            };
            self.clear();
            return Poll::Ready(Ended::Written(written));
        }
        let Self { handler, waker, .. } = self;
        let polled = catch_unwind(AssertUnwindSafe(|| poll_handler(handler.as_mut(), waker)));
        self.ended(polled)
    }

    #[inline]
    fn ended(&mut self, polled: std::thread::Result<Poll<Result<(), Failure>>>) -> Poll<Ended> {
        match polled {
            Ok(polled) => polled.map(Ended::Handled),
            Err(panic) => {
                self.clear();
                Poll::Ready(Ended::Panicked(Failure::retry(panic::text(&*panic))))
            }
        }
    }

    /// Drops what runs.
    pub(super) fn clear(&mut self) {
        // What panics while it is dropped is gone nevertheless.
        let _ = catch_unwind(AssertUnwindSafe(|| self.handler.as_mut().set(None)));
        let letter = self.letter.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(letter)));
    }
}

/// Polls a handler. One that ended is gone.
#[inline]
fn poll_handler<F: Future>(mut handler: Pin<&mut Option<F>>, waker: &Waker) -> Poll<F::Output> {
    let Some(future) = handler.as_mut().as_pin_mut() else { return Poll::Pending };
    let polled = future.poll(&mut Context::from_waker(waker));
    if polled.is_ready() {
        handler.set(None);
    }
    polled
}
