//! What becomes of a message that is held: it is deleted, given back, or lost.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};
use tracing::warn;

use super::{Delete, ENTRY, Hub, Release};
use crate::{
    outgoing::End,
    visibility::{LeaseId, Reason},
};

impl Hub {
    pub(super) fn lose(&mut self, lease: LeaseId, reason: Reason) {
        let Some(held) = self.held.get_mut(&lease) else { return };
        held.is_lost = true;
        held.message.lose();
        self.totals.lost += 1;
        warn!(queue = %self.calls.name, message = %held.message.id(), ?reason, "a message could not be kept");
    }

    pub(super) fn finished(&mut self, lease: LeaseId, confirm: Option<oneshot::Sender<bool>>) {
        let handle = self.leases.handle(lease).cloned();
        let Some(held) = self.held.get_mut(&lease) else { return };
        self.waiting_since = Some(Instant::now());
        let Some(handle) = handle.filter(|_| !held.is_lost) else {
            // Others have it, or will.
            return self.settle(lease, confirm, false);
        };
        held.confirm = confirm;
        let bytes = handle.as_str().len() + ENTRY;
        let _ = self.deletes.push(self.start.elapsed(), Delete { lease, handle }, bytes, None);
    }

    pub(super) fn deleted(&mut self, delete: Delete, end: End) {
        let Delete { lease, handle } = delete;
        if end == End::Done
            && let Some(handle) = self.leases.deleted(lease, &handle)
        {
            let bytes = handle.as_str().len() + ENTRY;
            let _ = self.deletes.push(self.now(), Delete { lease, handle }, bytes, None);
            return;
        }
        let done = end == End::Done;
        if done {
            self.totals.deleted += 1;
        } else {
            self.leases.release(lease);
            self.totals.not_deleted += 1;
            warn!(queue = %self.calls.name, ?end, "a message that is finished was not deleted: it comes again");
        }
        let confirm = self.held.get_mut(&lease).and_then(|held| held.confirm.take());
        self.settle(lease, confirm, done);
    }

    /// A message is held no more.
    fn settle(&mut self, lease: LeaseId, confirm: Option<oneshot::Sender<bool>>, deleted: bool) {
        self.held.remove(&lease);
        if self.held.is_empty() {
            self.waiting_since = None;
        }
        if let Some(confirm) = confirm {
            // Who does not wait for it, does not.
            let _ = confirm.send(deleted);
        }
    }

    pub(super) fn give_back(&mut self, lease: LeaseId, after: Duration, dropped: bool) {
        let most = self.leases.most(lease, self.now());
        let handle = self.leases.release(lease);
        let Some(held) = self.held.remove(&lease) else { return };
        if self.held.is_empty() {
            self.waiting_since = None;
        }
        let Some(handle) = handle.filter(|_| !held.is_lost) else { return };
        self.totals.given_back += 1;
        if dropped && self.stopping.is_none() {
            self.totals.dropped += 1;
            warn!(queue = %self.calls.name, message = %held.message.id(), "a message was dropped: it comes again");
        }
        let after = after.min(most.unwrap_or_default());
        self.given_back.push(Release { handle, after, _slot: held.slot });
    }
}
