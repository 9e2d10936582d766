//! [`Mirror`]: one type of resource.

use std::{borrow::Cow, future::Future};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Answers, Fetch, FetchError, Find, Parts, Plan, Refs, Term};

/// One type of resource: how it is asked for, and what it refers to.
///
/// A fetch can only *name* other resources, in [`refs`](Self::refs), and never await them. So a circle of references
/// cannot wait for itself: a deadlock cannot be written.
///
/// # Contract
///
/// - [`refs`](Self::refs), [`key`](Self::key), [`aliases`](Self::aliases) and [`group`](Self::group) are pure. One
///   that panics ends the discovery: what is owed has failed, and the report is [abandoned](crate::Report::abandoned).
/// - [`fetch`](Self::fetch) makes one call for the keys that it is given, or as few as it can; every call goes through
///   [`Fetch`], which is a throttle: its first permit has been waited for already.
/// - What a successful fetch does not answer is absent. What it cannot read is [`Answers::unreadable`]: one resource
///   never costs the others.
/// - An error is about all of its keys. One that may be about a few of them is [`FetchError::poisoned`], and these are
///   then looked for.
/// - [`list`](Self::list) answers one page.
pub trait Mirror: Send + Sync + Sized + 'static {
    /// What it is called in exports: service and noun, such as `ec2:instance`.
    const TYPE: &'static str;

    /// Whether its resources are in no region. Default: no.
    const GLOBAL: bool = false;

    /// Whether its resources are part of the graph. Those of a lookup are not.
    #[doc(hidden)]
    const IS_SHOWN: bool = true;

    /// What there is to know of a resource.
    type Model: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The key of a resource, unique in its scope, as AWS's own API takes it.
    fn key(model: &Self::Model) -> Cow<'_, str>;

    /// What it refers to.
    fn refs(model: &Self::Model, refs: &mut Refs<'_>);

    /// How it can be asked for.
    fn plan(&self) -> Plan;

    /// Answers for these keys, which are distinct, of one scope and [group](Self::group), at least one and at most
    /// as many as the [plan](Self::plan) says.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if all of the keys share it.
    fn fetch(
        &self,
        cx: &Fetch,
        keys: &[&str],
        answers: &mut Answers<Self>,
    ) -> impl Future<Output = Result<(), FetchError>> + Send {
        let _ = (cx, keys, answers);
        async { Err(FetchError::failed("it has no calls by id")) }
    }

    /// Answers one page of the list of a scope and [group](Self::group), and how the next one is asked for; `None`
    /// behind the last. The first page is asked for with `None`.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the page could not be had. It is asked for again if that is worth it.
    fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> impl Future<Output = Result<Option<String>, FetchError>> + Send {
        let _ = (cx, page, answers);
        async { Err(FetchError::failed("it has no list")) }
    }

    /// Asks for a [part](Plan::part) of resources that were found: tags, members. At most as many as the plan says.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if all of them share it.
    fn complete(
        &self,
        part: &'static str,
        cx: &Fetch,
        models: &[&Self::Model],
        parts: &mut Parts<Self>,
    ) -> impl Future<Output = Result<(), FetchError>> + Send {
        let _ = (part, cx, models, parts);
        async { Err(FetchError::failed("it has no parts")) }
    }

    /// Other keys by which the same resource is asked for: a name beside an id. Default: none.
    fn aliases(model: &Self::Model, add: &mut dyn FnMut(&str)) {
        let _ = (model, add);
    }

    /// The key of the resource that this one is listed with, for a plan that is [within](Plan::within) another type.
    /// Default: none.
    #[must_use]
    fn group(key: &str) -> Option<Cow<'_, str>> {
        let _ = key;
        None
    }

    /// How to look for a term that somebody typed. Default: in the list.
    #[must_use]
    fn find(term: &Term) -> Find<'_> {
        let _ = term;
        Find::List
    }

    /// Whether a resource answers to a term. Default: by its key or an alias of it.
    #[must_use]
    fn answers_to(model: &Self::Model, term: &Term) -> bool {
        let mut same = Self::key(model) == term.text();
        Self::aliases(model, &mut |alias| same |= alias == term.text());
        same
    }
}
