//! `DeleteMessage`, `ChangeMessageVisibility` and their batches.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    batch::{self, Outcomes},
    call::Call,
    create::Nothing,
    failure::Failure,
    queue::Queue,
};
use crate::wire::timestamp::Timestamp;

/// The longest visibility timeout, in seconds.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>.
const LONGEST: i64 = 43_200;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

pub(super) fn delete(call: &mut Call<'_>, input: &One) -> Result<Nothing, Failure> {
    let queue = call.admitted(&input.queue_url)?;
    queue.delete(&input.receipt_handle)?;
    wake(queue);
    Ok(Nothing {})
}

pub(super) fn change(call: &mut Call<'_>, input: &One) -> Result<Nothing, Failure> {
    let now = call.now;
    let queue = call.admitted(&input.queue_url)?;
    set(queue, &input.receipt_handle, input.visibility_timeout, now)?;
    wake(queue);
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Many {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

impl batch::Entry for Entry {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    id: String,
}

pub(super) fn delete_many(call: &mut Call<'_>, input: Many) -> Result<Outcomes<Done>, Failure> {
    many(call, input, |queue, entry, _| queue.delete(&entry.receipt_handle))
}

pub(super) fn change_many(call: &mut Call<'_>, input: Many) -> Result<Outcomes<Done>, Failure> {
    many(call, input, |queue, entry, now| set(queue, &entry.receipt_handle, entry.visibility_timeout, now))
}

fn many(
    call: &mut Call<'_>,
    input: Many,
    work: impl Fn(&mut Queue, &Entry, Timestamp) -> Result<(), Failure>,
) -> Result<Outcomes<Done>, Failure> {
    let (url, now) = (input.queue_url, call.now);
    call.admitted(&url)?;
    let outcomes = batch::run(
        call,
        input.entries,
        |_| Ok(()),
        |call, entry| {
            work(call.queue(&url)?, &entry, now)?;
            Ok(Done { id: entry.id })
        },
    )?;
    wake(call.queue(&url)?);
    Ok(outcomes)
}

fn set(queue: &mut Queue, handle: &str, seconds: Option<i64>, now: Timestamp) -> Result<(), Failure> {
    let Some(seconds) = seconds else { return Err(Failure::required("VisibilityTimeout")) };
    queue.change(handle, visibility(seconds)?, now)
}

/// A visibility timeout that may be.
pub(super) fn visibility(seconds: i64) -> Result<Duration, Failure> {
    if !(0..=LONGEST).contains(&seconds) {
        return Err(Failure::value(
            &seconds,
            "VisibilityTimeout",
            "Must be between 0 and 43200, if provided.",
        ));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// A message or room in flight may be there for a receive that waits.
fn wake(queue: &Queue) {
    if queue.has_some() {
        queue.wake().notify_one();
    }
}
