//! [`Registry`]: the line of each limit.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, PoisonError, RwLock},
};

use tokio::time::Instant;

use super::line::Line;
use crate::admission::Call;

/// The line of each limit, found without allocating.
#[derive(Default)]
pub(super) struct Registry {
    lines: RwLock<HashMap<Limit, Arc<Line>>>,
}

impl Registry {
    /// The line of the limit that `call` falls under.
    pub(super) fn line(&self, call: &Call, start: Instant) -> Arc<Line> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(call as &dyn Parts) {
            return Arc::clone(line);
        }
        drop(lines);
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(Limit(call.clone())).or_insert_with(|| Arc::new(Line::new(call, start)));
        Arc::clone(line)
    }

    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.values().map(Arc::clone).collect()
    }
}

/// What tells one limit from another.
trait Parts {
    fn parts(&self) -> [&str; 5];
}

impl Parts for Call {
    fn parts(&self) -> [&str; 5] {
        [
            self.account_id(),
            self.region_name(),
            self.service_name(),
            self.operation_name(),
            self.resource_name(),
        ]
    }
}

impl Hash for dyn Parts + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn Parts + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn Parts + '_ {}

/// A call as a key, whose cost and class do not matter.
struct Limit(Call);

impl<'a> Borrow<dyn Parts + 'a> for Limit {
    fn borrow(&self) -> &(dyn Parts + 'a) {
        &self.0
    }
}

impl Hash for Limit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.parts().hash(state);
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.0.parts() == other.0.parts()
    }
}

impl Eq for Limit {}
