//! `--story`: a discovery that asks EC2 2,000 questions at once, in each mode.

// The load of the crate's own test of it, which is under a paused clock.
#[path = "../../../throttle/tests/ec2/mod.rs"]
mod ec2;

use std::time::Duration;

use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_types::retry::RetryConfig;
use serde_json::json;
use tidegate_throttle::{Adaptive, catalog::Catalog};

use self::ec2::{Pace, Told, discover, least};
use crate::Error;

/// How much longer than the least time the throttle may take.
const SLACK: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Tell a story instead: a discovery asks EC2 2,000 questions at once, in each mode. Takes four minutes.
    #[arg(long, conflicts_with_all = ["sim", "modes", "case"])]
    pub(crate) story: bool,
}

/// Runs all modes, one after the other.
pub(crate) async fn run(as_json: bool) -> Result<(), Error> {
    let unknowing = Adaptive::builder().catalog(Catalog::empty()).build();
    let often = RetryConfig::adaptive().with_max_attempts(100);
    let modes = [
        ("throttle", Pace::Throttle(Adaptive::new())),
        ("throttle, knowing nothing", Pace::Throttle(unknowing)),
        ("SDK standard", Pace::Sdk(RetryConfig::standard(), TokenBucket::default())),
        ("SDK adaptive", Pace::Sdk(RetryConfig::adaptive(), TokenBucket::default())),
        ("SDK adaptive, 100 attempts, no quota", Pace::Sdk(often, TokenBucket::unlimited())),
    ];
    let least = least();
    if !as_json {
        println!("The buckets allow it in {}.\n", seconds(least));
        println!(
            "| mode | operations failed | time | calls | of these throttled | latest action, after its least time |"
        );
        println!("|---|---|---|---|---|---|");
    }
    let (mut verdicts, mut missed) = (Vec::new(), 0);
    for (mode, pace) in modes {
        let told = discover(&pace).await;
        println!("{}", if as_json { line(mode, told, least).to_string() } else { row(mode, told) });
        if let Pace::Throttle(_) = pace {
            let met = told.failed == 0 && told.took <= least + SLACK;
            missed += usize::from(!met);
            let (word, most) = (if met { "met" } else { "MISSED" }, seconds(least + SLACK));
            verdicts.push(format!(
                "{word}: {mode}: {} failed (0); {} (≤ {most})",
                told.failed,
                seconds(told.took)
            ));
        }
    }
    if !as_json {
        println!("\n{}", verdicts.join("\n"));
    }
    if missed > 0 { Err(format!("the throttle missed the bar {missed} time(s)").into()) } else { Ok(()) }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn row(mode: &str, told: Told) -> String {
    let (action, late) = told.latest;
    // Who gives up early is never late.
    let latest = if told.failed == 0 { format!("{action}, {}", seconds(late)) } else { String::new() };
    let calls = told.accepted + told.throttled;
    format!("| {mode} | {} | {} | {calls} | {} | {latest} |", told.failed, seconds(told.took), told.throttled)
}

fn line(mode: &str, told: Told, least: Duration) -> serde_json::Value {
    json!({
        "mode": mode,
        "failed": told.failed,
        "seconds": told.took.as_secs_f64(),
        "least_seconds": least.as_secs_f64(),
        "accepted": told.accepted,
        "throttled": told.throttled,
        "latest_action": told.latest.0,
        "latest_after_seconds": told.latest.1.as_secs_f64(),
    })
}
