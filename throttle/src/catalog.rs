//! [`Catalog`]: which limits a call draws from, and what AWS documents of them.

use crate::{Call, Limit, QuotaCode, limiter::Hint};

/// Which limits a call draws from, and what AWS documents of them.
#[derive(Clone, Debug, Default)]
pub struct Catalog {}

/// One limit that a call draws from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Draw {
    /// The limit.
    pub limit: Limit,
    /// How many of its tokens a call takes.
    pub cost: Cost,
    /// What is documented of its size.
    pub hint: Option<Hint>,
    /// The code by which Service Quotas knows it.
    pub quota: Option<QuotaCode>,
}

/// How many tokens of a limit a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cost {
    /// One, whatever the call is about: AWS counts requests.
    One,
    /// What the [`Call`] costs: AWS counts what the request is about.
    OfCall,
}

impl Draw {
    /// The limit of one operation, as nothing more is known of it.
    pub(crate) fn of(call: &Call) -> Self {
        Self { limit: Limit::of(call), cost: Cost::OfCall, hint: None, quota: None }
    }
}

impl Catalog {
    /// A catalog that knows nothing: each account, region, service, operation and resource has a limit.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// What AWS documents.
    #[must_use]
    pub fn aws() -> Self {
        Self::default()
    }

    /// The limits that `call` draws from: the narrowest first, at least one.
    #[must_use]
    pub fn draws(&self, call: &Call) -> Vec<Draw> {
        vec![Draw::of(call)]
    }
}
