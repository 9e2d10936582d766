//! What can be seen of a throttle from outside: the names of all metrics, spans and log events, in one table.
//!
//! [`trace`](crate::trace) gives logs and spans, `metrics` (with the feature of that name) gives metrics. Both
//! listen to [`Event`](crate::Event)s; a listener of your own does the same.
//!
//! # Metrics
//!
//! Each carries the labels of its limit: `region`, `service` and `limit`, which is the limit's name; `account`
//! and `resource` only if asked for. Tokens are what AWS counts, mostly calls.
//!
//! | name | kind | unit | further labels | meaning |
//! |---|---|---|---|---|
//! | `tidegate_throttle_wait_seconds` | histogram | seconds | `priority` | how long a call waited for its permit |
//! | `tidegate_throttle_attempts_total` | counter | attempts | `outcome` | attempts that ended |
//! | `tidegate_throttle_attempt_seconds` | histogram | seconds | `outcome` | the time from permit to end |
//! | `tidegate_throttle_learnt_total` | counter | times | | how often the rate was learnt, or learnt anew |
//! | `tidegate_throttle_pause_seconds` | histogram | seconds | | how long a pause the service asked for |
//! | `tidegate_throttle_shed_total` | counter | calls | `priority` | calls that were refused, or left the queue for want of time |
//! | `tidegate_throttle_alone_total` | counter | times | | how often the coordinator could not be asked |
//! | `tidegate_throttle_rate_tokens_per_second` | gauge | tokens per second | | the refill rate as learnt; not there before |
//! | `tidegate_throttle_burst_tokens` | gauge | tokens | | how many tokens the bucket holds; not there while unknown |
//! | `tidegate_throttle_level_tokens` | gauge | tokens | | how many it holds now; not there while unknown |
//! | `tidegate_throttle_paused_seconds` | gauge | seconds | | how much longer nobody is admitted |
//! | `tidegate_throttle_queued_calls` | gauge | calls | | callers that wait |
//! | `tidegate_throttle_in_flight_calls` | gauge | calls | | calls that were admitted and have not ended |
//!
//! `outcome` is one of `accepted`, `throttled`, `unknown`, `unsent`; `priority` one of `background`, `normal`,
//! `interactive`.
//!
//! # Spans and log events
//!
//! Their target is `tidegate_throttle::trace`. Each carries `account`, `region`, `service` and `resource`; events
//! the name of the limit as `limit`, spans the `operation`. What does not apply is left out.
//!
//! | name | kind | level | further fields | meaning |
//! |---|---|---|---|---|
//! | `throttle.acquire` | span | info | `waited_ms`, `admitted` | a call waits for its permit; left empty if it gave up |
//! | `admitted` | event | trace | `priority`, `waited_ms` | a call was admitted |
//! | `finished` | event | trace | `outcome`, `took_ms` | a call ended, and was not throttled |
//! | `throttled` | event | debug | `took_ms`, `retry_after_ms` | a call ended, and was throttled |
//! | `learnt` | event | debug | `rate` | the rate was learnt, or learnt anew |
//! | `paused` | event | info | `pause_ms` | the service asked for a pause, and every caller of the limit makes it |
//! | `shed` | event | warn | `priority`, `retry_after_ms` | a call was refused, or left the queue for want of time |
//! | `alone` | event | warn | `error` | the coordinator could not be asked about a limit |

use crate::{Outcome, Priority};

/// The word for an outcome.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Throttled { .. } => "throttled",
        Outcome::Unknown => "unknown",
        Outcome::Unsent => "unsent",
    }
}

/// The word for a priority.
pub(crate) fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Background => "background",
        Priority::Normal => "normal",
        Priority::Interactive => "interactive",
    }
}
