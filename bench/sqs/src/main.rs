//! The consumer against a bare loop of receives and deletes on the same messages, and against a poller without
//! back-pressure; on the embedded AWS, each in a process of its own.

mod bare;
mod case;
mod consumer;
mod measured;
mod naive;
mod process;
mod queue;
mod report;
mod server;
mod story;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{case::Case, measured::Measured};

/// What goes wrong is told in one line.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Drains the same queues with a bare loop and with the consumer, in turn, and prints what each took.
#[derive(Parser)]
#[command(name = "bench-sqs", max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only the cases whose name contains this.
    #[arg(long)]
    case: Option<String>,
    /// Runs of each side of each case; the least CPU counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Messages of a run; of 100 KB, a fifth of it.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    messages: u64,
}

/// What the bench starts of itself, so that each side has a process of its own.
#[derive(Subcommand)]
enum Part {
    /// Messages come faster than they can be processed: a poller that takes all it can get, and the consumer.
    Story(story::Args),
    #[command(hide = true)]
    Serve,
    #[command(hide = true)]
    Bare(case::Run),
    #[command(hide = true)]
    Consume(case::Run),
    #[command(hide = true)]
    Idle(case::Run),
    #[command(hide = true)]
    Naive(story::Side),
    #[command(hide = true)]
    Bounded(story::Side),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.part {
        Some(Part::Story(args)) => story::show(args).await,
        Some(Part::Serve) => server::serve().await,
        Some(Part::Bare(run)) => bare::drain(run).await.and_then(|measured| measured.print()),
        Some(Part::Consume(run)) => consumer::drain(run).await.and_then(|measured| measured.print()),
        Some(Part::Idle(run)) => consumer::idle(run).await.and_then(|measured| measured.print()),
        Some(Part::Naive(side)) => naive::run(side).await,
        Some(Part::Bounded(side)) => consumer::bounded(side).await,
        None => bench(&args).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-sqs: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(args: &Args) -> Result<()> {
    let server = process::Server::start().await?;
    let mut rows = Vec::new();
    for case in Case::all() {
        if args.case.as_ref().is_some_and(|part| !case.name().contains(part.as_str())) {
            continue;
        }
        let (mut bare, mut consumer) = (Vec::new(), Vec::new());
        // In turn, so that what else the machine does meets both.
        for run in 0..args.runs {
            eprintln!("{}: run {} of {}", case.name(), run + 1, args.runs);
            for (part, side) in [("bare", &mut bare), ("consume", &mut consumer)] {
                let run = server.fill(case, case.messages(args.messages)).await?;
                side.push(process::run(part, &run).await?);
            }
        }
        rows.push(report::Row::new(case, &bare, &consumer));
    }
    eprintln!("an empty queue, for a minute");
    let idle = process::run("idle", &server.fill(Case::IDLE, 0).await?).await?;
    report::print(&rows, &idle);
    report::judge(&rows, &idle)
}
