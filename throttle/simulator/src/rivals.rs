//! What else decides when a call may be sent: models of limiters that are in use.
//!
//! Each is written from its documentation and behaviour, and tested against numbers of its own. Where the
//! original counts in floats, so does the model.

mod adaptive;
mod aimd;
mod breaker;
mod gradient;
mod retries;
mod send_rate;
mod standard;

pub use self::{
    adaptive::{Adaptive, Behaviour},
    aimd::Aimd,
    breaker::Breaker,
    gradient::Gradient,
    standard::Standard,
};
