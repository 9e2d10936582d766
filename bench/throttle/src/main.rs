//! The adaptive throttle against the SDK's own retry modes, on one token bucket
fn main() {}
