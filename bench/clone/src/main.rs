//! The cloner against s5cmd, on the embedded AWS
fn main() {}
