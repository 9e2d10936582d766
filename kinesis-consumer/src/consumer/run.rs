//! [`Run`]: one tenure of one shard, as the coordinator and as the layer see it.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::mpsc;

use super::{
    feed::Feed,
    signals::{Signaller, Signals},
    tracker::Tracker,
};
use crate::{
    Checkpoint, ShardId,
    worker::{Event, RunId},
};

/// A run, as the coordinator sees it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) shard: ShardId,
    /// Where it began.
    pub(crate) from: Checkpoint,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) signaller: Signaller,
    /// The keys that are diverted, as far as the coordinator knows.
    pub(crate) diverted: BTreeSet<String>,
    pub(crate) diversions: mpsc::UnboundedSender<Diversion>,
}

/// A run, as the layer sees it.
#[derive(Debug)]
pub(crate) struct ShardRun {
    pub(crate) shard: ShardId,
    pub(crate) feed: Feed,
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) signals: Signals,
    /// The keys that were diverted when it began, and what became of them since.
    pub(crate) diverted: BTreeSet<String>,
    pub(crate) diversions: mpsc::UnboundedReceiver<Diversion>,
}

/// An operator's word on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Diversion {
    /// Its records go to the dead letters.
    Divert(String),
    /// They are handled again.
    Restore(String),
}

impl Run {
    /// Takes over what the lease says is diverted.
    pub(crate) fn divert(&mut self, now: BTreeSet<String>) {
        let restored = self.diverted.difference(&now).cloned().map(Diversion::Restore);
        let diverted = now.difference(&self.diverted).cloned().map(Diversion::Divert);
        for diversion in restored.chain(diverted) {
            // A run that has ended needs it no more.
            let _ = self.diversions.send(diversion);
        }
        self.diverted = now;
    }

    /// What is new of it.
    pub(crate) fn progress(&mut self, run: RunId) -> Option<Event> {
        let progress = self.tracker.progress()?;
        self.diverted.extend(progress.diverted.iter().cloned());
        Some(Event::Progress {
            key: self.shard.clone(),
            run,
            checkpoint: progress.mark.map_or(self.from, Checkpoint::At),
            diverted: progress.diverted,
            bytes: progress.bytes,
            waiting: self.tracker.standing().pending > 0,
        })
    }
}
