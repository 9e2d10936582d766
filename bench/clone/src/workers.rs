//! A clone of 200,000 prefixes by workers that have five minutes for each call, on a clock that is sixty times as fast.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tidegate_clone::{
    Announce, Cloner, ErrorKind, Journal, Location, RemoteClone, SegmentRequest, SegmentWorker,
};
use tidegate_throttle::Adaptive;
use tokio::{
    process::Command,
    sync::{Mutex, mpsc},
    time::Instant,
};

use crate::{
    Result, cloner,
    data::{DESTINATION, Data, JOBS, SOURCE},
    memory::{self, Watch},
    server::{Conditions, Server},
};

/// What a call has: five minutes, sixty times as fast.
const DEADLINE: Duration = Duration::from_secs(5);

/// After what a segment is told of again that nobody works on: three minutes, sixty times as fast.
const PATIENCE: Duration = Duration::from_secs(3);

const WORKERS: usize = 4;

/// The most that a document may have, in bytes.
const LARGEST: u64 = 1 << 20;

/// The most that the process of the workers may hold, in MB.
const MEGABYTES: u64 = 200;

/// What the workers say.
#[derive(Serialize, Deserialize)]
struct Told {
    segments: u64,
    calls: u64,
    copied: u64,
    missing: usize,
    documents: u64,
    largest: u64,
    seconds: f64,
}

/// A queue of segments.
#[derive(Debug)]
struct Queue(mpsc::UnboundedSender<SegmentRequest>);

#[async_trait]
impl Announce for Queue {
    async fn announce(
        &self,
        request: &SegmentRequest,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.send(request.clone())?)
    }
}

/// Clones by workers in this process, and prints what it took as one JSON object.
pub(crate) async fn work(endpoint_url: &str) -> Result<()> {
    let client = cloner::client(endpoint_url);
    let side = |bucket| Location::new(client.clone(), bucket);
    let cloner = Cloner::new(side(SOURCE), side(DESTINATION))
        .copies_in_flight(250)
        .throttle(Arc::new(Adaptive::new()));
    let journal = Journal::new(client.clone(), JOBS);
    let (queue, waiting) = mpsc::unbounded_channel();
    let (queue, waiting) = (Arc::new(Queue(queue)), Arc::new(Mutex::new(waiting)));
    let worker = SegmentWorker::new(cloner.clone(), journal.clone()).announce(Arc::<Queue>::clone(&queue));
    let remote =
        RemoteClone::new(cloner, journal).announce(queue).every(Duration::from_secs(1)).patience(PATIENCE);
    let calls = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (worker, waiting, calls) = (worker.clone(), Arc::clone(&waiting), Arc::clone(&calls));
            tokio::spawn(async move {
                loop {
                    let Some(request) = waiting.lock().await.recv().await else { return };
                    calls.fetch_add(1, Relaxed);
                    let done = worker.run(&request, Some(Instant::now() + DEADLINE)).await;
                    if let Err(error) = done.as_ref()
                        && error.kind() != ErrorKind::Fenced
                    {
                        eprintln!("bench-clone: a worker failed: {error}");
                    }
                }
            })
        })
        .collect();
    let response = remote.run(|_| {}).await?;
    let seconds = began.elapsed().as_secs_f64();
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    let (mut documents, mut largest) = (0, 0);
    let mut pages = client.list_objects_v2().bucket(JOBS).into_paginator().send();
    while let Some(page) = pages.next().await {
        for document in page?.contents() {
            documents += 1;
            largest =
                largest.max(document.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX));
        }
    }
    let told = Told {
        segments: response.segments.count,
        calls: calls.load(Relaxed),
        copied: response.counts.copied + response.counts.unchanged,
        missing: response.missing.len(),
        documents,
        largest,
        seconds,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

/// Has a process of workers clone; gives how many bars were missed.
pub(crate) async fn bench() -> Result<usize> {
    let data = Data::Prefixes;
    let conditions = Conditions { data, writes: 3_500, copy_ms: 60, list_ms: 60, fault: None };
    let mut server = Server::start(conditions).await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["work", "--endpoint-url", &server.endpoint_url]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let memory = child.id().map(memory::watch);
    let output = child.wait_with_output().await?;
    let megabytes = memory.map_or(u64::MAX, Watch::end);
    let told: Told = serde_json::from_slice(&output.stdout)?;
    let counted = server.counted().await?;
    server.stop().await?;
    let arrived = counted["arrived"].as_u64().unwrap_or_default();
    let accepted = counted["accepted"].as_u64().unwrap_or_default();
    let is_whole = told.missing == 0 && told.copied >= data.objects() && arrived == data.objects();
    let met = is_whole && told.largest <= LARGEST && megabytes <= MEGABYTES;
    println!(
        "| prefixes | seconds | calls of {} s | segments | copies accepted for {} objects | objects missing | documents \
         | the largest, bytes | MB | bar |",
        DEADLINE.as_secs(),
        data.objects(),
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    println!(
        "| 200,000 | {:.1} | {} | {} | {accepted} | {} | {} | {} | {megabytes} | whole, ≤ 1 MiB, ≤ {MEGABYTES} MB: {} |",
        told.seconds,
        told.calls,
        told.segments,
        data.objects() - arrived,
        told.documents,
        told.largest,
        if met { "met" } else { "MISSED" },
    );
    Ok(usize::from(!met))
}
