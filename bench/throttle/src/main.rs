//! The adaptive throttle against the SDK's own retry modes, on an endpoint that is one token bucket.
//!
//! Counts at the server, cold start included. With `--story`, a discovery on many buckets; with `--sim`, a
//! simulation of many limiters on many limits.

mod case;
mod load;
mod mode;
mod report;
mod sim;
mod story;

use clap::{CommandFactory, Parser, error::ErrorKind};

use self::{
    case::{CASES, Case},
    load::Measured,
    mode::Mode,
    report::Verdict,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs the adaptive throttle and the SDK's own retry modes against one token bucket, and prints what each
/// made of it. All cases take about six minutes.
#[derive(Parser)]
struct Args {
    /// The modes to compare.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "throttle,coordinated,adaptive")]
    modes: Vec<Mode>,
    /// Only the case with this name, as it stands in the table.
    #[arg(long, value_name = "NAME", alias = "refill")]
    case: Option<String>,
    /// One JSON object per line instead of the table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    story: story::Args,
    #[command(flatten)]
    sim: sim::Args,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    let names = if args.sim.sim { sim::names() } else { CASES.iter().map(|case| case.name).collect() };
    if let Some(case) = args.case.as_deref().filter(|case| !names.contains(case)) {
        let known: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        let message = format!("there is no case {case:?}: it is one of {}", known.join(", "));
        Args::command().error(ErrorKind::InvalidValue, message).exit();
    }
    if args.sim.sim {
        sim::run(&args.sim, args.case.as_deref())
    } else if args.story.story {
        story::run(args.json).await
    } else {
        compare(&args).await
    }
}

/// Runs the cases, and says of each how it went and whether the bar was met.
async fn compare(args: &Args) -> Result<(), Error> {
    if !args.json {
        println!("{}", report::HEADER);
    }
    let (mut verdicts, mut missed) = (Vec::new(), 0);
    for case in CASES.iter().filter(|case| args.case.as_deref().is_none_or(|name| name == case.name)) {
        for (mode, measured) in measure(case, &args.modes).await? {
            if args.json {
                println!("{}", report::line(case, mode, &measured));
            } else {
                println!("{}", report::row(case, mode, &measured));
            }
            if let Some(verdict) = Verdict::of(case, mode, &measured) {
                missed += usize::from(!verdict.met);
                verdicts.push(verdict.to_string());
            }
        }
    }
    if !args.json {
        println!("\n{}", verdicts.join("\n"));
    }
    if missed > 0 {
        return Err(format!("the throttle missed the bar {missed} time(s)").into());
    }
    Ok(())
}

/// Runs a case in each mode: side by side if it is quiet, else one after the other.
async fn measure(case: &'static Case, modes: &[Mode]) -> Result<Vec<(Mode, Measured)>, Error> {
    let modes = modes.iter().copied().filter(|mode| *mode != Mode::Coordinated || case.processes > 1);
    let mut measured = Vec::new();
    if case.is_quiet() {
        let runs: Vec<_> = modes.map(|mode| (mode, tokio::spawn(load::run(case, mode)))).collect();
        for (mode, run) in runs {
            measured.push((mode, run.await??));
        }
    } else {
        for mode in modes {
            measured.push((mode, load::run(case, mode).await?));
        }
    }
    Ok(measured)
}
