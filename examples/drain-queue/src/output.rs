//! [`Output`]: a line of JSON for each message.

use std::{
    future,
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tidegate_lanes::Outcome;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::job::Job;

/// Prints messages, and knows when the last one was.
pub(crate) struct Output {
    last: Mutex<Instant>,
    /// Nobody reads any more.
    closed: Notify,
}

impl Default for Output {
    fn default() -> Self {
        Self { last: Mutex::new(Instant::now()), closed: Notify::new() }
    }
}

impl Output {
    /// Prints a message that was deleted. Nobody can be told if that fails, but those who wait for
    /// [`closed`](Self::closed).
    pub(crate) fn print(&self, job: &Job, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Done if job.stale.get().is_some() => "stale",
            Outcome::Done => "processed",
            _ => "dead-lettered",
        };
        let _ = self.write(&json!({
            "message_id": job.message.id().as_str(),
            "key": job.key,
            "version": job.version,
            "receive_count": job.message.receive_count(),
            "outcome": outcome,
            "body": job.message.body(),
        }));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Says that the work on a message begins, or ends.
    pub(crate) fn trace(&self, job: &Job, event: &str, ok: bool) -> io::Result<()> {
        #[allow(clippy::disallowed_methods, reason = "it is told, and decides nothing")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut line = json!({
            "event": event,
            "message_id": job.message.id().as_str(),
            "key": job.key,
            "t_ms": u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        });
        if let (Value::Object(line), "end") = (&mut line, event) {
            line.insert("ok".to_owned(), ok.into());
        }
        self.write(&line)
    }

    fn write(&self, line: &Value) -> io::Result<()> {
        // One write, so that lines of several threads stay whole.
        let printed = io::stdout().lock().write_all(format!("{line}\n").as_bytes());
        if printed.is_err() {
            self.closed.notify_one();
        }
        printed
    }

    /// Waits until a line could not be printed.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }

    /// Waits until no message was deleted for so long.
    pub(crate) async fn idle_for(&self, time: Option<Duration>) {
        let Some(time) = time else { return future::pending().await };
        loop {
            let until = *self.last.lock().unwrap_or_else(PoisonError::into_inner) + time;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}
