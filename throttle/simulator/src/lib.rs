//! A seeded, discrete simulation of limiters against token buckets: same case, same seed, same result.
//!
//! ```
//! use tidegate_throttle::limiter::Limiter;
//! use tidegate_throttle_simulator::{Case, run};
//!
//! let case = Case { name: "20/s", seconds: 120, ..Case::default() };
//! let record = run(&case, 1, Limiter::new);
//! assert!(record.used() > 98.0 && record.throttled() < 1.0);
//! ```

mod case;
mod cases;
mod control;
mod process;
mod record;
pub mod rivals;
mod server;
mod simulation;

pub use self::{
    case::{Background, Bucket, Case},
    cases::cases,
    control::{Attempt, Control, Decision, Then},
    record::{Record, Second},
    server::Server,
    simulation::run,
};
