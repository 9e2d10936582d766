//! [`Report`]: what a discovery saw, and what it could not see.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CallCounts, OutcomeKind, Scope};

/// What a discovery saw, and what it could not see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// How many resources ended how.
    pub outcomes: BTreeMap<OutcomeKind, u64>,
    /// How many calls it took.
    #[serde(flatten)]
    pub calls: CallCounts,
    /// What could not be seen, by API and outcome.
    pub problems: Vec<Problem>,
    /// The lists that were begun, by type and scope.
    pub coverage: Vec<Coverage>,
    /// Resources that were left out because there were too many.
    pub left_out: u64,
    /// Aliases that stand for two resources: the first one has it.
    pub conflicts: Vec<String>,
    /// Whether a mirror panicked where it must not, in a key or in references: all that was owed then failed, and
    /// nothing is asked for any more.
    #[serde(default)]
    pub abandoned: bool,
}

/// What could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The call, as `service:Operation`.
    pub api: String,
    /// The scope.
    #[serde(flatten)]
    pub scope: ScopeName,
    /// Denied, unsupported, failed or cancelled.
    pub outcome: OutcomeKind,
    /// How many resources or lists it cost.
    pub count: u64,
    /// The first reason.
    pub reason: String,
}

/// How much of a type was seen in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Coverage {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The scope.
    #[serde(flatten)]
    pub scope: ScopeName,
    /// Whether all of the list was seen.
    pub complete: bool,
    /// Whether all of them were asked for: else the graph has those that were looked for or led to.
    #[serde(default)]
    pub asked: bool,
}

/// A [`Scope`] as it is written in files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScopeName {
    /// The account id.
    pub account: String,
    /// The region; none for what is in none.
    pub region: Option<String>,
}

impl Report {
    /// Whether all that was asked for was seen: found, or seen to be absent, with nothing left out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
            && self.left_out == 0
            && !self.abandoned
            && self.outcomes.iter().all(|(outcome, count)| outcome.is_seen() || *count == 0)
    }

    /// Whether all resources of a type in a scope were seen.
    #[must_use]
    pub fn covers(&self, type_name: &str, scope: &Scope) -> bool {
        self.coverage_of(type_name, scope).any(|it| it.complete)
    }

    /// Whether the graph has all resources of a type in a scope.
    pub(crate) fn has_all(&self, type_name: &str, scope: &Scope) -> bool {
        self.coverage_of(type_name, scope).any(|it| it.complete && it.asked)
    }

    fn coverage_of(&self, type_name: &str, scope: &Scope) -> impl Iterator<Item = &Coverage> {
        let scope = ScopeName::from(scope);
        self.coverage.iter().filter(move |it| it.type_name == type_name && it.scope == scope)
    }
}

impl From<&Scope> for ScopeName {
    fn from(scope: &Scope) -> Self {
        Self { account: scope.account().to_owned(), region: scope.region().map(str::to_owned) }
    }
}

impl From<&ScopeName> for Scope {
    fn from(name: &ScopeName) -> Self {
        Self::new(&*name.account, name.region.as_deref().unwrap_or_default())
    }
}
