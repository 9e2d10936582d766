//! The load: tasks that call without pause, and what the server counted of them.

use std::time::Duration;

use aws_sdk_kinesis::{Client, config};
use aws_smithy_http_client::{Builder, tls};
use tidegate_local_aws::{Latency, Limits, LocalAws};
use tidegate_throttle::{Adaptive, attach, aws};
use tokio::{task::JoinSet, time::Instant};

use crate::Mode;

/// One token bucket, and the load on it.
pub(crate) struct Case {
    /// Tokens a second.
    pub(crate) refill: u32,
    pub(crate) burst: u32,
    pub(crate) tasks: u32,
    pub(crate) seconds: u32,
    /// The least share of the limit that the throttle must use, in percent.
    pub(crate) used: f64,
    /// The most of its calls that may be throttled, in percent.
    pub(crate) throttled: f64,
}

/// What the server counted.
pub(crate) struct Measured {
    pub(crate) accepted: u64,
    pub(crate) throttled: u64,
    /// Operations that failed at the client.
    pub(crate) failed: u64,
    /// The share of the limit that was used, in percent.
    pub(crate) used: f64,
}

impl Measured {
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    pub(crate) fn throttled_share(&self) -> f64 {
        self.throttled as f64 * 100.0 / (self.accepted + self.throttled).max(1) as f64
    }

    pub(crate) fn meets(&self, case: &Case) -> bool {
        self.used >= case.used && self.throttled_share() <= case.throttled && self.failed == 0
    }
}

/// Runs one case in one mode, against a server of its own.
pub(crate) async fn run(
    case: &Case,
    mode: Mode,
    reply: Duration,
) -> Result<Measured, tidegate_local_aws::Error> {
    let aws = LocalAws::builder()
        .limits(Limits::single("kinesis", "DescribeLimits", case.refill, case.burst))
        .latency(Latency::fixed(reply))
        .start()
        .await?;
    let client = client(&aws, mode);
    let start = Instant::now();
    let end = start + Duration::from_secs(case.seconds.into());
    let mut tasks = JoinSet::new();
    for _ in 0..case.tasks {
        tasks.spawn(call_until(client.clone(), end));
    }
    let mut failed = 0;
    while let Some(task) = tasks.join_next().await {
        failed += task.unwrap_or(1);
    }
    let counted = aws.counters().action("kinesis", "DescribeLimits");
    let allowed = f64::from(case.burst) + f64::from(case.refill) * f64::from(case.seconds);
    aws.shutdown().await;
    Ok(Measured {
        accepted: counted.accepted,
        throttled: counted.throttled,
        failed,
        #[allow(clippy::cast_precision_loss, reason = "a percentage")]
        used: counted.accepted as f64 * 100.0 / allowed,
    })
}

/// Calls until `end`; gives how many operations failed.
async fn call_until(client: Client, end: Instant) -> u64 {
    let mut failed = 0;
    while let Ok(result) = tokio::time::timeout_at(end, client.describe_limits().send()).await {
        failed += u64::from(result.is_err());
    }
    failed
}

fn client(aws: &LocalAws, mode: Mode) -> Client {
    // A client of its own, so that no mode inherits the connections of another.
    let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
    let builder = config::Builder::from(&aws.sdk_config()).http_client(http.build_https());
    Client::from_conf(match mode {
        Mode::Throttle => attach!(builder.retry_config(aws::retry_config()), &Adaptive::new()).build(),
        Mode::Adaptive => builder.retry_config(config::retry::RetryConfig::adaptive()).build(),
        Mode::Standard => builder.retry_config(config::retry::RetryConfig::standard()).build(),
    })
}
