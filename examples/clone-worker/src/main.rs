//! Does segments of clones of S3 buckets, as a queue tells of them: any number of processes on any number of machines.

mod args;
mod clients;
mod notice;
mod place;
mod signals;
mod teller;
mod worker;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use tidegate_clone::{Cloner, Location, SegmentResponse, SegmentWorker};
use tidegate_sqs_consumer::{Consumer, ErrorKind};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use self::{
    args::Args,
    clients::Clients,
    signals::Signals,
    teller::Teller,
    worker::{Worker, text},
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(status) => return status,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, problem)) => {
            eprintln!("clone-worker: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Works until a signal.
async fn run(args: &Args) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    let consumer = Consumer::builder(clients.sqs.clone(), args.queue_url.as_str())
        // Whoever can begin a segment now is to have its message.
        .max_unprocessed(args.segments())
        .parallelism(1)
        .build()
        .map_err(|error| (2, error.to_string()))?;
    // Buckets and prefixes are those of the requests.
    let (any, other) = (Location::new(clients.s3.clone(), "any"), Location::new(clients.s3.clone(), "other"));
    let journal = worker::journal(&clients.s3, &args.journal);
    let mut segments = SegmentWorker::new(Cloner::new(any, other), journal).keep(args.keep);
    if args.announce {
        let queue_url = args.queue_url.clone();
        segments = segments.announce(Arc::new(Teller { client: clients.sqs, queue_url }));
    }
    let (stop, stopped) = watch::channel(false);
    let worker = Worker::new(segments, clients.s3, args.journal.clone(), args.slice(), stopped);
    let mut running = worker.consume(&consumer, args.segments(), Arc::new(print));

    tokio::select! {
        ended = running.wait() => {
            let Err(error) = ended else { return Ok(()) };
            let status = if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 };
            return Err((status, text(&error)));
        }
        () = signals.next() => {}
    }
    stop.send_replace(true);
    // A second signal ends the process at once: what it holds comes again.
    let report = tokio::select! {
        report = running.shutdown(args.grace()) => report.map_err(|error| (1, text(&error)))?,
        () = signals.next() => return Err((1, "stopped before its segments were; they come again".to_owned())),
    };
    if report.is_whole() {
        return Ok(());
    }
    Err((1, format!("{} messages were not given back in time; they come again", report.abandoned)))
}

/// A line for a segment that is done. Nobody has to read it.
fn print(response: &SegmentResponse) {
    let line = serde_json::json!({
        "id": response.id,
        "source": response.source,
        "destination": response.destination,
        "counts": response.counts,
        "children": response.children.len(),
        "generation": response.generation,
    });
    let _ = io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}
