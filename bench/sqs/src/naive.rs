//! The poller of the story: it receives all that it can get, and has a task for each message.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::sync::Semaphore;

use crate::{
    Result,
    queue::Queue,
    story::{self, CAPACITY, Progress, Side},
};

/// Receives out at once.
const LOOPS: usize = 16;

pub(crate) async fn run(side: &Side) -> Result<()> {
    let queue = Queue::new(&side.endpoint_url, &side.queue);
    let progress = Arc::new(Progress::default());
    let workers = Arc::new(Semaphore::new(CAPACITY));
    let held = Arc::new(AtomicUsize::new(0));
    for _ in 0..LOOPS {
        tokio::spawn(poll(queue.clone(), Arc::clone(&progress), Arc::clone(&workers), Arc::clone(&held)));
    }
    story::tell(side, &progress, || held.load(SeqCst)).await
}

async fn poll(queue: Queue, progress: Arc<Progress>, workers: Arc<Semaphore>, held: Arc<AtomicUsize>) {
    loop {
        let receive = queue.client.receive_message().queue_url(&queue.url).max_number_of_messages(10);
        let Ok(answer) = receive.wait_time_seconds(1).send().await else { continue };
        for message in answer.messages.unwrap_or_default() {
            held.fetch_add(1, SeqCst);
            let (queue, progress) = (queue.clone(), Arc::clone(&progress));
            let (workers, held) = (Arc::clone(&workers), Arc::clone(&held));
            tokio::spawn(async move {
                story::work(&workers).await;
                progress.finished(message.body().unwrap_or_default());
                let delete = queue.client.delete_message().queue_url(&queue.url);
                // One that fails comes again.
                let _ = delete.set_receipt_handle(message.receipt_handle).send().await;
                held.fetch_sub(1, SeqCst);
            });
        }
    }
}
