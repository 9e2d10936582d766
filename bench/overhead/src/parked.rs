//! What it costs to wait: heap and wake-ups of callers that are parked on one limit.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tidegate_throttle::{Adaptive, Call, LimitState, Outcome, Throttle};
use tokio::{runtime::Builder, time::sleep};

use crate::{Error, valgrind};

/// What each of many callers costs.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    /// All heap per caller while it waits: its task, its future and its place in line.
    pub bytes: usize,
    /// How often each is polled from the first time until it has its permit, in hundredths.
    pub centipolls: u64,
}

/// Parks `callers` on one limit, each in a task of its own, then lets them go. `heap` tells how many bytes
/// are allocated.
///
/// # Errors
///
/// If there is no runtime, the throttle refuses, or it does not hold the callers back.
pub fn park(callers: u32, heap: impl Fn() -> usize) -> Result<Parked, Error> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let throttle = Adaptive::new();
        let call = Call::new("kinesis", "DescribeLimits");
        let retry_after = Some(Duration::from_secs(1));
        throttle.acquire(&call).await?.finish(Outcome::Throttled { retry_after });
        let polls = Arc::new(AtomicU64::new(0));

        let before = heap();
        for _ in 0..callers {
            let throttle = throttle.clone();
            tokio::spawn(counted(Arc::clone(&polls), async move {
                if let Ok(permit) = throttle.acquire(&Call::new("kinesis", "DescribeLimits")).await {
                    permit.finish(Outcome::Accepted);
                }
            }));
        }
        // Every caller gets its first turn.
        sleep(Duration::from_millis(1)).await;
        let bytes = heap().saturating_sub(before) / usize::try_from(callers)?;
        if state(&throttle)?.queued != usize::try_from(callers)? {
            return Err(io::Error::other("not every caller waits").into());
        }

        while state(&throttle)?.accepted < u64::from(callers) {
            sleep(Duration::from_secs(1)).await;
        }
        Ok(Parked { bytes, centipolls: polls.load(Ordering::Relaxed) * 100 / u64::from(callers) })
    })
}

/// The heap per caller when most is in use, without a counting allocator in the way of what else is measured.
///
/// # Errors
///
/// If valgrind cannot be run, or the program under it fails.
pub fn bytes_per_caller() -> io::Result<u64> {
    let most = |callers: &str| {
        valgrind::count(&["--tool=dhat", "--dhat-out-file=/dev/null"], &["park", callers], "At t-gmax:")
    };
    Ok(most("11000")?.saturating_sub(most("1000")?) / 10_000)
}

fn state(throttle: &Adaptive) -> io::Result<LimitState> {
    throttle.snapshot().pop().ok_or_else(|| io::Error::other("the limit is not known"))
}

/// Runs `future`, and counts how often it is polled.
async fn counted<F: Future>(polls: Arc<AtomicU64>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(context)
    })
    .await
}
