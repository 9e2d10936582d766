//! [`Verdict`]: what an answer says of the limit that the call fell under.

use std::time::Duration;

use crate::Outcome;

/// Codes that mean a rate was exceeded, whatever the service.
const RATE: [&str; 11] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "SlowDown",
];

/// Codes that mean another call on the same resource has to end first.
const CONFLICT: [&str; 2] = ["PriorRequestNotComplete", "TransactionInProgressException"];

/// Codes that mean AWS has none left of what was asked for.
const CAPACITY: [&str; 6] = [
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientVolumeCapacity",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientCapacityException",
];

/// What an answer says of the limit that the call fell under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The limit let it through, and the service answered, be it with an error of the caller's.
    Accepted,
    /// The rate was exceeded.
    Rate {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// Another call on the same resource is under way: says nothing of the rate.
    Conflict,
    /// The account may not own more of something: says nothing of the rate.
    Quota,
    /// AWS has none left of what was asked for: says nothing of the rate.
    Capacity,
    /// The service failed, or nobody knows what came of the call.
    Unknown,
}

impl From<Verdict> for Outcome {
    /// What only looks like a throttle has still passed the limit.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Rate { retry_after } => Self::Throttled { retry_after },
            Verdict::Accepted | Verdict::Conflict | Verdict::Quota | Verdict::Capacity => Self::Accepted,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// What of an HTTP answer bears on the limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reply<'a> {
    /// The service, named as in a [`Call`](crate::Call).
    pub service: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The error code, if the answer is an error and has one.
    pub code: Option<&'a str>,
    /// The error message, if there is one.
    pub message: Option<&'a str>,
    /// How long the service asked to wait.
    pub retry_after: Option<Duration>,
}

/// Decides what an answer says of the limit.
///
/// ```
/// use tidegate_throttle::aws::{Reply, Verdict, classify};
///
/// let slow_down = Reply { service: "s3", status: 503, code: Some("SlowDown"), ..Reply::default() };
/// assert_eq!(classify(&slow_down), Verdict::Rate { retry_after: None });
/// let too_many_roles = Reply { service: "iam", status: 409, code: Some("LimitExceeded"), ..Reply::default() };
/// assert_eq!(classify(&too_many_roles), Verdict::Quota);
/// ```
#[must_use]
pub fn classify(reply: &Reply<'_>) -> Verdict {
    let rate = Verdict::Rate { retry_after: reply.retry_after };
    let code = reply.code.unwrap_or_default();
    if RATE.contains(&code) {
        return rate;
    }
    if CONFLICT.contains(&code) {
        return Verdict::Conflict;
    }
    if CAPACITY.contains(&code) {
        return Verdict::Capacity;
    }
    if reply.message.is_some_and(names_a_rate) {
        return rate;
    }
    match (reply.status, code) {
        // Kinesis names a rate as others name a quota.
        (_, "LimitExceededException") if reply.service == "kinesis" => rate,
        (_, code) if is_quota(code) => Verdict::Quota,
        (429, _) => rate,
        // S3 throttles a HEAD with nothing but the status.
        (503, "") if reply.service == "s3" => rate,
        // An error in a 200 carries the code of the failure it stands for.
        (200..500, "InternalError" | "ServiceUnavailable" | "InternalFailure" | "RequestTimeout") => {
            Verdict::Unknown
        }
        (200..500, _) => Verdict::Accepted,
        _ => Verdict::Unknown,
    }
}

fn names_a_rate(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate exceeded") || message.contains("reduce your request rate")
}

/// `LimitExceeded`, `VpcLimitExceeded`, `ServiceQuotaExceededException` and their like.
fn is_quota(code: &str) -> bool {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    code.ends_with("LimitExceeded") || code.ends_with("QuotaExceeded")
}

/// No service asks for longer, and a header that makes no sense must not stop a limit for good.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Reads `x-amz-retry-after`, in milliseconds, or `Retry-After`, in seconds.
pub(crate) fn retry_after<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    let number = |name| header(name)?.trim().parse::<u64>().ok();
    number("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
        .map(|asked| asked.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    fn verdict(service: &str, status: u16, code: &str, message: &str) -> Verdict {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let (code, message) = (some(Box::leak(code.into())), some(Box::leak(message.into())));
        classify(&Reply { service, status, code, message, retry_after: SECOND })
    }

    #[test]
    fn a_throttle_is_told_from_what_looks_like_one() {
        let rate = Verdict::Rate { retry_after: SECOND };
        for (service, status, code, message, expected) in [
            ("kinesis", 400, "ThrottlingException", "", rate),
            ("kinesis", 400, "LimitExceededException", "", rate),
            ("kinesis", 400, "ProvisionedThroughputExceededException", "", rate),
            ("ec2", 503, "RequestLimitExceeded", "Request limit exceeded.", rate),
            ("ec2", 400, "Throttling", "", rate),
            ("s3", 503, "SlowDown", "Please reduce your request rate.", rate),
            ("s3", 200, "SlowDown", "", rate),
            ("s3", 503, "", "", rate),
            ("lambda", 429, "TooManyRequestsException", "", rate),
            ("anything", 429, "", "", rate),
            ("apigateway", 429, "LimitExceededException", "", Verdict::Quota),
            ("ssm", 429, "SomethingNew", "", rate),
            ("route53", 400, "Throttling", "Rate exceeded", rate),
            ("iam", 400, "SomethingNew", "Rate Exceeded for this account", rate),
            ("cloudwatchlogs", 400, "LimitExceededException", "Rate exceeded", rate),
            ("iam", 409, "LimitExceeded", "Cannot exceed quota for Roles: 1000", Verdict::Quota),
            ("iot", 410, "LimitExceededException", "", Verdict::Quota),
            ("ec2", 400, "VpcLimitExceeded", "", Verdict::Quota),
            ("ec2", 400, "InstanceLimitExceeded", "", Verdict::Quota),
            ("ecs", 402, "ServiceQuotaExceededException", "", Verdict::Quota),
            ("route53", 400, "PriorRequestNotComplete", "", Verdict::Conflict),
            ("dynamodb", 400, "TransactionInProgressException", "", Verdict::Conflict),
            ("ec2", 500, "InsufficientInstanceCapacity", "", Verdict::Capacity),
            ("s3", 200, "", "", Verdict::Accepted),
            ("s3", 304, "", "", Verdict::Accepted),
            ("s3", 404, "NoSuchKey", "", Verdict::Accepted),
            ("s3", 403, "AccessDenied", "", Verdict::Accepted),
            ("s3", 412, "PreconditionFailed", "", Verdict::Accepted),
            ("kinesis", 400, "ResourceNotFoundException", "", Verdict::Accepted),
            ("s3", 200, "InternalError", "", Verdict::Unknown),
            ("s3", 400, "RequestTimeout", "", Verdict::Unknown),
            ("s3", 500, "InternalError", "", Verdict::Unknown),
            ("s3", 503, "ServiceUnavailable", "", Verdict::Unknown),
            ("kinesis", 503, "", "", Verdict::Unknown),
            ("dynamodb", 500, "InternalServerError", "", Verdict::Unknown),
            ("ec2", 502, "", "", Verdict::Unknown),
        ] {
            assert_eq!(verdict(service, status, code, message), expected, "{service} {status} {code}");
        }
    }

    #[test]
    fn a_retry_hint_is_read_in_its_unit() {
        let one = |name: &'static str, value: &'static str| {
            retry_after(move |asked| (asked == name).then_some(value))
        };
        assert_eq!(one("x-amz-retry-after", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(one("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(one("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(one("x-amz-retry-after", "-1"), None);
        assert_eq!(one("etag", "7"), None);
        assert_eq!(one("retry-after", "18446744073709551615"), Some(LONGEST_PAUSE));
        assert_eq!(
            retry_after(|name| Some(if name.starts_with('x') { "10" } else { "9" })),
            Some(Duration::from_millis(10))
        );
    }

    #[test]
    fn only_a_rate_is_a_throttle_to_the_limit() {
        assert_eq!(
            Outcome::from(Verdict::Rate { retry_after: SECOND }),
            Outcome::Throttled { retry_after: SECOND }
        );
        assert_eq!(Outcome::from(Verdict::Quota), Outcome::Accepted);
        assert_eq!(Outcome::from(Verdict::Unknown), Outcome::Unknown);
    }
}
