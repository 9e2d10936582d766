//! [`Recorder`]: the record of a segment, in its journal.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Counts, Cursor, Files, Ledgers, Names, Range, SegmentRequest, Store, ledger::Ledger, names, store::Before,
};
use crate::{
    Entry, Error, ErrorKind, KeyRange,
    record::{Action, Record, Saving, State},
    worker::Announce,
};

/// The most keys that a response holds.
const FILES: usize = 1000;

/// The record of a segment, in its journal.
pub(crate) struct Recorder {
    store: Store,
    names: Names,
    request: SegmentRequest,
    segment: String,
    announce: Option<Arc<dyn Announce>>,
    kept: Mutex<Kept>,
    /// One write at a time, each after what the last one left.
    writing: tokio::sync::Mutex<Written>,
}

struct Kept {
    ledger: Ledger,
    /// What was copied; none if it is too much, or another has copied some.
    files: Option<Vec<String>>,
    /// What came of the segment before this run.
    before: Counts,
}

struct Written {
    cursor: Cursor,
    etag: String,
    ledgers: u64,
}

impl Recorder {
    /// Takes over a segment, whoever has it: from now on, that one cannot save any more.
    ///
    /// # Errors
    ///
    /// [`Journal`](ErrorKind::Journal) if the journal cannot be read or written.
    pub(crate) async fn take_over(
        store: Store,
        names: Names,
        request: SegmentRequest,
        announce: Option<Arc<dyn Announce>>,
    ) -> Result<Self, Error> {
        let segment = names::segment(&request);
        let key = names.cursor(&segment);
        let writer = fastrand::u64(..);
        loop {
            let found = store.get::<Cursor>(&key).await?;
            let (mut cursor, before) = match &found {
                Some(found) if found.document.writer == writer => {
                    let etag = found.etag.clone();
                    return Ok(Self::new(store, names, request, segment, announce, &found.document, etag));
                }
                Some(found) => (found.document.clone(), Before::Is(&found.etag)),
                None => {
                    let all = Range { after: request.after.clone(), until: request.until.clone() };
                    (Cursor { rest: vec![all], ..Cursor::default() }, Before::Absent)
                }
            };
            cursor.generation += 1;
            (cursor.writer, cursor.version) = (writer, 1);
            cursor.failures.clear();
            if let Some(etag) = store.put(&key, &cursor, before).await? {
                return Ok(Self::new(store, names, request, segment, announce, &cursor, etag));
            }
            // Somebody else was faster, or it was this one, whose reply was lost: the next look tells.
        }
    }

    fn new(
        store: Store,
        names: Names,
        request: SegmentRequest,
        segment: String,
        announce: Option<Arc<dyn Announce>>,
        cursor: &Cursor,
        etag: String,
    ) -> Self {
        let files = (cursor.generation == 1).then(Vec::new);
        let kept = Kept { ledger: Ledger::new(), files, before: cursor.counts };
        let written = Written { cursor: cursor.clone(), etag, ledgers: 0 };
        let writing = tokio::sync::Mutex::new(written);
        Self { store, names, request, segment, announce, kept: Mutex::new(kept), writing }
    }

    /// What was left of the segment when it was taken over, and whether others have worked on it.
    pub(crate) async fn rest(&self) -> (Vec<KeyRange>, bool) {
        let written = self.writing.lock().await;
        let rest = written.cursor.rest.iter().filter_map(Range::read).collect();
        (rest, written.cursor.generation > 1)
    }

    /// The cursor, as it was written last.
    pub(crate) async fn cursor(&self) -> Cursor {
        self.writing.lock().await.cursor.clone()
    }

    /// What was copied, or where it is said.
    pub(crate) fn files(&self, cursor: &Cursor) -> Files {
        match &self.kept().files {
            Some(files) => Files::Keys(files.clone()),
            None => Files::Ledger {
                count: cursor.counts.copied,
                ledger: cursor
                    .ledgers
                    .iter()
                    .map(|(generation, count)| Ledgers {
                        prefix: self.names.ledgers(&self.segment, *generation),
                        count: *count,
                    })
                    .collect(),
            },
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the ledger's lines, and then the cursor, which knows of them.
    async fn write(&self, change: impl FnOnce(&mut Cursor) + Send) -> Result<(), Error> {
        let mut written = self.writing.lock().await;
        let lines = self.kept().ledger.take();
        let mut cursor = written.cursor.clone();
        if let Some(lines) = lines {
            written.ledgers += 1;
            let name = self.names.ledger(&self.segment, cursor.generation, written.ledgers);
            self.store.put_bytes(&name, lines, "application/zstd", Before::Any).await?;
            *cursor.ledgers.entry(cursor.generation).or_default() = written.ledgers;
        }
        change(&mut cursor);
        cursor.version += 1;
        let key = self.names.cursor(&self.segment);
        if let Some(etag) = self.store.put(&key, &cursor, Before::Is(&written.etag)).await? {
            (written.cursor, written.etag) = (cursor, etag);
            return Ok(());
        }
        match self.store.get::<Cursor>(&key).await? {
            // It was written, and the reply was lost.
            Some(found) if found.document == cursor => {
                (written.cursor, written.etag) = (cursor, found.etag);
                Ok(())
            }
            _ => Err(Error::new(
                ErrorKind::Fenced,
                format!("another worker has taken over the segment {}", self.segment),
            )),
        }
    }
}

impl Record for Recorder {
    fn note(&self, entry: &Entry, etag: Option<&str>, action: Action) {
        let mut kept = self.kept();
        kept.ledger.add(entry, etag, action);
        if action == Action::Copied {
            match &mut kept.files {
                Some(files) if files.len() < FILES => files.push(entry.key().as_str().to_owned()),
                files => *files = None,
            }
        }
    }

    fn save(&self, State { rest, so_far }: State) -> Saving<'_> {
        Box::pin(async move {
            let counts = self.kept().before.and(Counts::of(&so_far));
            let failures: BTreeMap<String, String> = so_far
                .failures
                .iter()
                .map(|group| {
                    let sample = group.samples.first().map_or("", |sample| &sample.message);
                    (group.code.clone(), format!("{} under {:?}: {sample}", group.count, group.prefix))
                })
                .chain(
                    so_far
                        .unlisted
                        .iter()
                        .map(|it| (it.code.clone(), format!("{}: {}", it.range, it.message))),
                )
                .collect();
            self.write(|cursor| {
                cursor.rest = rest.iter().map(Range::from).collect();
                cursor.counts = counts;
                cursor.failures = failures;
            })
            .await
        })
    }

    fn give(&self, ranges: Vec<KeyRange>) -> Saving<'_> {
        Box::pin(async move {
            let mut children = Vec::new();
            for range in &ranges {
                let child = self.request.child(range, &self.segment);
                let name = names::segment(&child);
                // One that is there was given away before a crash, and is the same: its name says so.
                self.store.put(&self.names.request(&name), &child, Before::Absent).await?;
                if let Some(announce) = &self.announce {
                    announce.announce(&child).await.map_err(|error| {
                        let message = format!("the segment {name} could not be announced");
                        Error::with_source(ErrorKind::Journal, message, error)
                    })?;
                }
                children.push(name);
            }
            self.write(|cursor| {
                cursor.rest = without(&cursor.rest, &ranges);
                cursor.given = merged(cursor.given.iter().filter_map(Range::read).chain(ranges));
                cursor.children.extend(children);
            })
            .await
        })
    }
}

/// The ranges of a segment that were not given away.
pub(crate) fn settled(request: &SegmentRequest, cursor: &Cursor) -> Vec<Range> {
    let all = Range { after: request.after.clone(), until: request.until.clone() };
    let given: Vec<KeyRange> = cursor.given.iter().filter_map(Range::read).collect();
    without(&[all], &given)
}

/// Some ranges, without others that are in them.
fn without(rest: &[Range], given: &[KeyRange]) -> Vec<Range> {
    let mut left: Vec<KeyRange> = rest.iter().filter_map(Range::read).collect();
    for hole in given {
        left = left.into_iter().flat_map(|range| cut(range, hole)).collect();
    }
    left.iter().map(Range::from).collect()
}

/// Ranges in order, those that meet as one: so they take no more room than what is between them.
fn merged(ranges: impl Iterator<Item = KeyRange>) -> Vec<Range> {
    let mut ranges: Vec<KeyRange> = ranges.collect();
    ranges.sort_unstable_by(|a, b| a.after().cmp(&b.after()));
    let mut merged: Vec<KeyRange> = Vec::new();
    for range in ranges {
        let both = merged.last().filter(|last| last.until().is_some() && last.until() == range.after());
        match both.and_then(|last| KeyRange::new(last.after().cloned(), range.until().cloned())) {
            Some(both) => {
                merged.pop();
                merged.push(both);
            }
            None => merged.push(range),
        }
    }
    merged.iter().map(Range::from).collect()
}

/// What is left of a range without another.
fn cut(range: KeyRange, hole: &KeyRange) -> Vec<KeyRange> {
    // Whether it ends before the other begins, in either order.
    let is_before = |one: &KeyRange, other: &KeyRange| match (one.until(), other.after()) {
        (Some(until), Some(after)) => until <= after,
        _ => false,
    };
    if is_before(&range, hole) || is_before(hole, &range) {
        return vec![range];
    }
    let before = (hole.after() > range.after())
        .then(|| KeyRange::new(range.after().cloned(), hole.after().cloned()))
        .flatten();
    let after = hole
        .until()
        .filter(|until| range.until().is_none_or(|end| *until < end))
        .and_then(|until| KeyRange::new(Some(until.clone()), range.until().cloned()));
    before.into_iter().chain(after).collect()
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("segment", &self.segment).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn range(after: &str, until: &str) -> KeyRange {
        KeyRange::new(Key::new(after), Key::new(until)).unwrap()
    }

    #[test]
    fn ranges_that_meet_are_one() {
        let all = [range("f", ""), range("b", "c"), range("", "b"), range("d", "f")];
        let merged: Vec<KeyRange> = merged(all.into_iter()).iter().filter_map(Range::read).collect();
        assert_eq!(merged, [range("", "c"), range("d", "")]);
    }

    #[test]
    fn what_is_given_is_not_left() {
        let rest = [Range::from(&range("", "d")), Range::from(&range("f", ""))];
        let left = |given: &[KeyRange]| -> Vec<KeyRange> {
            without(&rest, given).iter().filter_map(Range::read).collect()
        };
        assert_eq!(left(&[]), [range("", "d"), range("f", "")]);
        assert_eq!(left(&[range("b", "c")]), [range("", "b"), range("c", "d"), range("f", "")]);
        assert_eq!(left(&[range("h", "")]), [range("", "d"), range("f", "h")]);
        assert_eq!(left(&[range("", "d")]), [range("f", "")]);
        assert_eq!(left(&[range("d", "f")]), [range("", "d"), range("f", "")]);
        assert_eq!(left(&[range("", "")]), []);
    }
}
