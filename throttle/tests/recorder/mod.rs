//! A throttle that writes down what it is asked.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as a test does")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_throttle::{Call, Outcome, Permit, Refused, Throttle, Ticket};
use tokio::time::{Instant, sleep};

/// Admits every call after a wait, or refuses, and writes everything down.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub events: Arc<Mutex<Vec<(u64, String)>>>,
    pub start: Instant,
    pub wait: Duration,
    pub refuse: bool,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { events: Arc::default(), start: Instant::now(), wait: Duration::ZERO, refuse: false }
    }
}

impl Recorder {
    pub fn note(&self, event: impl Into<String>) {
        let at = u64::try_from(self.start.elapsed().as_millis()).unwrap();
        self.events.lock().unwrap().push((at, event.into()));
    }

    pub fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
    }

    /// The milliseconds at which an event happened, each time.
    pub fn times(&self, of: &str) -> Vec<u64> {
        self.events.lock().unwrap().iter().filter(|(_, event)| event == of).map(|(at, _)| *at).collect()
    }
}

#[async_trait]
impl Throttle for Recorder {
    async fn acquire(&self, call: &Call) -> Result<Permit, Refused> {
        self.note(format!("acquire {call}"));
        if self.refuse {
            return Err(Refused::new("the test says no"));
        }
        let waiting = Waiting(Some(self));
        sleep(self.wait).await;
        waiting.over();
        Ok(Permit::new(Recorded(self.clone())))
    }
}

struct Waiting<'a>(Option<&'a Recorder>);

impl Waiting<'_> {
    fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(recorder) = self.0 {
            recorder.note("left the queue");
        }
    }
}

struct Recorded(Recorder);

impl Ticket for Recorded {
    fn sent(&mut self) {
        self.0.note("sent");
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        self.0.note(match outcome {
            Outcome::Throttled { retry_after: Some(after) } => format!("finish Throttled {after:?}"),
            Outcome::Throttled { retry_after: None } => "finish Throttled".to_owned(),
            other => format!("finish {other:?}"),
        });
    }
}
