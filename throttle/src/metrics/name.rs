//! The names, units and meanings of the metrics: the [table](crate::observe) as code.

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const WAIT: &str = "tidegate_throttle_wait_seconds";
pub(super) const ATTEMPTS: &str = "tidegate_throttle_attempts_total";
pub(super) const ATTEMPT: &str = "tidegate_throttle_attempt_seconds";
pub(super) const LEARNT: &str = "tidegate_throttle_learnt_total";
pub(super) const PAUSE: &str = "tidegate_throttle_pause_seconds";
pub(super) const SHED: &str = "tidegate_throttle_shed_total";
pub(super) const ALONE: &str = "tidegate_throttle_alone_total";
pub(super) const RATE: &str = "tidegate_throttle_rate_tokens_per_second";
pub(super) const BURST: &str = "tidegate_throttle_burst_tokens";
pub(super) const LEVEL: &str = "tidegate_throttle_level_tokens";
pub(super) const PAUSED: &str = "tidegate_throttle_paused_seconds";
pub(super) const QUEUED: &str = "tidegate_throttle_queued_calls";
pub(super) const IN_FLIGHT: &str = "tidegate_throttle_in_flight_calls";

pub(super) fn describe() {
    describe_histogram!(WAIT, Unit::Seconds, "how long a call waited for its permit");
    describe_counter!(ATTEMPTS, Unit::Count, "attempts that ended");
    describe_histogram!(ATTEMPT, Unit::Seconds, "the time from permit to end");
    describe_counter!(LEARNT, Unit::Count, "how often the rate was learnt, or learnt anew");
    describe_histogram!(PAUSE, Unit::Seconds, "how long a pause the service asked for");
    describe_counter!(SHED, Unit::Count, "calls that were refused, or left the queue for want of time");
    describe_counter!(ALONE, Unit::Count, "how often the coordinator could not be asked");
    describe_gauge!(RATE, Unit::CountPerSecond, "the refill rate as learnt; not there before");
    describe_gauge!(BURST, Unit::Count, "how many tokens the bucket holds; not there while unknown");
    describe_gauge!(LEVEL, Unit::Count, "how many it holds now; not there while unknown");
    describe_gauge!(PAUSED, Unit::Seconds, "how much longer nobody is admitted");
    describe_gauge!(QUEUED, Unit::Count, "callers that wait");
    describe_gauge!(IN_FLIGHT, Unit::Count, "calls that were admitted and have not ended");
}
