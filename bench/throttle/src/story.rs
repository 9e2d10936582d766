//! `--story`: a discovery that asks EC2 2,000 questions at once, in each mode.

// The load of the crate's own test of it, which is under a paused clock.
#[path = "../../../throttle/tests/ec2/mod.rs"]
mod ec2;

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use serde_json::json;
use tidegate_throttle::{Adaptive, catalog::Catalog};

use self::ec2::{Pace, Told, discover, least};
use crate::Error;

/// How much longer than the least time the throttle may take.
const SLACK: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Tell a story instead: a discovery asks EC2 2,000 questions at once, in each mode. Takes two minutes.
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
        ("SDK standard", Pace::Sdk(RetryConfig::standard())),
        ("SDK adaptive", Pace::Sdk(RetryConfig::adaptive())),
        ("SDK adaptive, 100 attempts", Pace::Sdk(often)),
    ];
    let least = least();
    if !as_json {
        println!("The buckets allow it in {:.1} s.\n", least.as_secs_f64());
        println!(
            "| mode | operations failed | seconds | calls | of these throttled |\n|---|---|---|---|---|"
        );
    }
    let mut verdicts = Vec::new();
    for (mode, pace) in modes {
        let told = discover(&pace).await;
        if let Pace::Throttle(_) = pace {
            verdicts.push((mode, told));
        }
        if as_json {
            println!("{}", line(mode, told, least));
        } else {
            println!(
                "| {mode} | {} | {:.1} | {} | {} |",
                told.failed,
                told.took.as_secs_f64(),
                told.accepted + told.throttled,
                told.throttled,
            );
        }
    }
    let most = least + SLACK;
    let mut missed = 0;
    for (mode, told) in &verdicts {
        let met = told.failed == 0 && told.took <= most;
        missed += u32::from(!met);
        if !as_json {
            let word = if met { "met" } else { "MISSED" };
            println!(
                "\n{word}: {mode}: {} failed (0), {:.1} s (≤ {:.1} s)",
                told.failed,
                told.took.as_secs_f64(),
                most.as_secs_f64()
            );
        }
    }
    if missed > 0 { Err(format!("the throttle missed the bar {missed} time(s)").into()) } else { Ok(()) }
}

fn line(mode: &str, told: Told, least: Duration) -> serde_json::Value {
    json!({
        "mode": mode,
        "failed": told.failed,
        "seconds": told.took.as_secs_f64(),
        "least_seconds": least.as_secs_f64(),
        "accepted": told.accepted,
        "throttled": told.throttled,
    })
}
