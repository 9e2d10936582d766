//! [`Reader`]: reads a shard, one way or the other.

use std::future::Future;

use super::{Error, FanOut, Fetched, Polling, Room};

/// Reads a shard, one way or the other.
#[derive(Debug)]
pub(crate) enum Reader<R> {
    /// With `GetRecords`.
    Polling(Polling<R>),
    /// With `SubscribeToShard`.
    FanOut(FanOut<R>),
}

impl<R: Room> Reader<R> {
    /// The next answer. It may have no records; at the end of the shard each one says so.
    ///
    /// # Errors
    ///
    /// [`Error`] for what waiting does not help, and after several failures in a row for what it does. Asking again
    /// goes on where it was.
    ///
    /// # Cancel safety
    ///
    /// Dropped half-way, no record is passed over.
    pub(crate) async fn next(&mut self) -> Result<Fetched<R::Reservation>, Error> {
        match self {
            Self::Polling(polling) => polling.next().await,
            Self::FanOut(fan_out) => fan_out.next().await,
        }
    }

    /// It has not ended after all: the next answer is asked for where it was.
    pub(crate) fn ask_again(&mut self) {
        match self {
            Self::Polling(polling) => polling.ask_again(),
            Self::FanOut(fan_out) => fan_out.ask_again(),
        }
    }

    /// Waits for something else, which may take long: a subscription that nobody reads is given up meanwhile.
    pub(crate) async fn meanwhile<F: Future>(&mut self, work: F) -> F::Output {
        match self {
            Self::Polling(_) => work.await,
            Self::FanOut(fan_out) => fan_out.meanwhile(work).await,
        }
    }
}
