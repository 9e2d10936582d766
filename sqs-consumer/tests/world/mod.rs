//! A queue on the embedded AWS, in process, and what consumers did with its messages.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod store;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_sqs::Client;
use tidegate_local_aws::{LocalAws, SqsHandle};
use tidegate_sqs_consumer::{Consumer, consumer::Builder};
use tokio::time::sleep;

pub(crate) const QUEUE: &str = "orders";
pub(crate) const FIFO: &str = "orders.fifo";

/// A standard queue and a FIFO queue.
pub(crate) struct World {
    /// The queues are there for as long as this is.
    pub(crate) aws: LocalAws,
    pub(crate) sqs: SqsHandle,
    pub(crate) client: Client,
    pub(crate) log: Log,
}

/// What was handled, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl World {
    pub(crate) async fn new() -> Self {
        Self::seeded(0).await
    }

    /// What happens by chance happens by this.
    pub(crate) async fn seeded(seed: u64) -> Self {
        let aws = LocalAws::builder().in_process().seed(seed).start().await.unwrap();
        let client = Client::new(&aws.sdk_config());
        let sqs = aws.sqs();
        sqs.create_queue(QUEUE, [("VisibilityTimeout", "30")]).unwrap();
        sqs.create_queue(FIFO, [("FifoQueue", "true"), ("ContentBasedDeduplication", "true")]).unwrap();
        Self { aws, sqs, client, log: Log::default() }
    }

    pub(crate) fn url(name: &str) -> String {
        format!("https://sqs.us-east-1.amazonaws.com/000000000000/{name}")
    }

    pub(crate) fn consumer(&self, queue: &str) -> Builder {
        Consumer::builder(self.client.clone(), Self::url(queue))
    }

    /// Messages whose bodies are these numbers.
    pub(crate) fn send(&self, numbers: std::ops::Range<usize>) {
        let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
        self.sqs.send(QUEUE, numbers.iter().map(String::as_str)).unwrap();
    }

    /// What of a queue is visible, in flight, and delayed, together.
    pub(crate) fn left(&self, queue: &str) -> usize {
        let view = self.sqs.queue(queue).unwrap();
        view.visible + view.in_flight + view.delayed
    }

    pub(crate) async fn empties(&self, queue: &str) {
        for _ in 0..100_000 {
            if self.left(queue) == 0 {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{} are left: {:?}", self.left(queue), self.sqs.queue(queue));
    }
}

impl Log {
    pub(crate) fn push(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.all().iter().map(|it| it.parse().unwrap()).collect();
        all.sort_unstable();
        all
    }
}
