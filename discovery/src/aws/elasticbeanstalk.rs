//! Elastic Beanstalk.

mod application;
mod environment;

pub use self::{
    application::{Application, Applications},
    environment::{Environment, Environments},
};

/// Codes of calls that an impossible name makes fail as a whole.
const INVALID: [&str; 2] = ["InvalidParameterValue", "ValidationError"];
