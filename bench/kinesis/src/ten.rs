//! Ten applications read one stream of two shards, each in a process of its own, under the stream's limits.

use std::{
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_kinesis::{error::ProvideErrorMetadata, types::ShardIteratorType};
use serde::{Deserialize, Serialize};
use tidegate_kinesis_consumer::{Consumer, Handling, Record, lease::InMemory};
use tidegate_local_aws::{Latency, Limits, LocalAws};
use tidegate_throttle::Adaptive;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, stdin},
    time::{interval, sleep},
};

use crate::{Result, clients::Target, process::this};

const APPLICATIONS: usize = 10;
const STREAMS: [&str; 2] = ["for-consumers", "for-pollers"];
const EACH_SECOND: u64 = 50;
/// After the last record, until everybody has it.
const GRACE: Duration = Duration::from_secs(40);

/// How long, and how often the pollers look.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Seconds for which records are written, 50 a second.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    seconds: u64,
    /// Milliseconds between two looks of a poller at a shard.
    #[arg(long, default_value_t = 1_000)]
    interval_ms: u64,
}

/// What one application reads, and how.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    args: Args,
    /// By the consumer; else by a loop with a fixed interval.
    #[arg(long)]
    consumer: bool,
}

/// What came of one application.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Read {
    records: u64,
    calls: u64,
    throttled: u64,
    p50_ms: u64,
    p99_ms: u64,
    /// Whether its health says that fan-out would serve.
    crowded: bool,
}

/// Runs all, prints what came of each, and judges ours.
pub(crate) async fn show(args: &Args) -> Result<()> {
    let times = [
        "--seconds".to_owned(),
        args.seconds.to_string(),
        "--interval-ms".to_owned(),
        args.interval_ms.to_string(),
    ];
    let mut server = this()?
        .arg("ten-serve")
        .args(&times)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = server.stdout.take().ok_or("the server has no standard output")?;
    let endpoint = BufReader::new(stdout).lines().next_line().await?.ok_or("the server did not start")?;
    let records = args.seconds * EACH_SECOND;
    let mut processes = Vec::new();
    for stream in STREAMS {
        for _ in 0..APPLICATIONS {
            let mut process = this()?;
            process.arg("ten-read").args(&times).args(["--endpoint-url", &endpoint, "--stream", stream]);
            process.args(["--records", &records.to_string()]).stdout(Stdio::piped()).kill_on_drop(true);
            if stream == STREAMS[0] {
                process.arg("--consumer");
            }
            processes.push((stream, process.spawn()?));
        }
    }
    let mut problems = Vec::new();
    let mut reads: Vec<(&str, Read)> = Vec::new();
    for (stream, process) in processes {
        let output = process.wait_with_output().await?;
        reads.push((stream, serde_json::from_slice(&output.stdout)?));
    }
    for (stream, name) in STREAMS.into_iter().zip(["tidegate", "fixed interval"]) {
        println!("{name}\n  application  records  calls  throttled  lag p50 ms  p99 ms  health");
        let ours: Vec<_> = reads.iter().filter(|(of, _)| *of == stream).map(|(_, read)| read).collect();
        for (number, read) in ours.iter().enumerate() {
            let health = if read.crowded { "fan-out would serve" } else { "" };
            println!(
                "  {number:>11}  {:>7}  {:>5}  {:>9}  {:>10}  {:>6}  {health}",
                read.records, read.calls, read.throttled, read.p50_ms, read.p99_ms
            );
        }
        let (calls, throttled) = (
            ours.iter().map(|read| read.calls).sum::<u64>(),
            ours.iter().map(|read| read.throttled).sum::<u64>(),
        );
        let accepted = ours.iter().map(|read| read.calls - read.throttled);
        let squares: u64 = accepted.clone().map(|it| it * it).sum();
        let jain = (calls - throttled).pow(2) * 1_000 / (APPLICATIONS as u64 * squares).max(1);
        let share = throttled * 1_000 / calls.max(1);
        println!(
            "  throttled {}.{} % of {calls} calls; Jain index of the reads 0.{jain:03}",
            share / 10,
            share % 10
        );
        if stream == STREAMS[0] {
            problems.extend((share > 50).then_some("more than 5 % of the calls were throttled"));
            problems.extend((jain < 900).then_some("the Jain index is below 0.9"));
            problems.extend(
                ours.iter().any(|read| read.records != records).then_some("not all saw every record"),
            );
            problems.extend(
                ours.iter().any(|read| !read.crowded).then_some("not all were told that fan-out would serve"),
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ").into()) }
}

/// Serves both streams under AWS's limits, and writes the same records to both.
pub(crate) async fn serve(args: &Args) -> Result<()> {
    let aws = LocalAws::builder().limits(Limits::aws()).latency(Latency::aws()).start().await?;
    for stream in STREAMS {
        aws.kinesis().create_stream(stream, 2)?;
    }
    println!("{}", aws.endpoint_url());
    // A moment for the processes to start.
    sleep(Duration::from_secs(3)).await;
    let mut tick = interval(Duration::from_secs(1) / u32::try_from(EACH_SECOND)?);
    for number in 0..args.seconds * EACH_SECOND {
        tick.tick().await;
        for stream in STREAMS {
            aws.kinesis().put(stream, [(format!("key-{}", number % 1_000), now_ms().to_string())])?;
        }
    }
    stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Reads a stream to its end, and prints what came of it.
pub(crate) async fn read(args: &ReadArgs) -> Result<()> {
    let read = if args.consumer { by_consumer(args).await? } else { by_loop(args).await? };
    println!("{}", serde_json::to_string(&read)?);
    Ok(())
}

#[derive(Debug, Default)]
struct Lags(Mutex<Vec<u64>>);

impl Lags {
    fn note(&self, data: &[u8]) {
        let written: u64 = str::from_utf8(data).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        self.lags().push(now_ms().saturating_sub(written));
    }

    fn lags(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all have come, or nobody waits any more.
    async fn all(&self, args: &ReadArgs) {
        let until = tokio::time::Instant::now() + Duration::from_secs(args.args.seconds) + GRACE;
        while (self.lags().len() as u64) < args.target.records && tokio::time::Instant::now() < until {
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn read(&self, calls: u64, throttled: u64, crowded: bool) -> Read {
        let mut lags = self.lags().clone();
        lags.sort_unstable();
        let at = |percent: usize| {
            lags.get((lags.len() * percent / 100).min(lags.len().saturating_sub(1))).copied()
        };
        let [p50_ms, p99_ms] = [50, 99].map(|percent| at(percent).unwrap_or_default());
        Read { records: lags.len() as u64, calls, throttled, p50_ms, p99_ms, crowded }
    }
}

async fn by_consumer(args: &ReadArgs) -> Result<Read> {
    let (lags, throttle) = (Arc::new(Lags::default()), Arc::new(Adaptive::new()));
    let seen = Arc::clone(&lags);
    // An application of its own each, so nobody shares its leases.
    let consumer = Consumer::builder(args.target.kinesis(), args.target.stream.as_str(), InMemory::default());
    let consumer = consumer.throttle(Arc::<Adaptive>::clone(&throttle)).build()?;
    let mut running = consumer.run(Handling::new(move |record: Record, _| {
        seen.note(record.data());
        async { Ok(()) }
    }));
    let mut crowded = false;
    let watch = async {
        loop {
            sleep(Duration::from_secs(1)).await;
            crowded |= running.health().shards.iter().any(|shard| shard.crowded);
        }
    };
    tokio::select! {
        () = lags.all(args) => {}
        () = watch => {}
    }
    let limits = throttle.snapshot().into_iter().filter(|state| state.limit.parts()[3] == "GetRecords");
    let (accepted, throttled) =
        limits.fold((0, 0), |sum, state| (sum.0 + state.accepted, sum.1 + state.throttled));
    running.shutdown(Duration::from_secs(10)).await?;
    Ok(lags.read(accepted + throttled, throttled, crowded))
}

/// As people write it: a look at each shard every so often, and a refused one is made up for by the next.
async fn by_loop(args: &ReadArgs) -> Result<Read> {
    let config =
        args.target.config().into_builder().retry_config(tidegate_throttle::aws::no_retries()).build();
    let client = aws_sdk_kinesis::Client::new(&config);
    let shards =
        client.list_shards().stream_name(&args.target.stream).send().await?.shards.unwrap_or_default();
    let (lags, calls, throttled) =
        (Arc::new(Lags::default()), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut loops = tokio::task::JoinSet::new();
    for shard in shards {
        let (client, stream) = (client.clone(), args.target.stream.clone());
        let (lags, calls, throttled) = (Arc::clone(&lags), Arc::clone(&calls), Arc::clone(&throttled));
        let mut tick = interval(Duration::from_millis(args.args.interval_ms));
        loops.spawn(async move {
            let mut iterator = None;
            loop {
                tick.tick().await;
                if iterator.is_none() {
                    let get = client.get_shard_iterator().stream_name(&stream).shard_id(&shard.shard_id);
                    let get = get.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
                    iterator = get.ok().and_then(|answer| answer.shard_iterator);
                }
                let Some(token) = iterator.clone() else { continue };
                calls.fetch_add(1, Relaxed);
                match client.get_records().shard_iterator(token).send().await {
                    Ok(answer) => {
                        answer.records.iter().for_each(|record| lags.note(record.data.as_ref()));
                        iterator = answer.next_shard_iterator;
                    }
                    Err(error) => {
                        let is_throttle = error.code() == Some("ProvisionedThroughputExceededException");
                        throttled.fetch_add(u64::from(is_throttle), Relaxed);
                    }
                }
            }
        });
    }
    lags.all(args).await;
    loops.abort_all();
    Ok(lags.read(calls.load(Relaxed), throttled.load(Relaxed), false))
}

#[allow(clippy::disallowed_methods, reason = "a measurement between processes")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
