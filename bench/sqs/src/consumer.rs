//! The consumer.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bench_measure::Stopwatch;
use tidegate_sqs_consumer::{Concurrency, Consumer, Handling, Message};
use tokio::{
    sync::{Notify, Semaphore},
    time::sleep,
};

use crate::{
    Measured, Result,
    case::Run,
    queue::Queue,
    story::{self, CAPACITY, Progress, Side},
};

/// Messages that may be held.
const UNPROCESSED: usize = 1_000;

/// Consumes until all is deleted.
pub(crate) async fn drain(run: &Run) -> Result<Measured> {
    let queue = Queue::new(&run.endpoint_url, &run.queue);
    let (count, done) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let (all, pause) = (run.messages, Duration::from_millis(run.handler));
    let handler = {
        let (count, done) = (Arc::clone(&count), Arc::clone(&done));
        move |message: Message, _| {
            let (count, done) = (Arc::clone(&count), Arc::clone(&done));
            async move {
                black_box(message.body().len());
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                if count.fetch_add(1, SeqCst) + 1 == all {
                    done.notify_one();
                }
                Ok(())
            }
        }
    };
    let consumer =
        Consumer::builder(queue.client, queue.url).max_unprocessed(UNPROCESSED).max_bytes(256 << 20);
    let consumer = consumer.build()?;
    let stopwatch = Stopwatch::start();
    let mut running = consumer.run(Handling::new(handler).concurrency(Concurrency::per_key(UNPROCESSED)));
    done.notified().await;
    while running.health().totals.deleted < all {
        sleep(Duration::from_millis(10)).await;
    }
    let totals = running.health().totals;
    let measured = Measured::new(&stopwatch, all, totals.receives + totals.deletes)?;
    // The receives that are out are not waited for.
    let _ = running.shutdown(Duration::from_secs(1)).await?;
    Ok(measured)
}

/// Waits on an empty queue for a minute.
pub(crate) async fn idle(run: &Run) -> Result<Measured> {
    let queue = Queue::new(&run.endpoint_url, &run.queue);
    let stopwatch = Stopwatch::start();
    let running = Consumer::builder(queue.client, queue.url).build()?;
    let mut running = running.run(Handling::new(|_: Message, _| async { Ok(()) }));
    sleep(Duration::from_mins(1)).await;
    let measured = Measured::new(&stopwatch, 0, running.health().totals.receives)?;
    let _ = running.shutdown(Duration::from_secs(1)).await?;
    Ok(measured)
}

/// The story's work, with back-pressure.
pub(crate) async fn bounded(side: &Side) -> Result<()> {
    let queue = Queue::new(&side.endpoint_url, &side.queue);
    let progress = Arc::new(Progress::default());
    let workers = Arc::new(Semaphore::new(CAPACITY));
    let handler = {
        let progress = Arc::clone(&progress);
        move |message: Message, _| {
            let (progress, workers) = (Arc::clone(&progress), Arc::clone(&workers));
            async move {
                story::work(&workers).await;
                progress.finished(message.body());
                Ok(())
            }
        }
    };
    let consumer = Consumer::builder(queue.client, queue.url).max_unprocessed(UNPROCESSED).build()?;
    let running = consumer.run(Handling::new(handler).concurrency(Concurrency::per_key(UNPROCESSED)));
    story::tell(side, &progress, || running.health().held).await
}
