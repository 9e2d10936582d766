//! Clones an S3 bucket, or what is under a prefix, by server-side copies
fn main() {}
