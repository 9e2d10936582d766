//! What the adaptive throttle costs: time and instructions per call, memory and wake-ups per caller.

pub mod acquire;
pub mod call;
pub mod instructions;
pub mod parked;
pub mod server;
mod valgrind;

/// Why a measurement could not be made.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
