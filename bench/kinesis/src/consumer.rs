//! The consumer, with its leases in DynamoDB.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_kinesis_consumer::{Concurrency, Consumer, Handling, Record, lease::DynamoDb};
use tokio::sync::Notify;

use crate::{Measured, Result, clients::Target};

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
    let (seen, all) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let (count, done, expected) = (Arc::clone(&seen), Arc::clone(&all), args.target.records);
    let handling = Handling::new(move |record: Record, _| {
        black_box((record.partition_key(), record.position(), record.data()));
        if count.fetch_add(1, Relaxed) + 1 == expected {
            done.notify_one();
        }
        async { Ok(()) }
    })
    .concurrency(concurrency);
    let start = Measured::start();
    let mut running = consumer.run(handling);
    tokio::select! {
        () = all.notified() => {}
        ended = running.wait() => ended?,
    }
    let measured = start.end(seen.load(Relaxed))?;
    running.shutdown(Duration::from_secs(10)).await?;
    Ok(measured)
}
