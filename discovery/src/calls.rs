//! [`Calls`]: how many calls were made, by operation.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tidegate_throttle::Call;

/// How many calls were made, by operation, while they are being made.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<CallCounts>);

/// How many calls were made, by `service:Operation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallCounts {
    /// Requests that were sent, throttled ones included.
    pub calls: BTreeMap<String, u64>,
    /// Those that AWS throttled.
    pub throttled: BTreeMap<String, u64>,
}

impl Calls {
    pub(crate) fn sent(&self, call: &Call) {
        *self.lock().calls.entry(name(call)).or_default() += 1;
    }

    pub(crate) fn throttled(&self, call: &Call) {
        *self.lock().throttled.entry(name(call)).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> CallCounts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, CallCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(call: &Call) -> String {
    format!("{}:{}", call.service_name(), call.operation_name())
}
