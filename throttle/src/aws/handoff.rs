//! [`Handoff`]: takes permits from the identity cache, which has no request, to the HTTP client, which has no
//! config.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::Permit;

/// Between admission and transmission nothing waits, so a permit that is still here is nobody's: the
/// request could not be built.
const ABANDONED: Duration = Duration::from_secs(30);

/// Stands for no deadline.
const FAR: Duration = Duration::from_hours(24);

/// Fewer permits than this are not worth a look at which of them are abandoned.
const FEW: usize = 64;

/// Takes permits from the identity cache, which has no request, to the HTTP client, which has no config.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handoff(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    permits: HashMap<usize, Admitted>,
    /// How many permits are worth the next look.
    many: usize,
}

/// An attempt that was admitted.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) permit: Permit,
    pub(crate) service: String,
    ends: Option<Instant>,
    abandoned: Instant,
}

impl Handoff {
    /// Drops what an operation that was given up has left at this place.
    pub(crate) fn clear(&self, operation: usize) {
        let before = self.lock().permits.remove(&operation);
        // A ticket may do anything when it is dropped, so not under the lock.
        drop(before);
    }

    /// Leaves the permit of an operation, given up at `ends` if ever, for [`take`](Self::take).
    pub(crate) fn leave(&self, operation: usize, mut permit: Permit, service: &str, ends: Option<Instant>) {
        let abandoned = Instant::now() + ABANDONED;
        permit.expires(abandoned);
        let admitted = Admitted { permit, service: service.to_owned(), ends, abandoned };
        let mut waiting = self.lock();
        let before = waiting.permits.insert(operation, admitted);
        let dead = waiting.take_abandoned();
        drop(waiting);
        // As above.
        drop((before, dead));
    }

    pub(crate) fn take(&self, operation: usize) -> Option<Admitted> {
        let mut admitted = self.lock().permits.remove(&operation)?;
        admitted.permit.expires(admitted.ends.unwrap_or_else(|| Instant::now() + FAR));
        Some(admitted)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes out what nobody will take, whenever the permits have doubled: a look costs a call next to nothing.
    fn take_abandoned(&mut self) -> Vec<Admitted> {
        if self.permits.len() < self.many.max(FEW) {
            return Vec::new();
        }
        let now = Instant::now();
        let dead = self.permits.extract_if(|_, it| it.abandoned <= now).map(|(_, it)| it).collect();
        self.many = self.permits.len() * 2;
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_abandoned_does_not_linger() {
        let handoff = Handoff::default();
        for operation in 0..10_000 {
            handoff.leave(operation, Permit::unlimited(), "s3", None);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(handoff.lock().permits.len() <= FEW, "{}", handoff.lock().permits.len());
        }
        assert!(handoff.take(9_999).is_some());
        assert!(handoff.take(9_999).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_kept_however_much_it_is() {
        let handoff = Handoff::default();
        for operation in 0..10_000 {
            handoff.leave(operation, Permit::unlimited(), "s3", None);
        }
        assert!((0..10_000).all(|operation| handoff.take(operation).is_some()));
    }
}
