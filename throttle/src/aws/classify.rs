//! [`Verdict`]: what an answer says of the limit that the call fell under.

use std::time::Duration;

use crate::{Blame, Outcome, Permit, QuotaCode};

/// Codes that mean a rate was exceeded, whatever the service, besides those that say so themselves: see
/// [`names_a_throttle`].
///
/// Source: `THROTTLING_ERRORS` in aws-runtime's `retries/classifiers.rs`; for Kinesis Video
/// <https://docs.aws.amazon.com/botocore/latest/reference/services/kinesisvideo/client/exceptions/ClientLimitExceededException.html>
const RATE: [&str; 6] = [
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ClientLimitExceededException",
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
        /// Which limit it was, if the service told.
        blame: Option<Blame>,
    },
    /// One key of the resource is hot: says nothing of the rate of the resource.
    HotKey,
    /// Another call on the same resource is under way: says nothing of the rate.
    Conflict,
    /// The account may not own more of something: says nothing of the rate.
    Quota,
    /// AWS has none left of what was asked for: says nothing of the rate.
    Capacity,
    /// The service failed, or nobody knows what came of the call.
    Unknown,
    /// The call was never sent.
    Unsent,
}

impl From<Verdict> for Outcome {
    /// What only looks like a throttle has still passed the limit. Whether a call for a hot key has, nobody
    /// knows: were it taken for a throttle, one key would slow a whole table down.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Rate { retry_after, .. } => Self::Throttled { retry_after },
            Verdict::Accepted | Verdict::Conflict | Verdict::Quota | Verdict::Capacity => Self::Accepted,
            Verdict::Unknown | Verdict::HotKey => Self::Unknown,
            Verdict::Unsent => Self::Unsent,
        }
    }
}

impl Verdict {
    /// Finishes the permit of the attempt that this is the verdict on.
    pub(crate) fn settle(self, mut permit: Permit) {
        if let Self::Rate { blame: Some(blame), .. } = self {
            permit.blame(blame);
        }
        permit.finish(self.into());
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
    /// Why DynamoDB throttled: of its `ThrottlingReasons` the one that weighs most.
    pub reason: Option<&'a str>,
    /// The code of the quota that was exceeded, if the service named it.
    pub quota: Option<QuotaCode>,
    /// How long the service asked to wait.
    pub retry_after: Option<Duration>,
}

impl Reply<'_> {
    /// Which limit was exceeded.
    ///
    /// What DynamoDB calls an account limit in a reason is the account's quota for one table; the quota of all
    /// tables has a code of its own.
    ///
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html>,
    /// <https://docs.aws.amazon.com/botocore/latest/reference/services/dynamodb/client/exceptions/RequestLimitExceeded.html>
    fn blame(&self) -> Option<Blame> {
        let of_dynamodb = || match (self.service, self.code, self.reason) {
            ("dynamodb", Some("RequestLimitExceeded"), _) => Some(Blame::Widest),
            ("dynamodb", _, Some(_)) => Some(Blame::Narrowest),
            _ => None,
        };
        self.quota.map(Blame::Quota).or_else(of_dynamodb)
    }
}

/// Decides what an answer says of the limit.
///
/// ```
/// use tidegate_throttle::aws::{Reply, Verdict, classify};
///
/// let slow_down = Reply { service: "s3", status: 503, code: Some("SlowDown"), ..Reply::default() };
/// assert_eq!(classify(&slow_down), Verdict::Rate { retry_after: None, blame: None });
/// let too_many_roles = Reply { service: "iam", status: 409, code: Some("LimitExceeded"), ..Reply::default() };
/// assert_eq!(classify(&too_many_roles), Verdict::Quota);
/// ```
#[must_use]
pub fn classify(reply: &Reply<'_>) -> Verdict {
    let rate = Verdict::Rate { retry_after: reply.retry_after, blame: reply.blame() };
    let code = reply.code.unwrap_or_default();
    if RATE.contains(&code) || names_a_throttle(code) {
        let hot = reply.reason.is_some_and(|it| it.ends_with("KeyRangeThroughputExceeded"));
        return if hot { Verdict::HotKey } else { rate };
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
        // Kinesis names a rate as others name a quota, and so does API Gateway, with the status of a rate:
        // <https://docs.aws.amazon.com/sdk-for-python/v1/reference/clients/api-gateway/errors/LimitExceededException/>.
        (_, "LimitExceededException") if reply.service == "kinesis" => rate,
        (429, "LimitExceededException") => rate,
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

/// `Throttling`, `ThrottledException`, `RequestThrottled`, `EC2ThrottledException`, `KMSThrottlingException` and
/// their like.
fn names_a_throttle(code: &str) -> bool {
    code.contains("Throttl") || code.contains("RateLimit")
}

fn names_a_rate(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["rate exceeded", "reduce your request rate", "slow down"].iter().any(|words| message.contains(words))
}

/// `LimitExceeded`, `VpcLimitExceeded`, `ServiceQuotaExceededException` and their like.
fn is_quota(code: &str) -> bool {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    code.ends_with("LimitExceeded") || code.ends_with("QuotaExceeded")
}

/// No service asks for longer, and a header that makes no sense must not stop a limit for good.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// How long a service asks to wait: in `x-amz-retry-after`, in milliseconds, in `Retry-After`, in seconds, or in
/// its body.
pub(crate) fn retry_after<'a>(
    header: impl Fn(&str) -> Option<&'a str>,
    body: Option<Duration>,
) -> Option<Duration> {
    let number = |name| header(name)?.trim().parse::<u64>().ok();
    number("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
        .or(body)
        .map(|asked| asked.min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    fn verdict(service: &str, status: u16, code: &str, message: &str) -> Verdict {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let (code, message) = (some(Box::leak(code.into())), some(Box::leak(message.into())));
        classify(&Reply { service, status, code, message, retry_after: SECOND, ..Reply::default() })
    }

    #[test]
    fn a_throttle_is_told_from_what_looks_like_one() {
        let rate = Verdict::Rate { retry_after: SECOND, blame: None };
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
            ("apigateway", 429, "LimitExceededException", "", rate),
            ("firehose", 503, "ServiceUnavailableException", "Slow down.", rate),
            ("kinesisvideo", 400, "ClientLimitExceededException", "", rate),
            ("kinesis", 400, "KMSThrottlingException", "", rate),
            ("sqs", 400, "KmsThrottled", "", rate),
            ("lambda", 502, "EC2ThrottledException", "", rate),
            ("organizations", 400, "TooManyRequestsException", "", rate),
            ("cloudwatchlogs", 400, "ThrottlingException", "", rate),
            ("cloudwatchlogs", 400, "LimitExceededException", "Resource limit exceeded.", Verdict::Quota),
            ("codebuild", 400, "AccountLimitExceededException", "", Verdict::Quota),
            ("sfn", 400, "ExecutionLimitExceeded", "", Verdict::Quota),
            ("glue", 400, "ResourceNumberLimitExceededException", "", Verdict::Quota),
            ("ecr", 400, "LimitExceededException", "", Verdict::Quota),
            ("wafv2", 400, "WAFLimitsExceededException", "", Verdict::Accepted),
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
            retry_after(move |asked| (asked == name).then_some(value), None)
        };
        assert_eq!(one("x-amz-retry-after", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(one("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(one("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(one("x-amz-retry-after", "-1"), None);
        assert_eq!(one("etag", "7"), None);
        assert_eq!(one("retry-after", "18446744073709551615"), Some(LONGEST_ASKED));
        assert_eq!(
            retry_after(|name| Some(if name.starts_with('x') { "10" } else { "9" }), SECOND),
            Some(Duration::from_millis(10))
        );
    }

    #[test]
    fn only_a_rate_is_a_throttle_to_the_limit() {
        assert_eq!(
            Outcome::from(Verdict::Rate { retry_after: SECOND, blame: None }),
            Outcome::Throttled { retry_after: SECOND }
        );
        assert_eq!(Outcome::from(Verdict::Quota), Outcome::Accepted);
        assert_eq!(Outcome::from(Verdict::Unknown), Outcome::Unknown);
        assert_eq!(Outcome::from(Verdict::HotKey), Outcome::Unknown);
        assert_eq!(Outcome::from(Verdict::Unsent), Outcome::Unsent);
    }

    #[test]
    fn what_the_service_tells_of_the_limit_is_blamed() {
        let quota = QuotaCode::new("L-1194F27D");
        let of = |service, code, reason: &'static str, quota| {
            let reason = (!reason.is_empty()).then_some(reason);
            classify(&Reply { service, status: 400, code: Some(code), reason, quota, ..Reply::default() })
        };
        let rate = |blame| Verdict::Rate { retry_after: None, blame };
        let (throttling, exceeded) = ("ThrottlingException", "ProvisionedThroughputExceededException");
        assert_eq!(of("vpclattice", throttling, "", quota), rate(quota.map(Blame::Quota)));
        assert_eq!(of("dynamodb", throttling, "", None), rate(None));
        for reason in [
            "TableReadProvisionedThroughputExceeded",
            "IndexWriteMaxOnDemandThroughputExceeded",
            "TableWriteAccountLimitExceeded",
        ] {
            assert_eq!(of("dynamodb", exceeded, reason, None), rate(Some(Blame::Narrowest)));
        }
        let account = of("dynamodb", "RequestLimitExceeded", "TableReadAccountLimitExceeded", None);
        assert_eq!(account, rate(Some(Blame::Widest)));
        assert_eq!(of("ec2", "RequestLimitExceeded", "", None), rate(None));
        let hot = of("dynamodb", exceeded, "IndexReadKeyRangeThroughputExceeded", None);
        assert_eq!(hot, Verdict::HotKey);
    }
}
