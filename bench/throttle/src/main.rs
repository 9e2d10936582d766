//! The adaptive throttle against the SDK's own retry modes, on an endpoint that is one token bucket.
//!
//! Counts at the server, cold start included. With `--sim`, a simulation of many limiters on many limits.

mod load;
mod report;
mod sim;

use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde_json::json;

use self::load::{Case, Measured, run};

/// Runs the adaptive throttle and the SDK's own retry modes against one token bucket, and prints what each
/// made of it. All cases take about five minutes.
#[derive(Parser)]
struct Args {
    /// The modes to compare.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "throttle,adaptive")]
    modes: Vec<Mode>,
    /// Only the case with this refill rate: 20, 200, 1000 or 2.
    #[arg(long, value_parser = known_case)]
    refill: Option<u32>,
    /// One JSON object per line instead of the table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sim: sim::Args,
}

/// Who decides when a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// `tidegate-throttle`, attached to the client.
    Throttle,
    /// The SDK's adaptive retry mode.
    Adaptive,
    /// The SDK's standard retry mode, its default.
    Standard,
}

/// The bars are those that the README of the crate promises.
const CASES: [Case; 4] = [
    Case { refill: 20, burst: 100, tasks: 64, seconds: 30, used: 99.0, throttled: 5.0 },
    Case { refill: 200, burst: 200, tasks: 64, seconds: 20, used: 98.0, throttled: 2.0 },
    Case { refill: 1_000, burst: 1_000, tasks: 256, seconds: 20, used: 97.0, throttled: 2.0 },
    Case { refill: 2, burst: 5, tasks: 64, seconds: 60, used: 95.0, throttled: 15.0 },
];

/// How long every reply takes.
const REPLY: Duration = Duration::from_millis(20);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    if args.sim.sim {
        return sim::run(&args.sim);
    }
    if !args.json {
        report::header();
    }
    let mut missed = 0;
    for case in CASES.iter().filter(|case| args.refill.is_none_or(|refill| refill == case.refill)) {
        for mode in &args.modes {
            let measured = run(case, *mode, REPLY).await?;
            let met = *mode != Mode::Throttle || measured.meets(case);
            missed += usize::from(!met);
            if args.json {
                println!("{}", line(case, *mode, &measured));
            } else {
                report::row(case, *mode, &measured, met);
            }
        }
    }
    if missed > 0 {
        return Err(format!("the throttle missed the bar in {missed} case(s)").into());
    }
    Ok(())
}

fn known_case(text: &str) -> Result<u32, String> {
    CASES
        .iter()
        .map(|case| case.refill)
        .find(|refill| refill.to_string() == text)
        .ok_or_else(|| "it is one of 20, 200, 1000 and 2".to_owned())
}

fn line(case: &Case, mode: Mode, measured: &Measured) -> serde_json::Value {
    json!({
        "mode": format!("{mode:?}").to_lowercase(),
        "refill": case.refill,
        "burst": case.burst,
        "tasks": case.tasks,
        "seconds": case.seconds,
        "accepted": measured.accepted,
        "throttled": measured.throttled,
        "failed": measured.failed,
        "share_of_limit": measured.used,
        "share_throttled": measured.throttled_share(),
    })
}
