//! Consumes an SQS queue, and prints each message when its delete is confirmed.
//!
//! It takes deliveries from the consumer's stream and runs lanes of its own, since a line is printed when a message is deleted,
//! which a handler never sees. A service that need not know gives [`Consumer::run`] a handler instead.

mod args;
mod clients;
mod job;
mod output;
mod signals;
mod work;

use std::{future, process::ExitCode, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tidegate_lanes::{
    Attempt, Backoff, Concurrency, Finished, Handler, Lanes, Policy, Stopped, dead_letter::Sqs,
};
use tidegate_sqs_consumer::{Consumer, Delivery, Error, ErrorKind};
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use self::{
    args::Args,
    job::{Job, Lane},
    output::Output,
    signals::Signals,
    work::Work,
};

/// What has begun may take so long once a signal came.
const DEADLINE: Duration = Duration::from_secs(30);

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
    match run(Arc::new(args)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((status, problem)) => {
            eprintln!("drain-queue: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Consumes until a signal, or until nothing comes any more.
async fn run(args: Arc<Args>) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let client = clients::connect().await.map_err(|problem| (2, problem))?;
    let consumer = Consumer::builder(client.clone(), args.queue_url.as_str())
        .max_unprocessed(args.max_unprocessed)
        .parallelism(args.parallelism);
    let consumer = consumer.build().map_err(|error| (2, error.to_string()))?;
    let policy = policy(&args, client);

    let output = Arc::new(Output::default());
    let work = Arc::new(Work::new(&args, Arc::clone(&output)));
    let handler = move |job: Job, _: Attempt| {
        let work = Arc::clone(&work);
        async move { work.on_one(&job).await }
    };
    // All that is held may run at once.
    let mut lanes = Lanes::new(Concurrency::per_key(args.max_unprocessed), policy, handler);
    let mut acks = JoinSet::new();
    let mut messages = consumer.messages();
    let mut unread = false;
    let idle = output.idle_for(args.exit_when_idle());
    let mut idle = std::pin::pin!(idle);
    loop {
        tokio::select! {
            delivery = messages.next() => match delivery {
                Some(delivery) => {
                    let job = Job::new(&args, delivery.message().clone());
                    lanes.push(job.lane(), job, delivery);
                }
                None => return messages.wait().await.map(drop).map_err(|error| (status(&error), text(&error))),
            },
            Some(finished) = lanes.next(), if !lanes.is_empty() => ack(&mut acks, &output, finished)?,
            Some(_) = acks.join_next(), if !acks.is_empty() => {}
            () = signals.next() => break,
            () = &mut idle => break,
            () = output.closed() => {
                unread = true;
                break;
            }
        }
    }

    // A second signal ends the process at once: what it holds comes again.
    let report = tokio::select! {
        // First it is said that it stops, then the rest is dropped.
        biased;
        report = messages.shutdown(DEADLINE) => report.map_err(|error| (1, text(&error)))?,
        stopped = finish(lanes, &mut acks, &output) => return Err(stopped),
        () = signals.next() => {
            return Err((1, "stopped before its messages were given back; they come again".to_owned()));
        }
    };
    // What is deleted is to be printed still.
    while acks.join_next().await.is_some() {}
    if unread {
        return Err((1, "cannot write to standard output; what was not printed may be deleted".to_owned()));
    }
    let totals = report.totals;
    eprintln!(
        "drain-queue: {} received, {} deleted, {} given back, {} lost",
        totals.received, totals.deleted, totals.given_back, totals.lost
    );
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

/// Finishes what has begun; the rest is dropped, and so given back. It ends only by what stops the lanes: how long it may take
/// is the shutdown's.
async fn finish<H>(
    mut lanes: Lanes<Lane, Job, Delivery, H>,
    acks: &mut JoinSet<()>,
    output: &Arc<Output>,
) -> (u8, String)
where
    H: Handler<Job>,
{
    lanes.discard(|_| true);
    while lanes.running() > 0 {
        let Some(finished) = lanes.next().await else { break };
        if let Err(stopped) = ack(acks, output, finished) {
            return stopped;
        }
    }
    drop(lanes);
    future::pending().await
}

/// Deletes a message, and prints it when it is.
fn ack(
    acks: &mut JoinSet<()>,
    output: &Arc<Output>,
    finished: Result<Finished<Lane, Job, Delivery>, Stopped<Job, Delivery>>,
) -> Result<(), (u8, String)> {
    let Finished { item, claim, outcome, .. } = finished.map_err(|stopped| (1, stopped.to_string()))?;
    let output = Arc::clone(output);
    let deleted = claim.ack();
    acks.spawn(async move {
        if deleted.await {
            output.print(&item, outcome);
        }
    });
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
