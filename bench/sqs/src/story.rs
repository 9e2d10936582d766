//! The story: messages come faster than they can be processed, for a while.

use std::{
    collections::HashSet,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bench_measure::resident_mib;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{ChildStdout, Command},
    sync::Semaphore,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Result,
    process::{self, Server},
    queue::Queue,
};

/// Messages that are worked on at once: what is downstream bears no more.
pub(crate) const CAPACITY: usize = 50;
/// How long one takes: 500 a second in all.
const WORK: Duration = Duration::from_millis(100);
const BYTES: usize = 20_000;
const VISIBILITY: u64 = 20;
/// SQS's 120,000, a tenth of it.
const IN_FLIGHT: usize = 12_000;
/// Sent a second, for the first half of the time.
const RATE: u64 = 1_500;

/// Messages come faster than they can be processed.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// How long, in seconds.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
}

/// One side of it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Side {
    #[arg(long)]
    pub(crate) endpoint_url: String,
    #[arg(long)]
    pub(crate) queue: String,
    #[arg(long)]
    pub(crate) seconds: u64,
}

/// What was finished, and how often in vain.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<(HashSet<u64>, u64)>);

impl Progress {
    pub(crate) fn finished(&self, body: &str) {
        let Some(Ok(number)) = body.split(' ').next().map(str::parse) else { return };
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !done.0.insert(number) {
            done.1 += 1;
        }
    }

    fn counts(&self) -> (u64, u64) {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (done.0.len() as u64, done.1)
    }
}

/// How a side stood.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Standing {
    second: u64,
    /// Messages that were finished, each counted once.
    finished: u64,
    /// Those that were finished once more.
    in_vain: u64,
    held: usize,
    resident_mib: f64,
}

/// What is done with a message: what is downstream does so many at once.
pub(crate) async fn work(workers: &Semaphore) {
    // It is never closed.
    let _worker = workers.acquire().await;
    sleep(WORK).await;
}

/// Says every ten seconds how it stands.
pub(crate) async fn tell(side: &Side, progress: &Progress, held: impl Fn() -> usize) -> Result<()> {
    let start = Instant::now();
    for second in (10..=side.seconds).step_by(10) {
        sleep_until(start + Duration::from_secs(second)).await;
        let (finished, in_vain) = progress.counts();
        let standing = Standing { second, finished, in_vain, held: held(), resident_mib: resident_mib()? };
        println!("{}", serde_json::to_string(&standing)?);
    }
    Ok(())
}

/// Runs one side after the other, on the same messages, and prints how they stood.
pub(crate) async fn show(args: &Args) -> Result<()> {
    println!("| side | second | finished a second | done again, a second | held | resident |");
    println!("|---|---|---|---|---|---|");
    let mut ends = Vec::new();
    for (part, name) in [("naive", "takes all it can get"), ("bounded", "tidegate, 1,000 at most")] {
        let mut server = Server::start().await?;
        let queue = Queue::create(&server.endpoint_url, "orders", VISIBILITY).await?;
        server.limit("orders", IN_FLIGHT).await?;
        let sender = tokio::spawn(send(queue, args.seconds / 2));
        let mut child = process::this()?;
        let child = child.arg(part).args(["--endpoint-url", &server.endpoint_url, "--queue", "orders"]);
        let last = follow(child.args(["--seconds", &args.seconds.to_string()]), name).await?;
        sender.abort();
        ends.push((name, last));
    }
    let [(_, naive), (_, bounded)] = ends.as_slice() else { return Ok(()) };
    println!(
        "finished in all: {} and {}; held at the end: {} and {}",
        naive.finished, bounded.finished, naive.held, bounded.held
    );
    if bounded.held > 1_000 || bounded.in_vain > 0 || bounded.finished <= naive.finished {
        return Err("the consumer held more than its bound, did something twice, or did less".into());
    }
    Ok(())
}

async fn send(queue: Queue, seconds: u64) -> Result<()> {
    let start = Instant::now();
    for tick in 0..seconds * 10 {
        sleep_until(start + Duration::from_millis(tick * 100)).await;
        queue.send(tick * RATE / 10, RATE / 10, BYTES).await?;
    }
    Ok(())
}

async fn follow(command: &mut Command, name: &str) -> Result<Standing> {
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stdout: ChildStdout = child.stdout.take().ok_or("it has no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut last = Standing { second: 0, finished: 0, in_vain: 0, held: 0, resident_mib: 0.0 };
    while let Some(line) = lines.next_line().await? {
        let it: Standing = serde_json::from_str(&line)?;
        let seconds = (it.second - last.second).max(1);
        println!(
            "| {name} | {} | {} | {} | {} | {:.0} MiB |",
            it.second,
            (it.finished - last.finished) / seconds,
            (it.in_vain - last.in_vain) / seconds,
            it.held,
            it.resident_mib,
        );
        last = it;
    }
    Ok(last)
}
