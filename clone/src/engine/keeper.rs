//! [`Keeper`]: saves the record of a run, one thing at a time.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use super::Engine;
use crate::{
    Entry, Error, KeyRange, Report,
    record::{Action, Record, State},
};

/// How often a record is saved: also when nothing is new, as a sign of life.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// Saves the record, one thing at a time.
pub(super) struct Keeper {
    pub(super) record: Option<Arc<dyn Record>>,
    pub(super) saving: JoinSet<Result<Saved, Error>>,
    pub(super) due: Instant,
    pub(super) error: Option<Error>,
}

/// What was saved.
pub(super) enum Saved {
    State,
    /// These ranges are others' now.
    Given(Vec<KeyRange>),
}

impl Keeper {
    pub(super) fn new(record: Option<Arc<dyn Record>>) -> Self {
        Self { record, saving: JoinSet::new(), due: Instant::now() + SAVE_EVERY, error: None }
    }

    /// Whether there is a record, and nothing is being saved.
    pub(super) fn is_due_later(&self) -> bool {
        self.record.is_some() && self.saving.is_empty()
    }
}

impl Engine {
    /// What is not settled.
    pub(super) fn rest(&self) -> Vec<KeyRange> {
        if !self.segments.is_walk() {
            return self.pages.rest();
        }
        let Report { listed, copied, unchanged, vanished, .. } = self.report;
        let is_whole = self.segments.is_done() && listed == copied + unchanged + vanished;
        if is_whole && self.segments.is_whole() { Vec::new() } else { self.ranges.clone() }
    }

    /// Saves the record if it is time, and gives away what is too much.
    pub(super) fn keep(&mut self) {
        let Some(record) = self.keeper.record.clone() else { return };
        if !self.keeper.saving.is_empty() {
            return;
        }
        if let Some(split) = self.split.as_mut().filter(|split| split.most > 0) {
            let ranges = self.segments.give_away(split.keep);
            split.most = split.most.saturating_sub(ranges.len());
            if !ranges.is_empty() {
                self.keeper.saving.spawn(async move {
                    record.give(ranges.clone()).await?;
                    Ok(Saved::Given(ranges))
                });
                return;
            }
        }
        if Instant::now() >= self.keeper.due {
            let state = State { rest: self.rest(), so_far: self.report.clone() };
            self.keeper.saving.spawn(async move { record.save(state).await.map(|()| Saved::State) });
        }
    }

    pub(super) fn saved(&mut self, saved: Result<Saved, Error>) {
        match saved {
            Ok(Saved::State) => self.keeper.due = Instant::now() + SAVE_EVERY,
            Ok(Saved::Given(ranges)) => {
                for range in ranges {
                    self.pages.open(Some(range), 0);
                }
            }
            Err(error) => {
                self.keeper.error.get_or_insert(error);
                self.requester.stop.wish();
            }
        }
    }

    pub(super) fn note(&mut self, entry: &Entry, etag: Option<&str>, action: Action) {
        if let Some(record) = &self.keeper.record {
            record.note(entry, etag, action);
        }
    }
}
