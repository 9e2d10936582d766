//! [`Requests`]: what was sent, by kind.

/// How many requests were sent, by kind, throttled and failed ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requests {
    /// `ListObjectsV2` and `ListObjectVersions`.
    pub list: u64,
    /// `CopyObject`.
    pub copy: u64,
    /// `HeadObject`; and `GetBucketVersioning`, once for a clone of versions.
    pub head: u64,
    /// `GetObjectTagging` and `PutObjectTagging`.
    pub tagging: u64,
    /// `CreateMultipartUpload`, `CompleteMultipartUpload` and `AbortMultipartUpload`.
    pub multipart: u64,
    /// `UploadPartCopy`.
    pub part_copy: u64,
    /// `DeleteObjects` and `DeleteObject`.
    pub delete: u64,
    /// `GetObjectAcl`.
    pub acl: u64,
    /// `ListObjectAnnotations`.
    pub annotations: u64,
    /// `GetObject`, `PutObject` and `ListObjectsV2` of the journal.
    pub journal: u64,
}

impl Requests {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.list
            + self.copy
            + self.head
            + self.tagging
            + self.multipart
            + self.part_copy
            + self.delete
            + self.acl
            + self.annotations
            + self.journal
    }
}
