//! [`Abreast`]: lists the destination abreast of the source.

use std::collections::VecDeque;

use crate::{
    Entry, Key, KeyRange, Location,
    listing::Lister,
    request::{Cause, Fault, Requester},
    segments::{Ask, From, Next, Page},
};

/// So many pages without objects in a row are a store that goes in circles.
const BARREN: u32 = 100;

/// Lists both sides of the same range of keys.
#[derive(Debug)]
pub(crate) struct Abreast {
    source: Lister,
    destination: Lister,
    prefixes: (String, String),
    /// Whether the destination is looked at.
    looks: bool,
    /// Whether keys that only the destination has matter.
    wants_extra: bool,
}

/// The destination's side of a segment: what was listed of it, and not yet compared.
#[derive(Debug)]
pub(crate) struct Front {
    listed: VecDeque<Entry>,
    /// Where the next page starts; none after the last.
    from: Option<From>,
    last: Option<Key>,
}

/// A page of the source, and the destination's side, which covers at least as much.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) page: Result<Page, Fault>,
    /// None if nobody looks.
    pub(crate) front: Option<Result<Front, Fault>>,
}

impl Abreast {
    pub(crate) fn new(source: Location, destination: Location, looks: bool, wants_extra: bool) -> Self {
        let prefixes = (source.prefix.clone(), destination.prefix.clone());
        Self {
            source: Lister::new(source),
            destination: Lister::new(destination),
            prefixes,
            looks,
            wants_extra,
        }
    }

    /// A page of the source, and the destination up to where this page ends. `front` is where the segment's last page
    /// left it; none for the first. Nobody `looks` at the destination beside a walk.
    pub(crate) async fn page(
        &self,
        requester: &Requester,
        ask: &Ask,
        looks: bool,
        front: Option<Front>,
    ) -> Both {
        if !self.looks || !looks {
            return Both { page: self.source.page(requester, &ask.from).await, front: None };
        }
        let front = front.unwrap_or_else(|| self.begin(ask.after.as_ref()));
        // Mostly, one page of either is all, and they can be asked for at once.
        let (page, first) =
            tokio::join!(self.source.page(requester, &ask.from), self.ahead(requester, front));
        let Ok(listed) = &page else { return Both { page, front: Some(first) } };
        let last = listed.entries.last().map(|entry| &entry.key);
        let end = match (&listed.next, self.wants_extra) {
            (Next::End, true) => Some(ask.until.as_ref()),
            _ => last.map(Some),
        };
        let front = match (first, end) {
            (Ok(front), Some(end)) => self.cover(requester, front, end).await,
            (first, _) => first,
        };
        Both { page, front: Some(front) }
    }

    /// The destination's side of a segment from where it starts.
    fn begin(&self, after: Option<&Key>) -> Front {
        let after = after.and_then(|after| self.there(after));
        let from = after.clone().map_or(From::Start, From::After);
        Front { listed: VecDeque::new(), from: Some(from), last: after }
    }

    /// Where a key of the source belongs in the destination; if it would be too long, the longest before it.
    fn there(&self, key: &Key) -> Option<Key> {
        let within = key.as_str().get(self.prefixes.0.len()..)?;
        let mut there = format!("{}{within}", self.prefixes.1);
        there.truncate(there.floor_char_boundary(Key::MAX_BYTES));
        Key::new(there)
    }

    async fn ahead(&self, requester: &Requester, front: Front) -> Result<Front, Fault> {
        if front.listed.is_empty() { self.list(requester, front).await } else { Ok(front) }
    }

    /// Lists up to and with `end`, or to the last key there is.
    async fn cover(
        &self,
        requester: &Requester,
        mut front: Front,
        end: Option<&Key>,
    ) -> Result<Front, Fault> {
        let end = end.and_then(|end| end.as_str().get(self.prefixes.0.len()..));
        let within = |key: &Key| key.as_str().get(self.prefixes.1.len()..).unwrap_or_default().to_owned();
        while front.from.is_some()
            && end.is_none_or(|end| front.last.as_ref().is_none_or(|last| *within(last) < *end))
        {
            front = self.list(requester, front).await?;
        }
        Ok(front)
    }

    /// Lists one page further that has objects, if there is one.
    async fn list(&self, requester: &Requester, mut front: Front) -> Result<Front, Fault> {
        for _ in 0..BARREN {
            let Some(from) = front.from.take() else { return Ok(front) };
            let page = self.destination.page(requester, &from).await?;
            for entry in &page.entries {
                let fits = entry.key.as_str().starts_with(&self.prefixes.1);
                if !fits || front.last.as_ref().is_some_and(|last| *last >= entry.key) {
                    let message = "the destination does not list in order, so that it cannot be compared";
                    return Err(Fault::new(Cause::Permanent, "InvalidResponse", message));
                }
                front.last = Some(entry.key.clone());
            }
            front.from = match page.next {
                Next::End => None,
                Next::Token(token) => Some(From::Token(token)),
                Next::More if page.entries.is_empty() => break,
                Next::More => front.last.clone().map(From::After),
            };
            if !page.entries.is_empty() {
                front.listed.extend(page.entries);
                return Ok(front);
            }
        }
        let message = "pages of the destination without objects say that there are more";
        Err(Fault::new(Cause::Permanent, "InvalidResponse", message))
    }
}

impl Front {
    /// Takes what it has of a range of the source's keys.
    pub(crate) fn take(&mut self, range: &KeyRange, source: usize, destination: usize) -> Vec<Entry> {
        let end = range.until().and_then(|until| until.as_str().get(source..));
        let count = end.map_or(self.listed.len(), |end| {
            self.listed
                .partition_point(|entry| entry.key.as_str().get(destination..).unwrap_or_default() <= end)
        });
        self.listed.drain(..count).collect()
    }
}
