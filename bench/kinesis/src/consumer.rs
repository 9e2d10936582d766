//! The consumer, with its leases in DynamoDB.

use std::{sync::Arc, time::Duration};

use bench_measure::Stopwatch;
use tidegate_kinesis_consumer::{Concurrency, Consumer, Handling, Record, lease::DynamoDb};
use tokio::time::sleep;

use crate::{Measured, Result, clients::Target, seen::Seen};

/// At the tip, two checkpoints of every lease.
const REST: Duration = Duration::from_secs(6);

/// What it reads, and how.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Keys at once, or `serial`.
    #[arg(long)]
    concurrency: String,
}

/// Reads a stream from its start to its tip.
pub(crate) async fn read(args: &Args) -> Result<Measured> {
    let config = args.target.config();
    let concurrency = match args.concurrency.as_str() {
        "serial" => Concurrency::Serial,
        keys => Concurrency::per_key(keys.parse()?),
    };
    // A new application each time, so that each reads all.
    let table = format!("bench-{:016x}", fastrand::u64(..));
    let leases = DynamoDb::new(aws_sdk_dynamodb::Client::new(&config), table);
    let consumer = Consumer::builder(args.target.kinesis(), args.target.stream.as_str(), leases).build()?;
    let seen = Arc::new(Seen::expecting(args.target.records));
    let eyes = Arc::clone(&seen);
    let handling = Handling::new(move |record: Record, _| {
        eyes.look(record.partition_key(), record.data());
        async { Ok(()) }
    })
    .concurrency(concurrency);
    let stopwatch = Stopwatch::start();
    let mut running = consumer.run(handling);
    tokio::select! {
        () = seen.all() => {}
        ended = running.wait() => ended?,
    }
    let mut measured = Measured::new(&stopwatch, seen.records())?;
    let rest = Stopwatch::start();
    sleep(REST).await;
    let rest = rest.took();
    measured.at_rest = Some(rest.cpu_seconds / rest.seconds);
    running.shutdown(Duration::from_secs(10)).await?;
    Ok(measured)
}
