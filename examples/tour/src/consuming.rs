//! Two workers consume a stream, a shard is split, and one of them stops.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_kinesis::{Client, config};
use indicatif::{ProgressBar, ProgressStyle};
use tidegate_kinesis_consumer::{Concurrency, Consumer, Handling, Record, Running, lease::InMemory};
use tidegate_local_aws::{KinesisError, KinesisHandle, Latency, Limits, LocalAws};
use tidegate_throttle::aws;
use tokio::time::{Instant, sleep};

use crate::embedded::http_client;

const STREAM: &str = "orders";
const KEYS: u64 = 200;
const EACH: u64 = 10;
const DEADLINE: Duration = Duration::from_secs(30);

/// What was handled: of each key the last number, and by whom how many.
#[derive(Debug, Default)]
struct Handled {
    last: BTreeMap<String, u64>,
    by: BTreeMap<&'static str, u64>,
    repeated: u64,
    out_of_order: u64,
}

type Shared = Arc<Mutex<Handled>>;

/// Consumes a stream with two workers while it is split and one of them stops.
pub(crate) async fn show() -> Result<(), Box<dyn Error>> {
    let embedded = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await?;
    let stream = embedded.kinesis();
    stream.create_stream(STREAM, 4)?;
    let builder = config::Builder::from(&embedded.sdk_config()).http_client(http_client());
    let client = Client::from_conf(builder.retry_config(aws::no_retries()).build());
    let (leases, handled) = (InMemory::default(), Shared::default());
    let line = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("  {spinner} {msg}")?);

    let mut first = run("the first worker", &client, &leases, &handled)?;
    let mut second = run("the second worker", &client, &leases, &handled)?;
    let began = Instant::now();
    while [&first, &second].map(shards_of) != [2, 2] {
        line.set_message("the workers share the shards");
        line.tick();
        sleep(Duration::from_millis(50)).await;
    }
    let shared = began.elapsed();
    write(&stream, 0)?;
    wait_for(&handled, KEYS * EACH, &line).await;
    stream.split(STREAM, "shardId-000000000000")?;
    write(&stream, 1)?;
    wait_for(&handled, 2 * KEYS * EACH, &line).await;

    first.shutdown(DEADLINE).await?;
    let stopped = Instant::now();
    write(&stream, 2)?;
    wait_for(&handled, 3 * KEYS * EACH, &line).await;
    let took = stopped.elapsed();
    line.finish_and_clear();
    second.shutdown(DEADLINE).await?;
    embedded.shutdown().await;

    let handled = handled.lock().unwrap_or_else(PoisonError::into_inner);
    println!("  two shards each    {shared:.1?} after the start");
    for (worker, records) in &handled.by {
        println!("  {worker:<18} handled {records} records");
    }
    println!("  out of order       {} of {KEYS} keys, over the split and the stop", handled.out_of_order);
    println!("  handled twice      {} records", handled.repeated);
    println!("  after the stop     all that came then was handled by the other within {took:.1?}");
    if handled.out_of_order > 0 {
        return Err("the records of a key were out of order".into());
    }
    Ok(())
}

fn shards_of(worker: &Running) -> usize {
    worker.health().shards.iter().filter(|shard| shard.is_owned()).count()
}

/// Runs a worker that takes some time for each record, for 64 keys at once in each shard.
fn run(
    worker: &'static str,
    client: &Client,
    leases: &InMemory,
    handled: &Shared,
) -> Result<Running, tidegate_kinesis_consumer::Error> {
    let handled = Arc::clone(handled);
    let handling = Handling::new(move |record: Record, _| {
        let handled = Arc::clone(&handled);
        async move {
            sleep(Duration::from_millis(2)).await;
            let number = std::str::from_utf8(record.data())?.parse()?;
            let mut handled = handled.lock().unwrap_or_else(PoisonError::into_inner);
            handled.note(worker, record.partition_key(), number);
            Ok(())
        }
    });
    let consumer = Consumer::builder(client.clone(), STREAM, leases.clone()).worker_id(worker).build()?;
    Ok(consumer.run(handling.concurrency(Concurrency::per_key(64))))
}

/// Writes the next records of each key.
fn write(stream: &KinesisHandle, round: u64) -> Result<(), KinesisError> {
    let numbers = (round * EACH..(round + 1) * EACH).map(|number| number + 1);
    let records =
        numbers.flat_map(|number| (0..KEYS).map(move |key| (format!("order-{key}"), number.to_string())));
    stream.put(STREAM, records)?;
    Ok(())
}

async fn wait_for(handled: &Shared, records: u64, line: &ProgressBar) {
    loop {
        let done = handled.lock().unwrap_or_else(PoisonError::into_inner).records();
        line.set_message(format!("{done} of {records} records"));
        line.tick();
        if done >= records {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

impl Handled {
    fn note(&mut self, worker: &'static str, key: &str, number: u64) {
        *self.by.entry(worker).or_default() += 1;
        let last = self.last.entry(key.to_owned()).or_default();
        self.repeated += u64::from(number <= *last);
        self.out_of_order += u64::from(number > *last + 1);
        *last = number.max(*last);
    }

    /// Without what was handled twice.
    fn records(&self) -> u64 {
        self.last.values().sum()
    }
}
