//! The handle that seeds the store and looks into it, without a request.

use std::{collections::BTreeMap, error, fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;

use super::{
    content::Content,
    object::{Object, write_hex},
    store::{Bucket, Buckets, Store},
    version::Version,
    version_listing::{self, Entry, Query},
    versions::Versioning,
};
use crate::{front::ACCOUNT, services::clock::Clock};

/// Seeds S3 and looks into it without a request: no limit, latency, fault or counter is in the way.
///
/// Cheap to clone; every clone shows the same state.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let aws = tidegate_local_aws::LocalAws::builder().in_process().start().await?;
/// let handle = aws.s3();
/// handle.create_bucket("stories");
/// handle.seed("stories", (0..2_500).map(|number| (format!("{number:04}.json"), 1_000_000)))?;
///
/// let s3 = aws_sdk_s3::Client::new(&aws.sdk_config());
/// s3.copy_object().copy_source("stories/0007.json").bucket("stories").key("copy").send().await?;
/// let (source, copy) = (handle.object("stories", "0007.json")?, handle.object("stories", "copy")?);
/// assert_eq!(source.map(|object| object.digest), copy.map(|object| object.digest));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct S3Handle {
    store: Arc<Store>,
    clock: Clock,
}

/// Why the handle of S3 could not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum S3Error {
    /// There is no such bucket.
    NoSuchBucket(String),
    /// The key has more than 1,024 bytes, or none.
    InvalidKey(String),
}

/// What a content is: equal for two objects if, and only if, their contents are equal.
///
/// Of real bytes it is the MD5. Synthetic contents are never read: theirs is of size and seed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

/// An object as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectView {
    /// The key.
    pub key: String,
    /// The version id, `null` included; none if the bucket never kept versions.
    pub version_id: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// The `ETag`, without quotes.
    pub etag: String,
    /// What the content is.
    pub digest: Digest,
    /// When it was written, in whole seconds.
    pub modified: SystemTime,
    /// The storage class, `STANDARD` included.
    pub storage_class: &'static str,
    /// The content headers that it was stored with, such as `content-type`.
    pub headers: BTreeMap<&'static str, String>,
    /// The user metadata.
    pub metadata: BTreeMap<String, String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The sizes of the parts that it was uploaded in; none if it was uploaded at once or copied at once.
    pub parts: Vec<u64>,
}

/// A version under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionView {
    /// The key.
    pub key: String,
    /// The version id, `null` included.
    pub version_id: String,
    /// Whether it is the newest of its key.
    pub is_latest: bool,
    /// What it is a version of; none if it is a delete marker.
    pub object: Option<ObjectView>,
}

/// How much a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketView {
    /// The current objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// All versions that are not delete markers, the current ones included.
    pub versions: u64,
    /// Their bytes.
    pub version_bytes: u64,
    /// The delete markers.
    pub delete_markers: u64,
}

impl S3Handle {
    pub(crate) const fn new(store: Arc<Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Creates a bucket in `us-east-1`, unless it is there.
    pub fn create_bucket(&self, name: &str) {
        let bucket = || Bucket::new("us-east-1".to_owned(), ACCOUNT.to_owned(), self.clock.now());
        self.store.lock().named.entry(name.to_owned()).or_insert_with(bucket);
    }

    /// Keeps versions from now on, or no longer, as `PutBucketVersioning` does.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn set_versioning(&self, bucket: &str, enabled: bool) -> Result<(), S3Error> {
        let mut buckets = self.store.lock();
        let bucket = buckets.named.get_mut(bucket).ok_or_else(|| S3Error::NoSuchBucket(bucket.to_owned()))?;
        bucket.versioning = if enabled { Versioning::Enabled } else { Versioning::Suspended };
        Ok(())
    }

    /// Stores bytes.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`] and [`S3Error::InvalidKey`].
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<(), S3Error> {
        self.insert(bucket, [(key.to_owned(), Content::bytes(bytes.into()))])
    }

    /// Stores an object that has a size, and no bytes until it is read. Its content depends on its key and
    /// size alone, so that the same seeding of two buckets makes them equal.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`] and [`S3Error::InvalidKey`].
    pub fn put_synthetic(&self, bucket: &str, key: &str, size: u64) -> Result<(), S3Error> {
        self.insert(bucket, [(key.to_owned(), Content::synthetic(seed_of(key), size))])
    }

    /// Stores a synthetic object with a content of your choice: objects of one size are equal if their seeds
    /// are. For an object that changes without changing its size.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`] and [`S3Error::InvalidKey`].
    pub fn put_synthetic_content(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        seed: u64,
    ) -> Result<(), S3Error> {
        self.insert(bucket, [(key.to_owned(), Content::synthetic(seed, size))])
    }

    /// Stores many synthetic objects, given by key and size, as [`Self::put_synthetic`] does: a million takes
    /// seconds, and about 220 bytes each.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`]; [`S3Error::InvalidKey`] for the first such key, the objects before it stay.
    pub fn seed(
        &self,
        bucket: &str,
        objects: impl IntoIterator<Item = (String, u64)>,
    ) -> Result<(), S3Error> {
        let content = |(key, size): (String, u64)| {
            let content = Content::synthetic(seed_of(&key), size);
            (key, content)
        };
        self.insert(bucket, objects.into_iter().map(content))
    }

    /// The objects of a bucket, in the order of their keys.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn objects(&self, bucket: &str) -> Result<Vec<ObjectView>, S3Error> {
        let buckets = self.store.lock();
        let bucket = find(&buckets, bucket)?;
        Ok(bucket.objects.iter().map(|(key, object)| ObjectView::new(key.as_str(), object, bucket)).collect())
    }

    /// One object, if it is there.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<ObjectView>, S3Error> {
        let buckets = self.store.lock();
        let bucket = find(&buckets, bucket)?;
        Ok(bucket.find(key).map(|object| ObjectView::new(key, object, bucket)))
    }

    /// All versions of a bucket as S3 lists them: by key, and the newest of a key first. What a bucket that
    /// never kept versions has is null versions.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn versions(&self, bucket: &str) -> Result<Vec<VersionView>, S3Error> {
        let buckets = self.store.lock();
        let bucket = find(&buckets, bucket)?;
        let query =
            Query { prefix: "", delimiter: None, key_marker: None, version_marker: None, max: usize::MAX };
        let listed = version_listing::page(bucket.shelves(), &query).entries;
        let view = |entry: &Entry<'_>| {
            let (key, id, object, is_latest) = match entry {
                Entry::Object { key, object, is_latest } => (*key, object.version, Some(*object), *is_latest),
                Entry::Marker { key, marker, is_latest } => (*key, marker.version, None, *is_latest),
                Entry::Prefix(_) => return None,
            };
            Some(VersionView {
                key: key.to_owned(),
                version_id: id.to_string(),
                is_latest,
                object: object.map(|object| ObjectView::new(key, object, bucket)),
            })
        };
        Ok(listed.iter().filter_map(view).collect())
    }

    /// How much a bucket holds.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn bucket(&self, bucket: &str) -> Result<BucketView, S3Error> {
        let buckets = self.store.lock();
        let bucket = find(&buckets, bucket)?;
        let mut view = BucketView::default();
        for object in bucket.objects.values() {
            view.objects += 1;
            view.bytes += object.content.len();
        }
        (view.versions, view.version_bytes) = (view.objects, view.bytes);
        for version in bucket.history.values().flatten() {
            match version {
                Version::Object(object) => {
                    view.versions += 1;
                    view.version_bytes += object.content.len();
                }
                Version::Marker(_) => view.delete_markers += 1,
            }
        }
        Ok(view)
    }

    /// How many objects a bucket has.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn len(&self, bucket: &str) -> Result<usize, S3Error> {
        Ok(find(&self.store.lock(), bucket)?.objects.len())
    }

    /// The multipart uploads of a bucket that were neither completed nor aborted: key and upload id.
    ///
    /// # Errors
    /// [`S3Error::NoSuchBucket`].
    pub fn open_uploads(&self, bucket: &str) -> Result<Vec<(String, String)>, S3Error> {
        let buckets = self.store.lock();
        let uploads = find(&buckets, bucket)?.uploads.keys();
        Ok(uploads.map(|(key, id)| (key.as_str().to_owned(), id.clone())).collect())
    }

    fn insert(
        &self,
        bucket: &str,
        objects: impl IntoIterator<Item = (String, Content)>,
    ) -> Result<(), S3Error> {
        let now = self.clock.now();
        let mut buckets = self.store.lock();
        find(&buckets, bucket)?;
        for (key, content) in objects {
            if key.is_empty() || key.len() > 1_024 {
                return Err(S3Error::InvalidKey(key));
            }
            let put = buckets.put(bucket, &key, Object::new(content, now));
            put.map_err(|_no_such_bucket| S3Error::NoSuchBucket(bucket.to_owned()))?;
        }
        Ok(())
    }
}

fn find<'a>(buckets: &'a Buckets, name: &str) -> Result<&'a Bucket, S3Error> {
    buckets.named.get(name).ok_or_else(|| S3Error::NoSuchBucket(name.to_owned()))
}

/// The seed of a key, by FNV-1a: the same in every bucket and every run.
fn seed_of(key: &str) -> u64 {
    key.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

impl ObjectView {
    fn new(key: &str, object: &Object, bucket: &Bucket) -> Self {
        let extra = object.extra();
        let named = [
            ("cache-control", extra.headers.cache_control),
            ("content-disposition", extra.headers.content_disposition),
            ("content-encoding", extra.headers.content_encoding),
            ("content-language", extra.headers.content_language),
            ("content-type", extra.headers.content_type),
            ("x-amz-website-redirect-location", extra.headers.website_redirect),
        ];
        Self {
            key: key.to_owned(),
            version_id: bucket.told(object.version),
            size: object.content.len(),
            etag: object.etag.to_string(),
            digest: Digest(object.content.identity()),
            modified: object.modified.time(),
            storage_class: object.class.name(),
            headers: named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            metadata: extra.headers.metadata.into_iter().collect(),
            tags: extra.tags.into_iter().collect(),
            parts: extra
                .layout
                .map(|layout| layout.parts.iter().map(|part| part.size).collect())
                .unwrap_or_default(),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Display for S3Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchBucket(name) => write!(f, "there is no bucket {name:?}"),
            Self::InvalidKey(key) => write!(f, "a key has 1 to 1,024 bytes, not {}", key.len()),
        }
    }
}

impl error::Error for S3Error {}
