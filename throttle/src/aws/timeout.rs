//! [`Unqueued`]: timers that do not count the time their attempt spends in the queue.
//!
//! The SDK starts an attempt's timer before the attempt comes to the queue. It polls the attempt first and the
//! timer right after, in the same poll of the same task: a mark that the one leaves is found by the other.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use tokio::time::Instant;

/// How often a timer that stands still looks whether it still should: if the mark that it found was not meant
/// for it, nobody else will wake it.
const LOOK: Duration = Duration::from_secs(10);

thread_local! {
    /// The attempt that was polled last, if it is in the queue.
    static QUEUED: Cell<Option<Queued>> = const { Cell::new(None) };
}

/// An attempt in the queue, as its timer knows it.
#[derive(Clone, Copy, PartialEq)]
struct Queued {
    timeout: Duration,
    task: usize,
}

impl Queued {
    fn new(timeout: Duration, context: &Context<'_>) -> Self {
        Self { timeout, task: context.waker().data().addr() }
    }
}

/// Waits in the queue, for an attempt with this timeout.
pub(crate) async fn queued<F: Future>(timeout: Option<Duration>, wait: F) -> F::Output {
    let Some(timeout) = timeout else { return wait.await };
    let mut wait = pin!(wait);
    poll_fn(|context| {
        let polled = wait.as_mut().poll(context);
        QUEUED.set(polled.is_pending().then(|| Queued::new(timeout, context)));
        polled
    })
    .await
}

/// A user's sleep, whose timers stand still while the attempt that they end is in the queue.
#[derive(Debug)]
pub(crate) struct Unqueued(SharedAsyncSleep);

impl Unqueued {
    /// Wraps the sleep that a client has, or tokio's.
    pub(crate) fn new(inner: Option<SharedAsyncSleep>) -> Self {
        Self(inner.unwrap_or_else(|| SharedAsyncSleep::new(Tokio)))
    }
}

impl AsyncSleep for Unqueued {
    fn sleep(&self, duration: Duration) -> Sleep {
        let armed = self.0.sleep(duration);
        Sleep::new(Timer {
            sleep: self.0.clone(),
            duration,
            armed,
            since: Instant::now(),
            left: Left::Runs(duration),
        })
    }
}

#[derive(Debug)]
struct Tokio;

impl AsyncSleep for Tokio {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

struct Timer {
    sleep: SharedAsyncSleep,
    /// What the SDK asked for, by which a mark knows its timer.
    duration: Duration,
    armed: Sleep,
    since: Instant,
    left: Left,
}

/// What is left of the duration.
#[derive(Clone, Copy)]
enum Left {
    /// This much at `since`, and less since.
    Runs(Duration),
    /// This much, for as long as the attempt is in the queue.
    Stands(Duration),
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timer = &mut *self;
        // Whoever is polled first takes the mark: it is for the innermost timer, or for none.
        let queued = QUEUED.take() == Some(Queued::new(timer.duration, context));
        match timer.left {
            Left::Runs(left) if queued => {
                timer.left = Left::Stands(left.saturating_sub(timer.since.elapsed()));
                timer.armed = Tokio.sleep(LOOK);
            }
            Left::Stands(left) if !queued => {
                timer.left = Left::Runs(left);
                timer.since = Instant::now();
                timer.armed = timer.sleep.sleep(left);
            }
            _ => {}
        }
        loop {
            ready!(Pin::new(&mut timer.armed).poll(context));
            if !queued {
                return Poll::Ready(());
            }
            timer.armed = Tokio.sleep(LOOK);
        }
    }
}
