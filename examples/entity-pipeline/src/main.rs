//! Stores the versions of entities that an SQS queue brings in DynamoDB, and publishes them to a second queue.

mod args;
mod clients;
mod entities;
mod order;
mod signals;
mod table;
mod work;

use std::{process::ExitCode, sync::Arc, time::Duration};

use tidegate_lanes::{Backoff, Policy, dead_letter::Sqs};
use tidegate_sqs_consumer::{Consumer, Error, ErrorKind, PipelineTotals, Pipelining, Publisher, Report};
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

use self::{args::Args, clients::Clients, entities::Entities, signals::Signals, table::Table, work::Work};

/// What has begun may take so long once a signal came.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a receive waits for a message: a stop waits for the receives that are out.
const WAIT: Duration = Duration::from_secs(5);

/// A message is tried once, and then so often again until it goes to the dead letters, if there are any.
const RETRIES: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, problem)) => {
            eprintln!("entity-pipeline: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Consumes until a signal, or until nothing comes any more.
async fn run(args: &Args) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let Clients { sqs, dynamodb, throttle } = Clients::connect().await.map_err(|problem| (2, problem))?;
    let consumer = Consumer::builder(sqs.clone(), args.queue_url.as_str())
        .max_unprocessed(args.max_unprocessed)
        .parallelism(args.parallelism)
        .wait(WAIT)
        .throttle(Arc::new(throttle.clone()));
    let consumer = consumer.build().map_err(|error| problem(&error))?;
    let publisher = Publisher::builder(sqs.clone(), args.publish_url.as_str()).throttle(Arc::new(throttle));
    let publisher = publisher.start().map_err(|error| problem(&error))?;
    let table = Table::new(dynamodb, &args.table);
    table.check().await?;

    let entities = Entities { table, publisher, work: Work::new(args) };
    // All that is held may run at once.
    let pipelining = Pipelining::new(entities)
        .concurrency(args.max_unprocessed)
        .conflate(args.conflate)
        .on_failure(policy(args, sqs));
    let tally = pipelining.tally();
    let mut running = consumer.run_pipeline(pipelining);
    loop {
        let deleted = running.health().totals.deleted;
        tokio::select! {
            ended = running.wait() => return ended.map(drop).map_err(|error| problem(&error)),
            () = signals.next() => break,
            () = sleep(args.exit_when_idle()) => if running.health().totals.deleted == deleted { break },
        }
    }

    // A second signal ends the process at once: what it holds comes again.
    let report = tokio::select! {
        report = running.shutdown(DEADLINE) => report.map_err(|error| problem(&error))?,
        () = signals.next() => {
            return Err((1, "stopped before its messages were given back; they come again".to_owned()));
        }
    };
    tell(&report, tally.totals());
    if report.is_whole() {
        return Ok(());
    }
    let (left, receives) = (report.abandoned, report.receives);
    Err((
        1,
        format!(
            "{left} messages, and what {receives} receives bring, were not given back in time; they come again"
        ),
    ))
}

/// With dead letters a message is given up at last, and without it is tried for ever.
fn policy(args: &Args, client: aws_sdk_sqs::Client) -> Policy {
    match &args.dead_letter_url {
        None => Policy::default(),
        Some(url) => Policy::default()
            .retries(|| Backoff::default().take(RETRIES))
            .dead_letter_to(Arc::new(Sqs::new(client, url.as_str()))),
    }
}

fn tell(report: &Report, pipeline: PipelineTotals) {
    let totals = report.totals;
    eprintln!(
        "entity-pipeline: {} received, {} deleted, {} given back, {} lost; {} stored, {} published, {} of them again, \
         {} overtaken, {} stale, {} duplicates, {} conflated",
        totals.received,
        totals.deleted,
        totals.given_back,
        totals.lost,
        pipeline.stored,
        pipeline.published,
        pipeline.published_again,
        pipeline.overtaken,
        pipeline.stale,
        pipeline.duplicates,
        pipeline.conflated,
    );
}

/// The exit status of an error, and the error with its causes, in one line.
fn problem(error: &Error) -> (u8, String) {
    let status = if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 };
    let error: &dyn std::error::Error = error;
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    (status, causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
}
