//! Sends the records of a Kinesis stream to an SQS queue, each partition key in order.

mod args;
mod clients;
mod letter;
mod signals;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_kinesis_consumer::{
    Concurrency, Consumer, Error, ErrorKind, Failure, Handling, Policy, Record, Running, lease::DynamoDb,
};
use tidegate_lanes::dead_letter::S3;
use tidegate_sqs_consumer::{PublishErrorKind, Publisher};
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

use self::{
    args::Args,
    clients::Clients,
    letter::{Queue, letter},
    signals::Signals,
};

/// What has begun may take so long once a signal came.
const DEADLINE: Duration = Duration::from_secs(30);

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
            eprintln!("kinesis-to-sqs: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Sends until a signal, or until nothing comes any more.
async fn run(args: &Args) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    // Less than the deadline: what fails is given back in time.
    let publisher = Publisher::builder(clients.sqs, args.queue_url.as_str()).patience(DEADLINE / 2);
    let publisher = publisher.start().map_err(|error| (2, error.to_string()))?;
    let queue = Queue::of(&args.queue_url);
    let leases = DynamoDb::new(clients.dynamodb, args.application.as_str());
    let consumer = Consumer::builder(clients.kinesis, args.stream.as_str(), leases).failover(args.failover());
    let consumer = consumer.build().map_err(|error| (2, error.to_string()))?;

    let (bucket, prefix) = &args.failures;
    let kept = Arc::new(S3::new(clients.s3, bucket.as_str(), prefix.as_str()));
    let (sent, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (counted, unsent) = (Arc::clone(&sent), Arc::clone(&refused));
    let handling = Handling::new(move |record: Record, _| {
        let (publisher, sent, refused) = (publisher.clone(), Arc::clone(&counted), Arc::clone(&unsent));
        async move {
            let Err(error) = publisher.send(letter(&record, queue)).await else {
                sent.fetch_add(1, Relaxed);
                return Ok(());
            };
            match error.kind() {
                PublishErrorKind::TooLarge | PublishErrorKind::InvalidInput | PublishErrorKind::Refused => {
                    refused.fetch_add(1, Relaxed);
                    Err(Failure::dead_letter(error))
                }
                // It is sent again, for as long as it takes: its key waits, and so, at last, does its shard.
                _ => Err(error.into()),
            }
        }
    });
    let handling = handling
        .concurrency(Concurrency::PerKey(args.concurrency))
        .on_failure(Policy::default().letters(kept));

    let mut running = consumer.run(handling);
    consume(&mut running, &sent, args.exit_when_idle(), &mut signals).await?;
    let (sent, refused) = (sent.load(Relaxed), refused.load(Relaxed));
    eprintln!("kinesis-to-sqs: {sent} records sent, {refused} that SQS does not take");
    Ok(())
}

/// Waits for the end, and hands the shards over.
async fn consume(
    running: &mut Running,
    sent: &AtomicU64,
    idle: Duration,
    signals: &mut Signals,
) -> Result<(), (u8, String)> {
    loop {
        let before = sent.load(Relaxed);
        tokio::select! {
            ended = running.wait() => return ended.map_err(|error| problem(&error)),
            () = signals.next() => break,
            () = sleep(idle) => if sent.load(Relaxed) == before { break },
        }
    }
    // A second signal ends the process at once: the leases expire.
    tokio::select! {
        ended = running.shutdown(DEADLINE) => ended.map_err(|error| problem(&error)),
        () = signals.next() => Err((1, "stopped before the leases were handed over; they expire".to_owned())),
    }
}

/// The exit status of an error, and the error with its causes, in one line.
fn problem(error: &Error) -> (u8, String) {
    let status = if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 };
    let error: &dyn std::error::Error = error;
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    (status, causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
}
