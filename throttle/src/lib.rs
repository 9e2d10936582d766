//! An adaptive-throttling layer for any AWS SDK client.

pub mod admission;
#[cfg(feature = "aws")]
pub mod aws;
pub mod conformance;

mod adaptive;
pub mod limiter;

pub use self::{
    adaptive::{Adaptive, LimitState},
    admission::{Call, Class, Outcome, Permit, Refused, Throttle, Ticket, Unlimited},
};
