//! S3.

mod bucket;

pub use self::bucket::{Bucket, Buckets};
