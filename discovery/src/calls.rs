//! [`Calls`]: how many calls were made, by operation.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tidegate_throttle::Call;

/// How many calls were made, by operation.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<BTreeMap<(String, String), CallCount>>);

/// How often an operation was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// Requests that were sent, throttled ones included.
    pub made: u64,
    /// Those that AWS throttled.
    pub throttled: u64,
}

impl Calls {
    pub(crate) fn sent(&self, call: &Call) {
        self.of(call, |count| count.made += 1);
    }

    pub(crate) fn throttled(&self, call: &Call) {
        self.of(call, |count| count.throttled += 1);
    }

    /// By `service:Operation`.
    pub(crate) fn counts(&self) -> BTreeMap<String, CallCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((service, operation), count)| (format!("{service}:{operation}"), *count))
            .collect()
    }

    fn of(&self, call: &Call, change: impl FnOnce(&mut CallCount)) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (call.service_name().to_owned(), call.operation_name().to_owned());
        change(counts.entry(name).or_default());
    }
}
