//! A ref-graph discovery cache: ask for a resource, and get all that it leads to, each once, in batches that are as full as
//! they can be, within the limits, whatever refers to whatever.
//!
//! A fetch can only *name* other resources, and never await them, so a circle of references cannot wait for itself.
//!
//! # Which part do I want?
//!
//! | I have | I want |
//! |---|---|
//! | a name, and an AWS account | [`Discovery::search`], with the mirrors of [`aws`] |
//! | the key of a resource | [`Discovery::ask`], or [`Discovery::get`] to wait for it |
//! | an account to take stock of | [`Discovery::ask_everything`] |
//! | resources that nobody mirrors yet | [`Mirror`] |
//! | what was found | [`Discovery::snapshot`], a [`Graph`] to walk, save, compare and export |
//!
//! # Cancel safety
//!
//! Every future may be dropped: what was asked for is fetched all the same. When the last [`Discovery`] is dropped, calls that
//! are under way are given up.
//!
//! # Features
//!
//! None is on by default. Each service of AWS is one: `autoscaling`, `ec2`, `ecs`, `elasticbeanstalk`, `elb`, `elbv2`, `iam`,
//! `kinesis`, `lambda`, `route53`, `s3`, `sqs`. `ec2` brings the largest of the SDK's crates, which takes gigabytes of memory to
//! compile.
//!
//! The minimum Rust version is 1.94.1, the AWS SDK's own.

#![cfg_attr(not(feature = "aws"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(feature = "aws")]
pub mod aws;

mod answers;
mod api;
mod builder;
mod calls;
mod discovery;
mod engine;
mod export;
mod fetch;
mod fetch_error;
mod follow;
mod graph;
mod index;
mod kind;
mod lookup;
mod mirror;
mod outcome;
mod plan;
mod policy;
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
    graph::{Change, Diff, Edge, FieldChange, Gap, Graph, LoadError, Name, Node, Walk},
    index::Index,
    lookup::{Lookup, LookupAnswers},
    mirror::Mirror,
    outcome::{Outcome, OutcomeKind},
    plan::Plan,
    policy::policy,
    progress::Progress,
    reference::Ref,
    refs::Refs,
    report::{Coverage, Problem, Report, ScopeName},
    scope::Scope,
    term::{Arn, Find, Term},
};

/// The README, so that its examples are compiled and run.
#[cfg(all(doctest, feature = "aws"))]
#[doc = include_str!("../README.md")]
struct Readme;
