//! [`Job`]: a message, and what was read in it.

use std::sync::{Arc, OnceLock};

use tidegate_lanes::{Envelope, Item};

use super::Pipeline;
use crate::{Message, MessageId};

/// A message, and what was read in it.
pub(super) struct Job<P: Pipeline> {
    pub(super) message: Message,
    /// Or why it cannot be read.
    pub(super) decoded: Result<Arc<Decoded<P>>, Arc<str>>,
}

pub(super) struct Decoded<P: Pipeline> {
    pub(super) key: P::Key,
    pub(super) version: P::Version,
    pub(super) message: P::Message,
    /// What is stored of the key, once this one may be acknowledged.
    pub(super) reached: OnceLock<P::Version>,
}

/// What has an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane<K> {
    Of(K),
    /// Nobody knows whose it is.
    Unreadable(MessageId),
}

impl<P: Pipeline> Job<P> {
    pub(super) fn new(pipeline: &P, message: Message) -> Self {
        let decoded = match pipeline.decode(&message) {
            Ok(it) => Ok(Arc::new(Decoded {
                key: pipeline.key(&it),
                version: pipeline.version(&it),
                message: it,
                reached: OnceLock::new(),
            })),
            Err(error) => Err(error.to_string().into()),
        };
        Self { message, decoded }
    }

    pub(super) fn lane(&self) -> Lane<P::Key> {
        match &self.decoded {
            Ok(decoded) => Lane::Of(decoded.key.clone()),
            Err(_) => Lane::Unreadable(self.message.id().clone()),
        }
    }
}

impl<P: Pipeline> Clone for Job<P> {
    fn clone(&self) -> Self {
        Self { message: self.message.clone(), decoded: self.decoded.clone() }
    }
}

impl<P: Pipeline> Item for Job<P> {
    fn envelope(&self) -> Envelope {
        self.message.envelope()
    }
}
