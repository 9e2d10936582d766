//! [`Segments`]: which part of the key space is listed next. Decides, and does no IO.
//!
//! A segment is a range of keys that is listed page by page. There is one at first; whenever there are fewer
//! than wanted, those with the most keys left are cut into pieces. Nothing depends on the cuts being good:
//! the segments and what is settled always tile the key space.

mod alphabet;
mod coverage;
mod entry;
mod sample;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};

pub(crate) use self::coverage::Coverage;
pub use self::entry::Entry;
pub(crate) use self::entry::{Next, Page};
use self::{alphabet::Alphabet, sample::Sample};
use crate::{Key, KeyRange};

/// The most keys in a page.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub(crate) const PAGE: usize = 1000;

/// So many pages of keys must be left in a segment for each piece that it is cut into.
const PAGES_PER_PIECE: u64 = 2;

/// For each page seen, so many segments may be alive: what one page says of the others is little.
const SEGMENTS_PER_PAGE: u64 = 8;

/// A walk that brought nothing new for so many pages is not going to end.
const BARREN_PAGES: u32 = 1000;

/// A name for a segment, never used twice.
pub(crate) type SegmentId = u64;

/// Which parts of the key space are listed, are being listed, and are left.
#[derive(Debug)]
pub(crate) struct Segments {
    prefix: String,
    wanted: usize,
    live: HashMap<SegmentId, Segment>,
    /// What is listed at all.
    bounds: Vec<KeyRange>,
    /// Those that nobody is listing, in the order in which it is their turn.
    waiting: VecDeque<SegmentId>,
    alphabet: Alphabet,
    sample: Sample,
    coverage: Coverage,
    unlisted: Vec<(KeyRange, Failed)>,
    /// What was found by a walk, which is begun when the store does not list in order.
    walk: Option<HashSet<Key>>,
    pages: u64,
    created: u64,
}

/// What is left of a segment.
#[derive(Debug)]
struct Segment {
    rest: KeyRange,
    token: Option<String>,
    /// How many keys may be left, as its own pages tell; nothing before the first.
    estimate: u64,
    /// The same, as the segment tells that it was cut off from.
    guess: u64,
    barren: u32,
}

/// A page to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) segment: SegmentId,
    pub(crate) from: From,
    /// Where the segment starts: all before is listed.
    pub(crate) after: Option<Key>,
    /// Where the segment ends, or ended when it was asked for: it may be cut meanwhile.
    pub(crate) until: Option<Key>,
}

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    After(Key),
    Token(String),
}

/// What a page brought.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Keys that no page has brought before, in order; and the range that the page covers, which tells of a walk
    /// only that it is over: with the last page.
    New(Vec<Entry>, Option<KeyRange>),
    /// The store does not list in order: all that was found so far is void, and will be found again.
    Restarted,
}

/// Why a range was not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Failed {
    fn invalid(message: &str) -> Self {
        Self { code: "InvalidResponse".to_owned(), message: message.to_owned() }
    }
}

impl Segments {
    /// The keys that start with `prefix`, in up to `wanted` segments at a time.
    pub(crate) fn new(prefix: impl Into<String>, wanted: usize) -> Self {
        let mut segments = Self {
            prefix: prefix.into(),
            wanted,
            live: HashMap::new(),
            bounds: vec![KeyRange::ALL],
            waiting: VecDeque::new(),
            alphabet: Alphabet::default(),
            sample: Sample::default(),
            coverage: Coverage::default(),
            unlisted: Vec::new(),
            walk: None,
            pages: 0,
            created: 0,
        };
        segments.open(KeyRange::ALL, 0);
        segments
    }

    /// The keys of some ranges only, each of which is cut at the hints in it: the others are settled. Ranges that overlap are
    /// the caller's mistake.
    pub(crate) fn over(prefix: impl Into<String>, wanted: usize, ranges: &[KeyRange], hints: &[Key]) -> Self {
        let mut segments = Self::new(prefix, wanted);
        segments.live.clear();
        segments.waiting.clear();
        segments.bounds = ranges.to_vec();
        segments.coverage = Coverage::beside(ranges);
        let mut hints: Vec<&Key> =
            hints.iter().filter(|hint| hint.as_str().starts_with(&segments.prefix)).collect();
        hints.sort_unstable();
        for range in ranges {
            let mut rest = range.clone();
            for hint in hints.iter().copied().filter(|hint| range.contains(hint)) {
                let until = range.until().cloned();
                let before = KeyRange::new(rest.after().cloned(), Some(hint.clone()));
                // One that is there twice, or at the end of the range, cuts nothing.
                if let (Some(before), Some(after)) = (before, KeyRange::new(Some(hint.clone()), until)) {
                    segments.open(before, 0);
                    rest = after;
                }
            }
            segments.open(rest, 0);
        }
        segments
    }

    /// Whether a segment has more to be listed.
    pub(crate) fn is_live(&self, segment: SegmentId) -> bool {
        self.live.contains_key(&segment)
    }

    /// Whether the store does not list in order, and is walked.
    pub(crate) fn is_walk(&self) -> bool {
        self.walk.is_some()
    }

    /// The page to be listed next, if there is one that nobody is listing.
    pub(crate) fn next(&mut self) -> Option<Ask> {
        let segment = self.waiting.pop_front()?;
        let it = self.live.get(&segment)?;
        let from = match (&it.token, it.rest.after()) {
            (Some(token), _) => From::Token(token.clone()),
            (None, Some(after)) => From::After(after.clone()),
            (None, None) => From::Start,
        };
        let (after, until) = (it.rest.after().cloned(), it.rest.until().cloned());
        Some(Ask { segment, from, after, until })
    }

    /// Takes the answer to an [`Ask`].
    pub(crate) fn page(&mut self, id: SegmentId, page: Page) -> Found {
        // A page that was asked for before a restart.
        let Some(segment) = self.live.remove(&id) else { return Found::New(Vec::new(), None) };
        // One without keys says nothing of where there are any.
        self.pages += u64::from(!page.entries.is_empty());
        if self.walk.is_some() {
            let found = self.walked(id, segment, page);
            let is_over = self.live.is_empty() && self.unlisted.is_empty();
            return Found::New(found, is_over.then_some(KeyRange::ALL));
        }
        if !self.in_order(&segment.rest, &page.entries) {
            self.restart();
            return Found::Restarted;
        }
        let (found, range) = self.advance(id, segment, page);
        self.sample.take(&found);
        self.steal();
        Found::New(found, range)
    }

    /// The page of an [`Ask`] could not be had: what is left of its segment is not going to be listed.
    pub(crate) fn failed(&mut self, id: SegmentId, failed: Failed) {
        if let Some(segment) = self.live.remove(&id) {
            self.unlisted.push((segment.rest, failed));
        }
    }

    /// Whether there is nothing left to be listed.
    pub(crate) fn is_done(&self) -> bool {
        self.live.is_empty()
    }

    /// Gives away segments that nobody is listing, the last first, if more than half as much again as `keep` keys may be
    /// left: they are not listed here any more. Ranges that meet are one.
    pub(crate) fn give_away(&mut self, keep: u64) -> Vec<KeyRange> {
        let all: u64 = self.live.values().map(|it| it.guess).sum();
        if self.walk.is_some() || all <= keep.saturating_add(keep / 2) || self.pages == 0 {
            return Vec::new();
        }
        let mut waiting: Vec<SegmentId> = self.waiting.iter().copied().collect();
        waiting.sort_by(|a, b| self.live[b].rest.after().cmp(&self.live[a].rest.after()));
        let (mut left, mut given) = (all, Vec::<(KeyRange, u64)>::new());
        for id in waiting {
            // One that was begun has a token, and is nearly always worth ending.
            if left <= keep || self.live.len() <= 1 {
                break;
            }
            let Some(segment) = self.live.remove(&id) else { continue };
            left = left.saturating_sub(segment.guess);
            self.coverage.settle(segment.rest.clone());
            match given.last_mut() {
                Some((next, guess)) if segment.rest.until() == next.after() && *guess < keep => {
                    let both = KeyRange::new(segment.rest.after().cloned(), next.until().cloned());
                    *next = both.unwrap_or_else(|| segment.rest.clone());
                    *guess += segment.guess;
                }
                _ => given.push((segment.rest, segment.guess)),
            }
        }
        self.waiting.retain(|id| self.live.contains_key(id));
        given.into_iter().map(|(range, _)| range).collect()
    }

    /// Whether what was listed tiles the key space.
    pub(crate) fn is_whole(&self) -> bool {
        self.unlisted.is_empty() && self.coverage.gaps().is_empty()
    }

    /// How many segments there have been.
    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// Where to cut the same keys the next time: nothing, if they were walked.
    pub(crate) fn take_hints(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.sample).into_hints()
    }

    /// What was not listed, with a reason if there is one. Nothing, if what was listed tiles the key space.
    pub(crate) fn into_unlisted(self) -> Vec<(KeyRange, Option<Failed>)> {
        let mut reasons = self.unlisted;
        let mut coverage = self.coverage;
        let mut unlisted = Vec::new();
        for (range, failed) in reasons.drain(..) {
            coverage.settle(range.clone());
            unlisted.push((range, Some(failed)));
        }
        // Whatever is missing beyond that was not looked at, be it because of a stop or by a mistake of ours.
        unlisted.extend(coverage.gaps().into_iter().map(|range| (range, None)));
        unlisted
    }

    fn open(&mut self, rest: KeyRange, guess: u64) {
        let id = self.created;
        self.created += 1;
        self.live.insert(id, Segment { rest, token: None, estimate: 0, guess, barren: 0 });
        self.waiting.push_back(id);
    }

    /// Whether the page is what a store that lists in order can answer.
    fn in_order(&self, rest: &KeyRange, entries: &[Entry]) -> bool {
        let mut before = rest.after();
        entries.iter().all(|entry| {
            let fits = entry.key.as_str().starts_with(&self.prefix)
                && before.is_none_or(|before| *before < entry.key);
            before = Some(&entry.key);
            fits
        })
    }

    /// Moves a segment beyond a page, and gives what of the page is in it, and the range that this covers.
    fn advance(&mut self, id: SegmentId, mut segment: Segment, page: Page) -> (Vec<Entry>, Option<KeyRange>) {
        let Page { mut entries, next } = page;
        let all = entries.len();
        let inside = entries.partition_point(|entry| segment.rest.contains(&entry.key));
        entries.truncate(inside);
        for at in [0, inside / 2, inside.saturating_sub(1)] {
            if let Some(entry) = entries.get(at) {
                self.alphabet.learn(self.within(&entry.key));
            }
        }
        let last = entries.last().map(|entry| entry.key.clone());
        let settled =
            next == Next::End || inside < all || (last.is_some() && last.as_ref() == segment.rest.until());
        if settled {
            self.coverage.settle(segment.rest.clone());
            return (entries, Some(segment.rest));
        }
        let until = segment.rest.until().cloned();
        let mut listed = None;
        if let Some(last) = last {
            // Both are not empty: `last` is in the segment, and is not its end.
            listed = KeyRange::new(segment.rest.after().cloned(), Some(last.clone()));
            if let Some(listed) = &listed {
                self.coverage.settle(listed.clone());
            }
            let (first, end) = (self.within(&entries[0].key), until.as_ref().map(|until| self.within(until)));
            segment.estimate = self.alphabet.estimate(first, self.within(&last), inside, end);
            segment.guess = segment.estimate;
            match KeyRange::new(Some(last), until) {
                Some(rest) => segment.rest = rest,
                None => return (entries, listed),
            }
        } else if next == Next::More {
            let failed = Failed::invalid("a page without keys says that there are more, and not where");
            self.unlisted.push((segment.rest, failed));
            return (entries, None);
        }
        self.go_on(id, segment, next);
        (entries, listed)
    }

    /// Puts a segment back in line.
    fn go_on(&mut self, id: SegmentId, mut segment: Segment, next: Next) {
        let token = match next {
            Next::Token(token) => Some(token),
            Next::End | Next::More => None,
        };
        if token.is_some() && token == segment.token {
            let failed = Failed::invalid("a page says that the listing goes on where it began");
            self.unlisted.push((segment.rest, failed));
            return;
        }
        segment.token = token;
        self.live.insert(id, segment);
        self.waiting.push_back(id);
    }

    /// Takes a page of a walk: whatever is new, in whatever order.
    fn walked(&mut self, id: SegmentId, mut segment: Segment, page: Page) -> Vec<Entry> {
        let Some(seen) = &mut self.walk else { return Vec::new() };
        let Page { mut entries, next } = page;
        entries.retain(|entry| {
            entry.key.as_str().starts_with(&self.prefix)
                && self.bounds.iter().any(|range| range.contains(&entry.key))
                && seen.insert(entry.key.clone())
        });
        segment.barren = if entries.is_empty() { segment.barren + 1 } else { 0 };
        match next {
            Next::End => self.coverage.settle(segment.rest),
            Next::Token(_) if segment.barren < BARREN_PAGES => self.go_on(id, segment, next),
            Next::Token(_) => {
                self.unlisted.push((segment.rest, Failed::invalid("the listing goes in circles")));
            }
            Next::More => {
                let failed = Failed::invalid("the store lists out of order, and without tokens");
                self.unlisted.push((segment.rest, failed));
            }
        }
        entries
    }

    /// Begins anew, with one walk that trusts nothing but the continuation tokens.
    fn restart(&mut self) {
        self.live.clear();
        self.waiting.clear();
        self.unlisted.clear();
        self.coverage = Coverage::default();
        self.sample.clear();
        self.walk = Some(HashSet::new());
        self.open(KeyRange::ALL, 0);
    }

    /// Cuts segments into pieces until there are as many as wanted, those with the most keys left first.
    fn steal(&mut self) {
        let most = self.pages.saturating_mul(SEGMENTS_PER_PAGE).min(self.wanted as u64);
        let mut idle = most.saturating_sub(self.live.len() as u64);
        if idle == 0 {
            return;
        }
        let mut victims: Vec<(u64, SegmentId)> = self
            .live
            .iter()
            .map(|(id, segment)| (segment.estimate, *id))
            .filter(|(estimate, _)| *estimate >= 2 * PAGES_PER_PIECE * PAGE as u64)
            .collect();
        victims.sort_unstable_by(|a, b| b.cmp(a));
        let mut left: u128 = victims.iter().map(|(estimate, _)| u128::from(*estimate)).sum();
        for (estimate, id) in victims {
            // Each gets its share of the idle ones, rounded up, and the largest are served first.
            let share = (u128::from(idle) * u128::from(estimate)).div_ceil(left.max(1));
            let room = estimate / (PAGES_PER_PIECE * PAGE as u64) - 1;
            let share = u64::try_from(share).unwrap_or(idle).min(room).min(idle);
            idle -= self.split(id, share);
            left -= u128::from(estimate);
        }
    }

    /// Cuts up to `pieces` pieces off a segment; says how many it were.
    fn split(&mut self, id: SegmentId, pieces: u64) -> u64 {
        let Some(segment) = self.live.get(&id) else { return 0 };
        let Some(last) = segment.rest.after() else { return 0 };
        let until = segment.rest.until().cloned();
        let pieces = usize::try_from(pieces).unwrap_or(usize::MAX).saturating_add(1);
        let end = until.as_ref().map(|until| self.within(until));
        let cuts = self.alphabet.cuts(self.within(last), end, pieces, self.prefix.len());
        let cuts: Vec<Key> =
            cuts.into_iter().filter_map(|cut| Key::new(format!("{}{cut}", self.prefix))).collect();
        let Some(first) = cuts.first() else { return 0 };
        let Some(rest) = KeyRange::new(Some(last.clone()), Some(first.clone())) else { return 0 };
        let estimate = segment.estimate / (cuts.len() as u64 + 1);
        if let Some(segment) = self.live.get_mut(&id) {
            segment.rest = rest;
            segment.estimate = estimate;
            segment.guess = estimate;
        }
        let ends = cuts.iter().skip(1).cloned().map(Some).chain([until]);
        for (after, until) in cuts.iter().zip(ends) {
            if let Some(piece) = KeyRange::new(Some(after.clone()), until) {
                self.open(piece, estimate);
            }
        }
        cuts.len() as u64
    }

    /// A key without the prefix.
    fn within<'a>(&self, key: &'a Key) -> &'a str {
        key.as_str().get(self.prefix.len()..).unwrap_or_default()
    }
}
