//! Batches: what refuses a whole one, and what became of each entry.

use std::collections::HashSet;

use serde::Serialize;

use super::{call::Call, failure::Failure};
use crate::services::Quirk;

/// Entries of one request.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const MOST: usize = 10;

/// An entry of a batch.
pub(super) trait Entry {
    fn id(&self) -> &str;
}

/// What became of a batch, entry by entry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcomes<T> {
    successful: Vec<T>,
    failed: Vec<Failed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

/// What refuses a whole batch.
fn check<E: Entry>(entries: &[E]) -> Result<(), Failure> {
    if entries.is_empty() {
        return Err(Failure::empty_batch(
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ));
    }
    if entries.len() > MOST {
        return Err(Failure::too_many_entries(format!(
            "Maximum number of entries per request are {MOST}. You have sent {}.",
            entries.len()
        )));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let valid = |id: &str| (1..=80).contains(&id.len()) && id.bytes().all(known);
    if entries.iter().any(|entry| !valid(entry.id())) {
        return Err(Failure::entry_id(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ));
    }
    let mut ids = HashSet::new();
    match entries.iter().find(|entry| !ids.insert(entry.id())) {
        Some(twice) => Err(Failure::ids_not_distinct(format!("Id {} repeated.", twice.id()))),
        None => Ok(()),
    }
}

/// Works the entries off in their order.
pub(super) fn run<E: Entry, T>(
    call: &mut Call<'_>,
    entries: Vec<E>,
    check_all: impl FnOnce(&[E]) -> Result<(), Failure>,
    mut work: impl FnMut(&mut Call<'_>, E) -> Result<T, Failure>,
) -> Result<Outcomes<T>, Failure> {
    check(&entries)?;
    check_all(&entries)?;
    let fails = match call.asked.quirk {
        Some(Quirk::FailedEntry(draw)) => Some(draw as usize % entries.len()),
        _ => None,
    };
    let mut outcomes = Outcomes { successful: Vec::new(), failed: Vec::new() };
    for (index, entry) in entries.into_iter().enumerate() {
        let id = entry.id().to_owned();
        let fail = |sender_fault: bool, code: String, message: String| {
            outcomes.failed.push(Failed { id, sender_fault, code, message });
        };
        if fails == Some(index) {
            let message = "We encountered an internal error. Please try again.";
            fail(false, "InternalError".to_owned(), message.to_owned());
            continue;
        }
        match work(call, entry) {
            Ok(done) => outcomes.successful.push(done),
            Err(failure) => fail(true, failure.code.into_owned(), failure.message),
        }
    }
    Ok(outcomes)
}
