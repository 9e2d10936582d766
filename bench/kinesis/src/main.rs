//! The consumer against a bare `GetRecords` loop on the same records, on the embedded AWS: server, loop and
//! consumer each in a process of its own.

mod bare;
mod case;
mod clients;
mod consumer;
mod measured;
mod process;
mod report;
mod seen;
mod server;
mod ten;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{case::Case, measured::Measured};

/// What goes wrong is told in one line.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Reads the same records with a bare loop and with the consumer, in turn, and prints what each took.
///
/// Both read 4 shards at the pace that Kinesis allows, 2 MB a second each, and look at each record. The consumer's CPU
/// has in it what its leases in DynamoDB cost meanwhile; what they and the looks at the tip cost by themselves is printed
/// beside it.
#[derive(Parser)]
#[command(name = "bench-kinesis", max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only the cases whose name contains this.
    #[arg(long)]
    case: Option<String>,
    /// Runs of each side of each case; the least CPU counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Bytes of data that each run reads, in MiB.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=4096))]
    mib: u64,
}

/// What the bench starts of itself, so that each side has a process of its own.
#[derive(Subcommand)]
enum Part {
    /// Ten applications read one stream of two shards under its limits, and beside them, on a stream of the same
    /// traffic, ten pollers with a fixed interval: each in a process of its own.
    Ten(ten::Args),
    #[command(hide = true)]
    TenServe(ten::Args),
    #[command(hide = true)]
    TenRead(ten::ReadArgs),
    #[command(hide = true)]
    Serve,
    #[command(hide = true)]
    Bare(clients::Target),
    #[command(hide = true)]
    Consume(consumer::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.part {
        Some(Part::Ten(args)) => ten::show(args).await,
        Some(Part::TenServe(args)) => ten::serve(args).await,
        Some(Part::TenRead(args)) => ten::read(args).await,
        Some(Part::Serve) => server::serve().await,
        Some(Part::Bare(target)) => bare::read(target).await.and_then(|measured| measured.print()),
        Some(Part::Consume(args)) => consumer::read(args).await.and_then(|measured| measured.print()),
        None => bench(&args).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-kinesis: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(args: &Args) -> Result<()> {
    let server = process::Server::start().await?;
    let mut rows = Vec::new();
    for bytes in case::SIZES {
        let target = server.fill(bytes, args.mib << 20).await?;
        for case in Case::all(bytes) {
            if args.case.as_ref().is_some_and(|part| !case.name().contains(part.as_str())) {
                continue;
            }
            let (mut bare, mut consumer) = (Vec::new(), Vec::new());
            // In turn, so that what else the machine does meets both.
            for run in 0..args.runs {
                eprintln!("{}: run {} of {}", case.name(), run + 1, args.runs);
                bare.push(process::run(&["bare"], &target).await?);
                consumer.push(process::run(&["consume", "--concurrency", case.concurrency], &target).await?);
            }
            rows.push(report::Row::new(case, &bare, &consumer));
        }
    }
    report::print(&rows);
    report::judge(&rows)
}
