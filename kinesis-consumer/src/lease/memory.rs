//! [`InMemory`]: leases of consumers within one process.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{Answer, Change, Fleet, Fleets, Lease, LeaseStore, Unavailable, WorkerId};
use crate::ShardId;

/// Leases of consumers within one process: for tests, and for a consumer that is alone and begins anew each time.
///
/// Clones are handles to the same leases.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use tidegate_kinesis_consumer::{
///     Checkpoint,
///     lease::{Answer, InMemory, Lease, LeaseStore},
/// };
///
/// let leases = InMemory::default();
/// let lease = Lease::unowned("shardId-000000000000".into(), Checkpoint::TrimHorizon);
/// assert_eq!(leases.create(&lease).await?, Answer::Done(lease.clone()));
/// assert_eq!(leases.create(&lease).await?, Answer::Refused(Some(lease)));
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InMemory {
    leases: Arc<Mutex<BTreeMap<ShardId, Lease>>>,
}

impl InMemory {
    fn leases(&self) -> MutexGuard<'_, BTreeMap<ShardId, Lease>> {
        // No code that can panic runs under the lock half-way through a change.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LeaseStore for InMemory {
    async fn prepare(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn scan(&self) -> Result<Vec<Lease>, Unavailable> {
        Ok(self.leases().values().cloned().collect())
    }

    async fn get(&self, key: &ShardId) -> Result<Option<Lease>, Unavailable> {
        Ok(self.leases().get(key).cloned())
    }

    async fn create(&self, lease: &Lease) -> Result<Answer, Unavailable> {
        Ok(match self.leases().entry(lease.key.clone()) {
            Entry::Vacant(free) => Answer::Done(free.insert(lease.clone()).clone()),
            Entry::Occupied(there) => Answer::Refused(Some(there.get().clone())),
        })
    }

    async fn change(&self, change: &Change) -> Result<Answer, Unavailable> {
        Ok(match self.leases().get_mut(&change.key) {
            Some(lease) if change.permits(lease) => {
                change.apply(lease);
                Answer::Done(lease.clone())
            }
            other => Answer::Refused(other.cloned()),
        })
    }

    async fn delete(&self, key: &ShardId, counter: u64) -> Result<Answer, Unavailable> {
        let mut leases = self.leases();
        let wanted = leases.get(key).is_some_and(|lease| lease.counter == counter);
        Ok(match wanted.then(|| leases.remove(key)).flatten() {
            Some(lease) => Answer::Done(lease),
            None => Answer::Refused(leases.get(key).cloned()),
        })
    }
}

/// No KCL in Java reaches into this process.
#[async_trait]
impl Fleets for InMemory {
    async fn look(&self) -> Result<Fleet, Unavailable> {
        Ok(Fleet::Alone)
    }

    async fn report(&self, _: &WorkerId) -> Result<(), Unavailable> {
        Ok(())
    }
}
