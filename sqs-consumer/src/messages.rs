//! [`Messages`]: the messages of a queue as a stream of deliveries.

mod delivery;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use tokio::sync::mpsc;

pub use self::delivery::Delivery;
use crate::{
    Error,
    consumer::{Feed, Health, Layer, Report, Running},
};

/// The messages of a queue as a stream of deliveries. Whoever takes them says which are done by [`Delivery::ack`], in any
/// order.
///
/// No more are outstanding than the consumer has room for: a delivery that is neither acked nor dropped keeps its place.
///
/// ```no_run
/// # async fn of(consumer: tidegate_sqs_consumer::Consumer) -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt as _;
///
/// let mut messages = consumer.messages();
/// while let Some(delivery) = messages.next().await {
///     println!("{}", delivery.message().body());
///     delivery.ack().await;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropped, the consumer is cut off, as [`Running`] is.
#[derive(Debug)]
#[must_use = "a consumer that is dropped is cut off"]
pub struct Messages {
    running: Running,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
}

impl Messages {
    pub(crate) fn start(run: impl FnOnce(Arc<dyn Layer>) -> Running) -> Self {
        let (sender, deliveries) = mpsc::unbounded_channel();
        Self { running: run(Arc::new(Deliveries(sender))), deliveries }
    }

    /// How the consumer stands.
    #[must_use]
    pub fn health(&self) -> Health {
        self.running.health()
    }

    /// See [`Running::wait`].
    ///
    /// # Errors
    ///
    /// Why it stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer at work.
    pub async fn wait(&mut self) -> Result<Report, Error> {
        self.running.wait().await
    }

    /// Ends the stream, gives back what was not taken from it, and waits until every delivery was acked or dropped. See
    /// [`Running::shutdown`].
    ///
    /// # Errors
    ///
    /// As [`Running::shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the consumer shutting down.
    pub async fn shutdown(&mut self, deadline: Duration) -> Result<Report, Error> {
        // First of all, so that it is known why the rest is dropped.
        let until = self.running.begin_shutdown(deadline);
        self.deliveries.close();
        while self.deliveries.try_recv().is_ok() {}
        self.running.ended(until).await
    }
}

/// Ends when the consumer has stopped.
impl Stream for Messages {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.deliveries.poll_recv(cx)
    }
}

/// Gives each message out.
#[derive(Debug)]
struct Deliveries(mpsc::UnboundedSender<Delivery>);

impl Layer for Deliveries {
    fn run(self: Arc<Self>, mut feed: Feed) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        Box::pin(async move {
            while let Some((message, claim)) = feed.messages.recv().await {
                // Who shuts down takes no more, and it is given back.
                let _ = self.0.send(Delivery::new(message, claim));
            }
            Ok(())
        })
    }
}
