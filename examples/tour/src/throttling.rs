//! The throttle learns a limit.

use std::{error::Error, time::Duration};

use aws_sdk_kinesis::{Client, config, error::SdkError, operation::describe_limits::DescribeLimitsError};
use indicatif::{ProgressBar, ProgressStyle};
use tidegate_local_aws::{Latency, Limits, LocalAws};
use tidegate_throttle::{Adaptive, LimitState, attach, aws};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, timeout_at},
};

use crate::embedded::http_client;

const TASKS: usize = 64;
const REFILL: u32 = 50;
const BURST: u32 = 100;
const TIME: Duration = Duration::from_secs(12);

/// Calls without pause for a while, and shows the rate being learnt.
pub(crate) async fn show() -> Result<(), Box<dyn Error>> {
    let embedded = LocalAws::builder()
        .limits(Limits::single("kinesis", "DescribeLimits", REFILL, BURST))
        .latency(Latency::fixed(Duration::from_millis(20)))
        .start()
        .await?;
    let throttle = Adaptive::new();
    let builder = config::Builder::from(&embedded.sdk_config())
        .http_client(http_client())
        .retry_config(aws::retry_config());
    let client = Client::from_conf(attach!(builder, &throttle).build());

    let end = Instant::now() + TIME;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(call_until(client.clone(), end));
    }
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("  {spinner} {msg}")?);
    let mut tick = interval(Duration::from_millis(100));
    while Instant::now() < end {
        tick.tick().await;
        if let Some(limit) = throttle.snapshot().first() {
            line.set_message(describe(limit));
            line.tick();
        }
    }
    line.finish_and_clear();
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    let counted = embedded.counters().action("kinesis", "DescribeLimits");
    let allowed = u64::from(BURST) + u64::from(REFILL) * TIME.as_secs();
    println!("  the limit allowed  {allowed} calls in {} s", TIME.as_secs());
    println!("  it let through     {}", counted.accepted);
    println!("  it throttled       {}", counted.throttled);
    if let Some(limit) = throttle.snapshot().first() {
        println!("  learnt             {}", rate(limit));
    }
    embedded.shutdown().await;
    Ok(())
}

async fn call_until(client: Client, end: Instant) -> Result<(), SdkError<DescribeLimitsError>> {
    while let Ok(called) = timeout_at(end, client.describe_limits().send()).await {
        called?;
    }
    Ok(())
}

fn describe(limit: &LimitState) -> String {
    format!(
        "{} let through, {} throttled, {} waiting, paced at {}",
        limit.accepted,
        limit.throttled,
        limit.queued,
        rate(limit)
    )
}

fn rate(limit: &LimitState) -> String {
    limit.rate.map_or_else(|| "whatever goes".to_owned(), |rate| rate.to_string())
}
