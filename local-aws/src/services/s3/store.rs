//! The state of the service: buckets, their objects and their unfinished uploads.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use s3s::{S3Error, S3ErrorCode, S3Result};

use super::{
    notification::Notification,
    object::{EntityTag, Key, Object, Seconds},
    ownership::Ownership,
    upload::{Completed, Upload},
    version::{Marker, Version, VersionId},
    versions::Versioning,
};

/// All buckets, shared by the operations and the handles.
#[derive(Debug, Default)]
pub(crate) struct Store(Mutex<Buckets>);

impl Store {
    /// No operation leaves the state half-changed, so a panic elsewhere does not spoil it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All buckets; their names are global.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    pub(crate) named: BTreeMap<String, Bucket>,
    uploads_begun: u64,
    versions: u64,
    seals: u64,
    events: u64,
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) created: Seconds,
    pub(crate) region: String,
    /// The account id.
    pub(crate) owner: String,
    pub(crate) requester_pays: bool,
    pub(crate) ownership: Ownership,
    /// Whether its versions can be locked.
    pub(crate) locks: bool,
    pub(crate) versioning: Versioning,
    /// The current objects.
    pub(crate) objects: BTreeMap<Key, Object>,
    /// What else the keys have, the newest last. A key with no current object has a delete marker there, and
    /// last.
    pub(crate) history: BTreeMap<Key, Vec<Version>>,
    /// By key, and then in the order in which they were begun, as ids are.
    pub(crate) uploads: BTreeMap<(Key, String), Upload>,
    /// What completed uploads answered: completing one again answers the same.
    pub(crate) completed: BTreeMap<(Key, String), Completed>,
    pub(crate) notifications: Vec<Notification>,
}

impl Buckets {
    pub(crate) fn get(&self, name: &str) -> S3Result<&Bucket> {
        self.named.get(name).ok_or_else(no_such_bucket)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.named.get_mut(name).ok_or_else(no_such_bucket)
    }

    /// A number that was not given before: no two objects under keys of KMS share an `ETag`.
    pub(crate) fn next_seal(&mut self) -> u64 {
        self.seals += 1;
        self.seals
    }

    /// The number of an event, greater than all before it.
    pub(crate) fn next_event(&mut self) -> u64 {
        self.events += 1;
        self.events
    }

    /// Stores an object as the current one, and answers its version.
    pub(crate) fn put(&mut self, bucket: &str, key: &str, mut object: Object) -> S3Result<VersionId> {
        object.version = self.next_version(bucket)?;
        let version = object.version;
        self.get_mut(bucket)?.put(key, object);
        Ok(version)
    }

    /// What is under a key of KMS does not tell its MD5.
    pub(crate) fn seal(&mut self, object: &mut Object) {
        if object.guard().is_some_and(|guard| guard.kms.is_some()) {
            object.etag = EntityTag::sealed(object.content.identity(), self.next_seal());
        }
    }

    /// A delete marker that is not there yet.
    pub(crate) fn marker(&mut self, bucket: &str, now: SystemTime) -> S3Result<Marker> {
        Ok(Marker { version: self.next_version(bucket)?, modified: Seconds::of(now) })
    }

    /// The id of the next version; no bucket has an id of another.
    fn next_version(&mut self, bucket: &str) -> S3Result<VersionId> {
        if self.get(bucket)?.versioning != Versioning::Enabled {
            return Ok(VersionId::NULL);
        }
        self.versions += 1;
        Ok(VersionId::of(self.versions))
    }

    /// An upload id that was not given before, greater than all before it.
    pub(crate) fn next_upload_id(&mut self) -> String {
        self.uploads_begun += 1;
        format!("{:016x}{:016x}", self.uploads_begun, self.uploads_begun.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl Bucket {
    pub(crate) fn new(region: String, owner: String, now: SystemTime) -> Self {
        Self {
            created: Seconds::of(now),
            region,
            owner,
            requester_pays: false,
            ownership: Ownership::default(),
            locks: false,
            versioning: Versioning::Never,
            objects: BTreeMap::new(),
            history: BTreeMap::new(),
            uploads: BTreeMap::new(),
            completed: BTreeMap::new(),
            notifications: Vec::new(),
        }
    }

    /// The current object, if there is one.
    pub(crate) fn find(&self, key: &str) -> Option<&Object> {
        self.objects.get(key.as_bytes())
    }

    pub(crate) fn upload(&self, key: &str, id: &str) -> S3Result<&Upload> {
        self.uploads.get(&upload_key(key, id)).ok_or_else(no_such_upload)
    }

    pub(crate) fn upload_mut(&mut self, key: &str, id: &str) -> S3Result<&mut Upload> {
        self.uploads.get_mut(&upload_key(key, id)).ok_or_else(no_such_upload)
    }
}

pub(crate) fn upload_key(key: &str, id: &str) -> (Key, String) {
    (Key::from(key), id.to_owned())
}

fn no_such_bucket() -> S3Error {
    S3Error::with_message(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist")
}

pub(crate) fn no_such_key() -> S3Error {
    S3Error::with_message(S3ErrorCode::NoSuchKey, "The specified key does not exist.")
}

pub(crate) fn no_such_version() -> S3Error {
    S3Error::with_message(S3ErrorCode::NoSuchVersion, "The specified version does not exist.")
}

pub(crate) fn no_such_upload() -> S3Error {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
                   been aborted or completed.";
    S3Error::with_message(S3ErrorCode::NoSuchUpload, message)
}
