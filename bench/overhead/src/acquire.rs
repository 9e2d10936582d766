//! The time that one admission takes of its caller.

use std::{sync::Barrier, thread, time::Duration};

use tidegate_throttle::{Adaptive, Call, Outcome, Throttle};
use tokio::{runtime::Builder, time::Instant};

use crate::Error;

/// Who asks for what at the same time.
#[derive(Clone, Copy, Debug)]
pub enum Callers {
    /// One thread.
    One,
    /// Two threads, each under a limit of its own.
    TwoLimits,
    /// Two threads under one limit.
    OneLimit,
}

impl Callers {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::One, Self::TwoLimits, Self::OneLimit];

    /// What a table calls them.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "1 thread",
            Self::TwoLimits => "2 threads, 2 limits",
            Self::OneLimit => "2 threads, 1 limit",
        }
    }

    fn operations(self) -> &'static [&'static str] {
        match self {
            Self::One => &["DescribeLimits"],
            Self::TwoLimits => &["DescribeLimits", "ListShards"],
            Self::OneLimit => &["DescribeLimits", "DescribeLimits"],
        }
    }
}

/// The time until every caller has acquired and finished `times` permits, none of which has to wait.
///
/// # Errors
///
/// If a runtime cannot be built, or the throttle refuses.
///
/// # Panics
///
/// If a caller panics.
pub fn time(callers: Callers, times: u64) -> Result<Duration, Error> {
    let throttle = Adaptive::new();
    let start_together = Barrier::new(callers.operations().len());
    thread::scope(|scope| {
        let threads: Vec<_> = callers
            .operations()
            .iter()
            .map(|operation| {
                let (throttle, start_together) = (throttle.clone(), &start_together);
                scope.spawn(move || {
                    let call = Call::new("kinesis", *operation).region("eu-west-1").account("123456789012");
                    let runtime = Builder::new_current_thread().enable_time().build();
                    // Before anything can fail, as the other would wait for ever.
                    start_together.wait();
                    runtime?.block_on(async {
                        let start = Instant::now();
                        for _ in 0..times {
                            throttle.acquire(&call).await?.finish(Outcome::Accepted);
                        }
                        Ok::<_, Error>(start.elapsed())
                    })
                })
            })
            .collect();
        let mut longest = Duration::ZERO;
        for thread in threads {
            match thread.join() {
                Ok(taken) => longest = longest.max(taken?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(longest)
    })
}

/// Nanoseconds per admission: the median of nine runs, after one that warms up.
///
/// # Errors
///
/// As for [`time`].
pub fn nanoseconds(callers: Callers) -> Result<u128, Error> {
    const TIMES: u64 = 100_000;
    time(callers, TIMES)?;
    let mut runs = Vec::new();
    for _ in 0..9 {
        runs.push(time(callers, TIMES)?.as_nanos() / u128::from(TIMES));
    }
    runs.sort_unstable();
    Ok(runs[runs.len() / 2])
}
