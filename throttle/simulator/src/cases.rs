//! [`cases`]: what limiters are compared on.

use std::time::Duration;

use crate::case::{Background, Bucket, Case};

/// The cases that limiters are compared on, in the order of the table.
///
/// Limits are those of AWS where a service is named.
///
/// Source: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>,
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>.
#[must_use]
pub fn cases() -> Vec<Case> {
    let limit = |name, refill, burst| Case { name, refill, burst, ..Case::default() };
    let length = |case, warm_up, seconds| Case { seconds, warm_up, ..case };
    vec![
        // EC2, calls that describe.
        limit("20/s, 100", 20_000, 100),
        // Route 53.
        limit("10/s, 50", 10_000, 50),
        // EC2, calls that change.
        limit("5/s, 50", 5_000, 50),
        // EC2, RunInstances.
        length(limit("2/s, 5", 2_000, 5), 60, 660),
        // EC2, CreateVpcEndpoint.
        length(limit("0.3/s, 4", 300, 4), 300, 3_300),
        limit("40/s, 40", 40_000, 40),
        length(limit("200/s, 200", 200_000, 200), 60, 160),
        Case { callers: 128, ..length(limit("1000/s, 1000", 1_000_000, 1_000), 30, 60) },
        Case { processes: 4, ..limit("4 processes", 20_000, 100) },
        Case { processes: 16, ..limit("16 processes", 20_000, 100) },
        Case { round_trip: Duration::from_millis(300), ..limit("300 ms", 20_000, 100) },
        Case { changes: &[(160, 40_000)], ..limit("20 to 40/s", 20_000, 100) },
        Case { changes: &[(160, 10_000)], ..limit("20 to 10/s", 20_000, 100) },
        Case {
            changes: &[(60, 30_000), (120, 100_000)],
            ..length(limit("100, 30, 100/s", 100_000, 100), 30, 180)
        },
        Case {
            background: Some(Background { rate: 10_000, period: 20 }),
            ..limit("half taken on and off", 20_000, 100)
        },
        length(limit("1/s, 1", 1_000, 1), 200, 1_700),
        Case { bucket: Bucket::Ticks, ..limit("20/s in ticks", 20_000, 100) },
        // S3, writes to one prefix, refused at the front door.
        Case {
            callers: 1_000,
            refusal: Duration::from_millis(3),
            ..length(limit("3500/s, quick refusals", 3_500_000, 3_500), 30, 60)
        },
    ]
}
