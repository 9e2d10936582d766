//! [`Walk`]: one side of a comparison, listed page by page.

use std::collections::VecDeque;

use crate::{
    Error, ErrorKind, Key, Location,
    engine::plain,
    listing::Lister,
    plan::Filter,
    request::Requester,
    segments::{Entry, From, Next},
};

/// So many pages without objects in a row are a store that goes in circles.
const BARREN: u32 = 100;

/// One side of a comparison, listed in order, a page at a time.
pub(super) struct Walk<'a> {
    lister: Lister,
    filter: Option<&'a Filter>,
    requester: &'a Requester,
    bucket: String,
    prefix: String,
    page: VecDeque<Entry>,
    /// Where the next page starts; none after the last.
    from: Option<From>,
    last: Option<Key>,
}

/// An object, and its key without the prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peeked<'a> {
    pub(super) entry: &'a Entry,
    pub(super) within: &'a str,
}

impl<'a> Walk<'a> {
    pub(super) fn new(location: &Location, filter: Option<&'a Filter>, requester: &'a Requester) -> Self {
        let (bucket, prefix) = (location.bucket.clone(), location.prefix.clone());
        let lister = Lister::new(plain(location));
        Self {
            lister,
            filter,
            requester,
            bucket,
            prefix,
            page: VecDeque::new(),
            from: Some(From::Start),
            last: None,
        }
    }

    /// The object whose turn it is, in what was listed.
    pub(super) fn peek(&self) -> Option<Peeked<'_>> {
        let entry = self.page.front()?;
        Some(Peeked { entry, within: entry.key.as_str().get(self.prefix.len()..).unwrap_or_default() })
    }

    pub(super) fn skip(&mut self) {
        self.page.pop_front();
    }

    /// Lists until there is an object, or the end.
    pub(super) async fn fill(&mut self) -> Result<(), Error> {
        let mut barren = 0;
        while self.page.is_empty()
            && let Some(from) = self.from.take()
        {
            let page = self.lister.page(self.requester, &from).await;
            let page = page.map_err(|fault| self.error(format!("{}: {}", fault.code, fault.message)))?;
            for entry in &page.entries {
                let fits = entry.key.as_str().starts_with(&self.prefix);
                if !fits || self.last.as_ref().is_some_and(|last| *last >= entry.key) {
                    return Err(self.error("it is not in order, so that it cannot be compared"));
                }
                self.last = Some(entry.key.clone());
            }
            let next = match &page.next {
                Next::End => None,
                Next::Token(token) => Some(From::Token(token.clone())),
                Next::More => self.last.clone().map(From::After),
            };
            barren = if page.entries.is_empty() { barren + 1 } else { 0 };
            let lost =
                page.entries.is_empty() && (matches!(page.next, Next::More) || next.as_ref() == Some(&from));
            if lost || barren > BARREN {
                return Err(self.error("pages without objects say that there are more"));
            }
            self.from = next;
            self.page = page.entries.into();
            if let Some(filter) = self.filter {
                let prefix = self.prefix.len();
                self.page.retain(|entry| entry.key.as_str().get(prefix..).is_some_and(filter));
            }
        }
        Ok(())
    }

    fn error(&self, cause: impl Into<String>) -> Error {
        let message = format!("the bucket {} could not be listed to its end", self.bucket);
        Error::with_source(ErrorKind::Listing, message, cause.into())
    }
}
