//! [`Journal`]: where the documents of clones are kept.

mod documents;
mod fnv;
mod ledger;
mod names;
mod recorder;
mod store;

use aws_sdk_s3::Client;

pub use self::documents::{
    CloneRequest, CloneResponse, Counts, Files, Ledgers, Range, SegmentRequest, SegmentResponse, Segments,
    Side,
};
pub(crate) use self::{
    documents::{Cursor, Options},
    names::{Names, segment as segment_name},
    recorder::{Recorder, settled},
    store::{Before, Found, Store},
};

/// Where the documents of clones are kept: a bucket, and a prefix in it.
///
/// A clone with a journal can be [gone on with](crate::Cloner::journal) by a later run, and be shared by
/// [workers](crate::SegmentWorker) on many machines. Its documents are JSON, under `{id}-{source}-{destination}/`:
///
/// - `clone-request` and `clone-response`: what is to be cloned, and what came of it;
/// - `{segment}-segment-request` and `{segment}-segment-response`: the same of a range of keys;
/// - `{segment}-segment-cursor`: what is left of a segment that somebody works on;
/// - `{segment}-ledger-…`: a line for each object, NDJSON, zstd.
///
/// All but the cursor are written once.
#[derive(Clone, Debug)]
pub struct Journal {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl Journal {
    /// A whole bucket, as `client` reaches it. It must not be one whose contents are cloned.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), prefix: String::new() }
    }

    /// Only below this prefix, which is a string and no folder: `jobs/`. Default: empty.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}
