//! [`Slot`]: where one attempt keeps its permit, in the config bag of its operation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_types::config_bag::{Storable, StoreReplace};
use tokio::time::Instant;

use super::Verdict;
use crate::Permit;

/// Where one attempt keeps its permit. The operation owns it: dropped with the operation's future, it drops
/// the permit.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    attempt: u32,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    claimed: bool,
    permit: Option<Permit>,
}

impl Storable for Slot {
    type Storer = StoreReplace<Self>;
}

impl Slot {
    pub(crate) fn new(attempt: u32) -> Self {
        Self { attempt, state: Arc::default() }
    }

    /// The attempt that this slot was made for.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether the caller is the one to admit the attempt: true once, and never for a slot with a permit.
    pub(crate) fn claim(&self) -> bool {
        !std::mem::replace(&mut self.lock().claimed, true)
    }

    /// Keeps the permit of the attempt, which is given up at `ends` if ever.
    pub(crate) fn fill(&self, mut permit: Permit, ends: Option<Instant>) {
        if let Some(at) = ends {
            permit.expires(at);
        }
        let mut state = self.lock();
        state.claimed = true;
        let before = state.permit.replace(permit);
        // A ticket may do anything when it is dropped, so not under the lock.
        drop(state);
        drop(before);
    }

    pub(crate) fn sent(&self) {
        if let Some(permit) = &mut self.lock().permit {
            permit.sent();
        }
    }

    /// Finishes the permit if there is one: as `verdict` says, or as dropped if nobody knows.
    pub(crate) fn finish(&self, verdict: Option<Verdict>) {
        let permit = self.lock().permit.take();
        if let (Some(permit), Some(verdict)) = (permit, verdict) {
            verdict.settle(permit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
