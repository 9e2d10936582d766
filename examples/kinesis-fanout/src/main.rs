//! Republishes one Kinesis stream to many, so that it is read once for all of them.

mod args;
mod clients;
mod copy;
mod delays;
mod demo;
mod fanout;
mod key;
mod letters;
mod publisher;
mod replay;
mod shard;
mod signals;
mod target;

use std::{process::ExitCode, sync::Arc};

use tidegate_kinesis_consumer::{Concurrency, Consumer, ErrorKind, lease::DynamoDb};
use tidegate_throttle::{Adaptive, Throttle};
use tracing_subscriber::EnvFilter;

use self::{
    args::{Args, Command, Places, Run},
    clients::Clients,
    fanout::Fanout,
    letters::Letters,
    publisher::Publisher,
    signals::Signals,
    target::Target,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error,kinesis_fanout=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match &args.command {
        Command::Run(args) => run(args).await,
        Command::Replay(args) => replay(&args.places).await,
        Command::Demo(args) => demo::show(args.records).await.map_err(|problem| (1, problem)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, problem)) => {
            eprintln!("kinesis-fanout: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Republishes until a signal.
async fn run(args: &Run) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    let leases = DynamoDb::new(clients.dynamodb.clone(), args.application.as_str());
    let consumer = Consumer::builder(clients.kinesis.clone(), args.stream.as_str(), leases)
        .fetch(fanout::often())
        .build();
    let fanout = Fanout {
        consumer: consumer.map_err(|error| (2, error.to_string()))?,
        targets: Fanout::targets(&clients, &args.places.targets, args.patience()),
        letters: Letters::new(clients.s3, args.places.failures.clone()),
        concurrency: Concurrency::PerKey(args.concurrency),
        patience: args.patience(),
    };
    let result = fanout.run(signals.next()).await;
    print(&fanout.targets);
    let status = |kind| if kind == ErrorKind::InvalidInput { 2 } else { 1 };
    result.map_err(|error| (status(error.kind()), text(&error)))?;
    let kept: u64 = fanout.targets.iter().map(|target| target.published().kept).sum();
    match kept {
        0 => Ok(()),
        _ => Err((1, format!("{kept} records are kept, and wait for a replay"))),
    }
}

/// Publishes what was kept.
async fn replay(places: &Places) -> Result<(), (u8, String)> {
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    let letters = Letters::new(clients.s3.clone(), places.failures.clone());
    let throttle: Arc<dyn Throttle> = Arc::new(Adaptive::new());
    let mut problems = Vec::new();
    for target in &places.targets {
        let publisher = Publisher::start(clients.kinesis.clone(), Arc::clone(&throttle), target);
        let (count, problem) = replay::replay(&letters, target, &publisher).await;
        println!("{target}: {count} records replayed");
        problems.extend(problem);
    }
    match problems.first() {
        None => Ok(()),
        Some(problem) => Err((1, format!("not all was replayed: {problem}"))),
    }
}

/// How it went with each target.
fn print(targets: &[Arc<Target>]) {
    println!(
        "target           records     kept   p50 ms   p99 ms   max ms   from the source's arrival until the target had it"
    );
    for target in targets {
        let published = target.published();
        let [p50, p99, max] =
            [published.delays.percentile(50), published.delays.percentile(99), published.delays.longest()];
        let (name, records, kept) = (&target.name, published.records, published.kept);
        println!(
            "{name:<15} {records:>8} {kept:>8} {:>8} {:>8} {:>8}",
            p50.as_millis(),
            p99.as_millis(),
            max.as_millis()
        );
    }
}

/// An error and its causes, in one line.
fn text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
