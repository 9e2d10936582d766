//! The rival: loops that receive, wait as long as a handler takes, and delete what came in one call.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName};
use bench_measure::Stopwatch;
use tokio::{task::JoinSet, time::sleep};

use crate::{Measured, Result, case::Run, queue::Queue};

/// As many as the consumer has.
const LOOPS: usize = 16;

/// Receives and deletes until all is deleted.
pub(crate) async fn drain(run: &Run) -> Result<Measured> {
    let queue = Queue::new(&run.endpoint_url, &run.queue);
    let deleted = Arc::new(AtomicU64::new(0));
    let stopwatch = Stopwatch::start();
    let mut loops = JoinSet::new();
    for _ in 0..LOOPS {
        let handler = Duration::from_millis(run.handler);
        loops.spawn(drain_one(queue.clone(), run.messages, handler, Arc::clone(&deleted)));
    }
    let mut calls = 0;
    while let Some(made) = loops.join_next().await {
        calls += made??;
    }
    Measured::new(&stopwatch, run.messages, calls)
}

/// How many calls it made.
async fn drain_one(queue: Queue, all: u64, handler: Duration, deleted: Arc<AtomicU64>) -> Result<u64> {
    let mut calls = 0;
    while deleted.load(SeqCst) < all {
        // All that the consumer asks for; it waits less, so that the last one ends.
        let receive = queue.client.receive_message().queue_url(&queue.url).max_number_of_messages(10);
        let receive = receive.message_attribute_names("All").wait_time_seconds(1);
        let answer = receive.message_system_attribute_names(MessageSystemAttributeName::All).send().await?;
        calls += 1;
        let Some(messages) = answer.messages else { continue };
        for message in &messages {
            black_box(message.body().map(str::len));
        }
        if !handler.is_zero() {
            sleep(handler).await;
        }
        let entries = messages.into_iter().enumerate().map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
            entry.set_receipt_handle(message.receipt_handle).build()
        });
        let entries = entries.collect::<std::result::Result<Vec<_>, _>>()?;
        let delete = queue.client.delete_message_batch().queue_url(&queue.url).set_entries(Some(entries));
        deleted.fetch_add(delete.send().await?.successful.len() as u64, SeqCst);
        calls += 1;
    }
    Ok(calls)
}
