//! The region and the account in ARNs: the engine writes the same ones for every scope.

use std::borrow::Cow;

use dynoxide::streams::{LOCAL_ACCOUNT, LOCAL_REGION};

use crate::services::Scope;

/// A text of the engine, with the ARNs of a scope.
pub(super) fn of_scope(text: &str, scope: &Scope) -> String {
    text.replace(&engine(), &own(scope))
}

/// A text of a client of a scope, with the ARNs that the engine knows.
pub(super) fn of_engine<'a>(text: &'a str, scope: &Scope) -> Cow<'a, str> {
    let own = own(scope);
    if text.contains(&own) { Cow::Owned(text.replace(&own, &engine())) } else { Cow::Borrowed(text) }
}

fn engine() -> String {
    format!(":{LOCAL_REGION}:{LOCAL_ACCOUNT}:")
}

fn own(scope: &Scope) -> String {
    format!(":{}:{}:", scope.region, scope.account)
}
