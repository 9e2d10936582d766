//! [`Output`]: a line of JSON for each record.

use std::{
    future,
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use tidegate_kinesis_consumer::Record;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Prints records, and knows when the last one was.
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
    /// Prints a record; when it returns, the line is with the reader of the pipe.
    pub(crate) fn print(&self, record: &Record) -> io::Result<()> {
        let position = record.position();
        // Data that is no text is printed in base64, under another name.
        let (name, data) = match std::str::from_utf8(record.data()) {
            Ok(text) => ("data", text.to_owned()),
            Err(_) => ("data_base64", BASE64_STANDARD.encode(record.data())),
        };
        let line = json!({
            "shard": record.shard().as_str(),
            "sequence": position.sequence.to_string(),
            "sub_sequence": position.sub_sequence,
            "partition_key": record.partition_key(),
            name: data,
        });
        // One write, so that lines of several threads stay whole.
        let printed = io::stdout().lock().write_all(format!("{line}\n").as_bytes());
        if printed.is_err() {
            self.closed.notify_one();
        }
        printed?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(())
    }

    /// Waits until a line could not be printed.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }

    /// Waits until no record came for so long.
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
