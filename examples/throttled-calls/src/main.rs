//! Calls Kinesis DescribeLimits from many tasks without pause, and counts what comes of it
fn main() {}
