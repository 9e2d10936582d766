//! Posts the records of a Kinesis stream to an HTTP service, each partition key in order.

mod args;
mod clients;
mod signals;
mod target;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use tidegate_kinesis_consumer::{
    Concurrency, Consumer, Error, ErrorKind, Handling, Policy, Record, Running, lease::DynamoDb,
};
use tidegate_lanes::{Answer, dead_letter::S3};
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

use self::{args::Args, clients::Clients, signals::Signals, target::Target};

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
            eprintln!("kinesis-to-http: {problem}");
            ExitCode::from(status)
        }
    }
}

/// Posts until a signal, or until nothing comes any more.
async fn run(args: &Args) -> Result<(), (u8, String)> {
    let mut signals = Signals::handle().map_err(|error| (1, format!("cannot handle signals: {error}")))?;
    let headers = headers(args).map_err(|problem| (2, problem))?;
    let clients = Clients::connect().await.map_err(|problem| (2, problem))?;
    let target = Target::new(args.url.clone(), headers, args.timeout()).map_err(|problem| (1, problem))?;
    let leases = DynamoDb::new(clients.dynamodb, args.application.as_str());
    let consumer = Consumer::builder(clients.kinesis, args.stream.as_str(), leases).failover(args.failover());
    let consumer = consumer.build().map_err(|error| (2, error.to_string()))?;

    let target = Arc::new(target);
    let (posted, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (taken, not_taken) = (Arc::clone(&posted), Arc::clone(&refused));
    let handling = Handling::new(move |record: Record, _| {
        let (target, taken, not_taken) = (Arc::clone(&target), Arc::clone(&taken), Arc::clone(&not_taken));
        async move {
            let result = target.post(&record).await;
            match &result {
                Ok(()) => taken.fetch_add(1, Relaxed),
                Err(failure) if failure.answer() == Answer::DeadLetter => not_taken.fetch_add(1, Relaxed),
                Err(_) => 0,
            };
            result
        }
    });
    let handling =
        handling.concurrency(Concurrency::PerKey(args.concurrency)).on_failure(policy(args, clients.s3));

    let mut running = consumer.run(handling);
    consume(&mut running, &posted, args.exit_when_idle(), &mut signals).await?;
    let (posted, refused) = (posted.load(Relaxed), refused.load(Relaxed));
    eprintln!("kinesis-to-http: {posted} records posted, {refused} that the service refuses");
    Ok(())
}

/// What is sent with each record.
fn headers(args: &Args) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, args.content_type.clone())]);
    if let Some(secret) = std::env::var_os("TARGET_AUTHORIZATION") {
        let value = secret.to_str().and_then(|secret| HeaderValue::from_str(secret).ok());
        let mut value =
            value.ok_or("TARGET_AUTHORIZATION is no value of a header; it is such as `Bearer TOKEN`")?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// What the service refuses is kept, and what fails is posted again; for as long as was asked for.
fn policy(args: &Args, client: aws_sdk_s3::Client) -> Policy {
    let (bucket, prefix) = &args.failures;
    let kept = Arc::new(S3::new(client, bucket.as_str(), prefix.as_str()));
    match args.patience() {
        None => Policy::default().letters(kept),
        Some(patience) => Policy::default().max_age(patience).dead_letter_to(kept),
    }
}

/// Waits for the end, and hands the shards over.
async fn consume(
    running: &mut Running,
    posted: &AtomicU64,
    idle: Duration,
    signals: &mut Signals,
) -> Result<(), (u8, String)> {
    loop {
        let before = posted.load(Relaxed);
        tokio::select! {
            ended = running.wait() => return ended.map_err(|error| problem(&error)),
            () = signals.next() => break,
            () = sleep(idle) => if posted.load(Relaxed) == before { break },
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
