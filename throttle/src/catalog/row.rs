//! [`Row`]: a limit of a service, and the operations that draw from it.

use std::fmt;

use super::{Cost, Draw};
use crate::{
    Call, Limit, QuotaCode,
    limiter::{Hint, Rate},
};

/// Millionths of a token.
pub(super) const TOKEN: u64 = 1_000_000;

/// A limit of a service, or several that are alike, and the operations that draw from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub(super) service: Box<str>,
    pub(super) per: Per,
    pub(super) class: Option<Box<str>>,
    pub(super) cost: Cost,
    pub(super) rate: Option<Rate>,
    pub(super) burst: Option<u32>,
    pub(super) quota: Option<QuotaCode>,
    pub(super) bucket: Option<Box<str>>,
    pub(super) operations: Vec<Box<str>>,
    pub(super) source: Box<str>,
    pub(super) checked: Box<str>,
}

/// What has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An account, in all regions together.
    Account,
    /// An account in a region.
    Region,
    /// A resource of an account in a region: a bucket and prefix, a shard.
    Resource,
}

/// How a row fits a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) by_class: bool,
    pub(super) precision: Precision,
    pub(super) width: Width,
}

/// How precisely a row names an operation: the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    All,
    Prefix(usize),
    Name,
}

/// How many operations share a bucket: the fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    Own,
    Some,
    Service,
}

impl Row {
    /// The service, as in `aws-sdk-…`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operations that draw from it: `Name`, `Prefix*`, `*` for all, `!Name` for one that does not.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|it| &**it)
    }

    /// What the operations draw from together; `None` if each has a bucket of its own.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// What has a bucket of its own.
    #[must_use]
    pub fn per(&self) -> Per {
        self.per
    }

    /// The resource that a call must name: all of it, or how it ends behind a `*`.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }

    /// How many tokens a call takes.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// What is documented of its size; a burst that is not documented is a second's refill, at least one.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        let rate = self.rate?;
        let second = u32::try_from(rate.as_micros_per_second().div_ceil(TOKEN)).unwrap_or(u32::MAX);
        Some(Hint { rate, burst: self.burst.unwrap_or(second) })
    }

    /// The code by which Service Quotas knows it.
    #[must_use]
    pub fn quota(&self) -> Option<QuotaCode> {
        self.quota
    }

    /// The page that it is from, or an empty string.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The day on which it was compared with that page, as `2026-11-23`, or an empty string.
    #[must_use]
    pub fn checked(&self) -> &str {
        &self.checked
    }

    /// How it fits `call`, if it does.
    pub(super) fn fit(&self, call: &Call) -> Option<Fit> {
        if *self.service != *call.service_name() {
            return None;
        }
        let by_class = match self.class.as_deref().map(|it| (it, it.strip_prefix('*'))) {
            None => false,
            Some((_, Some(end))) if call.resource_name().ends_with(end) => true,
            Some((class, None)) if call.resource_name() == class => true,
            Some(_) => return None,
        };
        Some(Fit { by_class, precision: self.precision(call.operation_name())?, width: self.width() })
    }

    fn precision(&self, operation: &str) -> Option<Precision> {
        if self.operations().any(|it| it.strip_prefix('!') == Some(operation)) {
            return None;
        }
        let precision = |pattern: &str| match pattern.strip_suffix('*') {
            Some("") => Some(Precision::All),
            Some(prefix) if operation.starts_with(prefix) => Some(Precision::Prefix(prefix.len())),
            None if operation == pattern => Some(Precision::Name),
            _ => None,
        };
        self.operations().filter_map(precision).max()
    }

    fn width(&self) -> Width {
        match (&self.bucket, &*self.operations) {
            (None, _) => Width::Own,
            (Some(_), [all]) if &**all == "*" => Width::Service,
            (Some(_), _) => Width::Some,
        }
    }

    pub(super) fn draw(&self, call: &Call) -> Draw {
        let limit = Limit::new(&*self.service, self.bucket().unwrap_or_else(|| call.operation_name()))
            .with_account(call.account_id());
        let limit = match self.per {
            Per::Account => limit,
            Per::Region => limit.with_region(call.region_name()),
            Per::Resource => limit.with_region(call.region_name()).with_resource(call.resource_name()),
        };
        let one_bucket = self.per != Per::Resource || !call.resource_name().is_empty();
        Draw { limit, cost: self.cost, hint: self.hint().filter(|_| one_bucket), quota: self.quota }
    }
}

/// The row, as [`Catalog::parse`](super::Catalog::parse) reads it, without its source.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Account => "account",
            Per::Region => "region",
            Per::Resource => "resource",
        };
        let cost = match self.cost {
            Cost::One => "one",
            Cost::OfCall => "call",
        };
        write!(f, "{} {per} {} {cost} ", self.service, self.class().unwrap_or("-"))?;
        match self.rate.map(Rate::as_micros_per_second) {
            Some(rate) => write!(f, "{}.{:06} ", rate / TOKEN, rate % TOKEN)?,
            None => f.write_str("- ")?,
        }
        match self.burst {
            Some(burst) => write!(f, "{burst} ")?,
            None => f.write_str("- ")?,
        }
        match self.quota {
            Some(code) => write!(f, "{code} ")?,
            None => f.write_str("- ")?,
        }
        f.write_str(self.bucket().unwrap_or("-"))?;
        self.operations().try_for_each(|it| write!(f, " {it}"))
    }
}
