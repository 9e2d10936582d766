//! A prefix-parallel S3 cloner: everything under a prefix, from one bucket to another, by server-side copies.

mod backlog;
mod cloner;
mod copy;
mod counters;
mod engine;
mod error;
mod key;
mod listing;
mod location;
mod progress;
mod report;
mod request;
mod run;
mod segments;
mod stop;
mod tally;
mod verify;

pub use self::{
    cloner::Cloner,
    error::{Error, ErrorKind},
    key::{Key, KeyRange},
    location::Location,
    progress::{Progress, Total},
    report::{Failure, Failures, OrphanedUpload, Outcome, Report, Requests, Unlisted},
    run::{Monitor, Run},
    verify::{Difference, Verification},
};
