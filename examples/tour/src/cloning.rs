//! The cloner clones a bucket under AWS's limits.

use std::{error::Error, sync::Arc, time::Duration};

use aws_sdk_s3::Client;
use indicatif::{ProgressBar, ProgressStyle};
use tidegate_clone::{Cloner, Location, Outcome};
use tidegate_local_aws::{Latency, Limits, LocalAws};
use tidegate_throttle::{Adaptive, aws};
use tokio::time::interval;

use crate::embedded::sdk_config;

const OBJECTS: u64 = 7_500;
const PREFIXES: u64 = 195;
const BYTES: u64 = 8_000_000_000;

/// Clones a bucket, and compares both sides.
pub(crate) async fn show() -> Result<(), Box<dyn Error>> {
    let embedded = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await?;
    let s3 = embedded.s3();
    s3.create_bucket("story");
    s3.create_bucket("story-clone");
    let key = |number| format!("group-{:03}/object-{number:05}", number % PREFIXES);
    s3.seed("story", (0..OBJECTS).map(|number| (key(number), BYTES / OBJECTS)))?;

    let client = Client::from_conf(sdk_config(&embedded).retry_config(aws::no_retries()).build());
    let location = |bucket| Location::new(client.clone(), bucket);
    let cloner = Cloner::new(location("story"), location("story-clone")).throttle(Arc::new(Adaptive::new()));
    let mut run = cloner.start()?;
    let bar = ProgressBar::new(OBJECTS)
        .with_style(ProgressStyle::with_template("  {bar:32.cyan/dim} {human_pos} of {human_len} objects")?);
    let monitor = run.monitor();
    let mut tick = interval(Duration::from_millis(100));
    let report = loop {
        tokio::select! {
            report = run.wait() => break report?,
            _ = tick.tick() => bar.set_position(monitor.progress().copied),
        }
    };
    bar.finish_and_clear();
    let verification = cloner.verify().await?;
    println!("  copied             {} of {} objects", report.copied(), report.listed());
    println!("  took               {:.1} s", report.elapsed().as_secs_f64());
    println!("  throttled          {} of {} requests", report.throttled(), report.requests().total());
    println!("  the same           {} objects, by size and ETag, listed on both sides", verification.same());
    embedded.shutdown().await;
    if report.outcome() != Outcome::Complete || !verification.is_whole() {
        return Err("the clone is not whole".into());
    }
    Ok(())
}
