//! [`Event`]: what a publisher is told.

use tokio::sync::oneshot;

use super::{Publication, PublishError, Sent};

/// What a publisher is told.
#[derive(Debug)]
pub(super) enum Event {
    /// A message is to be sent.
    Send(Waiting),
    /// Somebody does not wait for his message any more.
    Withdrawn,
    /// It is to be said when all that came before has come to its end.
    Flush(oneshot::Sender<()>),
}

/// A message that has no room yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) publication: Publication,
    pub(super) bytes: usize,
    pub(super) reply: oneshot::Sender<Result<Sent, PublishError>>,
}
