//! [`Api`]: what is walked, behind a token bucket.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::graph::Graph;

/// Ids in a call.
pub(crate) const AT_ONCE: usize = 100;
/// How long a call takes.
pub(crate) const LATENCY: Duration = Duration::from_millis(30);
/// Calls at once.
pub(crate) const BURST: u32 = 100;
/// Calls a second after that.
pub(crate) const RATE: u32 = 20;

/// What is walked, behind a token bucket.
pub(crate) struct Api {
    graph: Arc<Graph>,
    state: Mutex<State>,
}

struct State {
    tokens: f64,
    at: Option<Instant>,
    calls: u64,
    throttled: u64,
}

/// The bucket was empty.
pub(crate) struct Throttled;

impl Api {
    pub(crate) fn new(graph: Arc<Graph>) -> Self {
        let state = State { tokens: f64::from(BURST), at: None, calls: 0, throttled: 0 };
        Self { graph, state: Mutex::new(state) }
    }

    /// What some resources refer to.
    pub(crate) async fn describe(&self, ids: &[u32]) -> Result<Vec<(u32, Vec<u32>)>, Throttled> {
        assert!(!ids.is_empty() && ids.len() <= AT_ONCE, "the API takes 1 to {AT_ONCE} ids");
        let admitted = self.take();
        sleep(LATENCY).await;
        if !admitted {
            return Err(Throttled);
        }
        Ok(ids.iter().map(|id| (*id, self.graph.to(*id).to_vec())).collect())
    }

    fn take(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = state.at.replace(now).map_or(0.0, |at| (now - at).as_secs_f64());
        state.tokens = (state.tokens + since * f64::from(RATE)).min(f64::from(BURST));
        state.calls += 1;
        if state.tokens < 1.0 {
            state.throttled += 1;
            return false;
        }
        state.tokens -= 1.0;
        true
    }

    /// Calls, and those of them that were throttled.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.calls, state.throttled)
    }
}

/// How long so many calls take at least.
#[allow(clippy::cast_precision_loss, reason = "a few thousand")]
pub(crate) fn least_time(calls: usize) -> f64 {
    (calls as f64 - f64::from(BURST)).max(0.0) / f64::from(RATE) + LATENCY.as_secs_f64()
}
