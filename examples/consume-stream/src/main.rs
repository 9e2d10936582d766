//! Consumes a Kinesis stream together with other processes of the same application, and prints each record
//! when it is done with it.

mod args;
mod clients;
mod output;
mod signals;
mod work;

use std::{process::ExitCode, sync::Arc, time::Duration};

use tidegate_kinesis_consumer::{Consumer, Error, ErrorKind, Handling, Record, lease::DynamoDb};
use tracing_subscriber::EnvFilter;

use self::{args::Args, clients::Clients, output::Output, signals::Signals, work::Work};

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
            eprintln!("consume-stream: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Consumes until a signal, or until nothing comes any more.
async fn run(args: &Args) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    let leases = DynamoDb::new(clients.dynamodb, args.application.as_str());
    let consumer = Consumer::builder(clients.kinesis, args.stream.as_str(), leases)
        .start_at(args.start)
        .fetch(args.fetch())
        .failover(args.failover())
        .checkpoint_every(args.checkpoint());
    let consumer = match &args.worker_id {
        Some(id) => consumer.worker_id(id.as_str()),
        None => consumer,
    };
    let consumer = consumer.build().map_err(|error| (2, error.to_string()))?;

    let (work, output) = (Arc::new(Work::new(args)), Arc::new(Output::default()));
    let handled = Arc::clone(&output);
    let handling = Handling::new(move |record: Record, _| {
        let (work, output) = (Arc::clone(&work), Arc::clone(&handled));
        async move {
            work.on_one().await?;
            output.print(&record)?;
            Ok(())
        }
    })
    .concurrency(args.concurrency());

    let mut running = consumer.run(handling);
    let mut unread = false;
    tokio::select! {
        result = running.wait() => return result.map_err(|error| (status(&error), text(&error))),
        () = signals.next() => {}
        () = output.idle_for(args.exit_when_idle()) => {}
        () = output.closed() => unread = true,
    }
    // A second signal ends the process at once: the leases expire.
    tokio::select! {
        result = running.shutdown(Duration::from_secs(30)) => result.map_err(|error| (1, text(&error)))?,
        () = signals.next() => {
            return Err((1, "stopped before the leases were handed over; they expire".to_owned()));
        }
    }
    if unread {
        return Err((
            1,
            "cannot write to standard output; what was not printed is not checkpointed".to_owned(),
        ));
    }
    Ok(())
}

/// The exit status of an error.
fn status(error: &Error) -> u8 {
    if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 }
}

/// An error and its causes, in one line.
fn text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
