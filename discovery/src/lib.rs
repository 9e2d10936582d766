//! A ref-graph discovery cache.

#[cfg(feature = "aws")]
pub mod aws;

mod answers;
mod api;
mod calls;
mod fetch;
mod fetch_error;
mod graph;
mod index;
mod kind;
mod mirror;
mod outcome;
mod plan;
mod reference;
mod refs;
mod report;
mod scope;
mod term;

pub use self::{
    answers::{Answers, Parts},
    api::Api,
    calls::CallCount,
    fetch::Fetch,
    fetch_error::{FetchError, FetchErrorKind},
    graph::{Edge, Gap, Graph, LoadError, Node, Walk},
    index::Index,
    mirror::Mirror,
    outcome::{Outcome, OutcomeKind},
    plan::Plan,
    reference::Ref,
    refs::Refs,
    report::{Coverage, Problem, Report, ScopeName},
    scope::Scope,
    term::{Arn, Find, Term},
};
