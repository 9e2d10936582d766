//! A ref-graph discovery cache.

#[cfg(feature = "aws")]
pub mod aws;

mod answers;
mod api;
mod builder;
mod calls;
mod discovery;
mod engine;
mod fetch;
mod fetch_error;
mod follow;
mod graph;
mod index;
mod kind;
mod mirror;
mod outcome;
mod plan;
mod progress;
mod reference;
mod refs;
mod report;
mod runner;
mod scope;
mod settle;
mod term;

pub use self::{
    answers::{Answers, Parts},
    api::Api,
    builder::{BuildError, Builder},
    calls::CallCounts,
    discovery::{AskError, Discovery},
    fetch::Fetch,
    fetch_error::{FetchError, FetchErrorKind},
    follow::Follow,
    graph::{Edge, Gap, Graph, LoadError, Node, Walk},
    index::Index,
    mirror::Mirror,
    outcome::{Outcome, OutcomeKind},
    plan::Plan,
    progress::Progress,
    reference::Ref,
    refs::Refs,
    report::{Coverage, Problem, Report, ScopeName},
    scope::Scope,
    term::{Arn, Find, Term},
};
