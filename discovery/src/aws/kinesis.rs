//! Kinesis Data Streams.

mod stream;

pub use self::stream::{Stream, Streams};
