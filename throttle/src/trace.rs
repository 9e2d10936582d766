//! [`log`] and [`Traced`]: a throttle's events in the log, and a span around each wait.
//!
//! The names, levels and fields are those of the [table](crate::observe).

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{Instrument, debug, field, info, trace, warn};

use crate::{Call, Event, Outcome, Permit, Refused, Throttle, observe};

/// An event at `$level`, with the parts of `$limit` that are set.
macro_rules! event {
    ($level:ident, $limit:expr, $name:literal, $($fields:tt)*) => {{
        let [account, region, service, limit, resource] = $limit.parts().map(set);
        $level!(account, region, service, limit, resource, $($fields)*, $name)
    }};
}

/// Writes an event to the log.
///
/// What happens to each call is at the levels `trace` and `debug`; what happens to all callers of a limit, once,
/// is at `debug` and `info`; a call that was given up is a `warn`ing.
///
/// ```
/// use std::time::Duration;
/// use tidegate_throttle::{Event, Limit, trace};
///
/// let limit = Limit::new("kinesis", "DescribeLimits").with_region("eu-west-1");
/// // INFO paused region="eu-west-1" service="kinesis" limit="DescribeLimits" pause_ms=2000
/// trace::log(&Event::Paused { limit: &limit, pause: Duration::from_secs(2) });
/// ```
pub fn log(event: &Event<'_>) {
    match *event {
        Event::Admitted { limit, priority, waited } => {
            let priority = observe::priority(priority);
            event!(trace, limit, "admitted", priority, waited_ms = millis(waited));
        }
        Event::Finished { limit, outcome: Outcome::Throttled { retry_after }, took } => {
            let retry_after_ms = retry_after.map(millis);
            event!(debug, limit, "throttled", took_ms = millis(took), retry_after_ms);
        }
        Event::Finished { limit, outcome, took } => {
            event!(trace, limit, "finished", outcome = observe::outcome(outcome), took_ms = millis(took));
        }
        Event::Learnt { limit, rate } => event!(debug, limit, "learnt", %rate),
        Event::Paused { limit, pause } => event!(info, limit, "paused", pause_ms = millis(pause)),
        Event::Shed { limit, priority, retry_after } => {
            let priority = observe::priority(priority);
            event!(warn, limit, "shed", priority, retry_after_ms = retry_after.map(millis));
        }
        Event::Alone { limit, error } => event!(warn, limit, "alone", %error),
    }
}

/// A throttle with a span around each wait for a permit: `throttle.acquire`, at the level `info`.
///
/// Within a trace it shows which part of a call's time was spent in the queue.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use tidegate_throttle::{Adaptive, Call, Throttle, trace::Traced};
///
/// let throttle = Adaptive::new();
/// let traced = Traced::new(throttle.clone());
/// let permit = traced.acquire(&Call::new("kinesis", "DescribeLimits")).await?;
/// # drop(permit);
/// # Ok::<_, tidegate_throttle::Refused>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Traced<T>(T);

impl<T: Throttle> Traced<T> {
    /// Traces `throttle`.
    pub fn new(throttle: T) -> Self {
        Self(throttle)
    }
}

#[async_trait]
impl<T: Throttle> Throttle for Traced<T> {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        let span = tracing::info_span!(
            "throttle.acquire",
            account = set(call.account_id()),
            region = set(call.region_name()),
            service = set(call.service_name()),
            operation = set(call.operation_name()),
            resource = set(call.resource_name()),
            waited_ms = field::Empty,
            admitted = field::Empty,
        );
        let start = Instant::now();
        let admission = self.0.acquire(call).instrument(span.clone()).await;
        span.record("waited_ms", millis(start.elapsed()));
        span.record("admitted", admission.is_ok());
        admission
    }
}

/// A part of a limit, if it is set.
fn set(part: &str) -> Option<&str> {
    Some(part).filter(|part| !part.is_empty())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
