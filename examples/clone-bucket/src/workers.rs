//! A clone by workers: some in this process, or others that look at the journal.

use std::{error::Error, num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use tidegate_clone::{
    Announce, CloneResponse, Cloner, Journal, RemoteClone, RemoteProgress, SegmentRequest, SegmentWorker,
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::text;

/// A worker keeps about so many keys, and gives the others away.
const KEEP: u64 = 100_000;

/// The segments that wait for a worker of this process.
#[derive(Clone, Debug)]
struct Queue(mpsc::UnboundedSender<SegmentRequest>);

#[async_trait]
impl Announce for Queue {
    async fn announce(&self, request: &SegmentRequest) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.send(request.clone())?)
    }
}

/// Clones with so many workers in this process, or with none.
///
/// # Errors
///
/// As [`RemoteClone::run`].
pub(crate) async fn clone(
    cloner: Cloner,
    journal: Journal,
    here: Option<NonZeroUsize>,
) -> Result<CloneResponse, tidegate_clone::Error> {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{bar:32.cyan/dim} {msg}") {
        bar.set_style(style);
    }
    let (sender, receiver) = mpsc::unbounded_channel();
    let queue = Arc::new(Queue(sender));
    let mut remote = RemoteClone::new(cloner.clone(), journal.clone());
    let mut workers = JoinSet::new();
    if let Some(count) = here {
        // A crash forgets who was told: whoever goes on tells again, soon.
        remote = remote
            .announce(Arc::<Queue>::clone(&queue))
            .every(Duration::from_secs(1))
            .patience(Duration::from_secs(30));
        let worker = SegmentWorker::new(cloner, journal).announce(queue).keep(KEEP);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..count.get() {
            let (worker, receiver) = (worker.clone(), Arc::clone(&receiver));
            workers.spawn(async move {
                loop {
                    let Some(request) = receiver.lock().await.recv().await else { return };
                    // One that fails is told of again; what went wrong is in the journal, and shown from there.
                    let _ = worker.run(&request, None).await;
                }
            });
        }
    }
    let response = remote.run(|progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    response
}

fn show(bar: &ProgressBar, progress: &RemoteProgress) {
    let (done, all) = (progress.done, progress.done + progress.open);
    let counts = progress.counts;
    bar.set_length(counts.listed.max(1));
    bar.set_position(counts.copied + counts.unchanged);
    let mut message = format!(
        "{} of {}+ objects, {} of {} segments",
        text::grouped(counts.copied + counts.unchanged),
        text::grouped(counts.listed),
        text::grouped(done),
        text::grouped(all)
    );
    if let Some((_, failure)) = progress.failures.first() {
        message.push_str(", trying again: ");
        message.push_str(failure);
    }
    bar.set_message(message);
}
