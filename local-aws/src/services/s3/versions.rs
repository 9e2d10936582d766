//! The versions under the keys of a bucket: which is current, what lies under it, and what a delete does.

use s3s::S3Result;

use super::{
    object::{Key, Object},
    store::{Bucket, no_such_key, no_such_version},
    version::{Marker, Version, VersionId},
    version_listing::Shelves,
};

/// Whether a bucket keeps what is written over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Versioning {
    /// It never did.
    #[default]
    Never,
    Enabled,
    /// It did once, and what it kept is still there.
    Suspended,
}

/// What a delete did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// The version that is gone, or the delete marker that came.
    pub(crate) version: Option<VersionId>,
    /// Whether that is a delete marker.
    pub(crate) is_marker: bool,
    /// The event that happened, if something changed.
    pub(crate) event: Option<&'static str>,
}

impl Bucket {
    /// The current object.
    ///
    /// # Errors
    /// `NoSuchKey`, and with it the delete marker that is the current version.
    pub(crate) fn object(&self, key: &str) -> S3Result<&Object> {
        self.find(key).ok_or_else(|| self.marker(key).map_or_else(no_such_key, |marker| marker.no_such_key()))
    }

    /// The object that a request is about: the current one, unless it names a version.
    ///
    /// # Errors
    /// `NoSuchKey`, `NoSuchVersion`, `InvalidArgument` for what is no version id, `MethodNotAllowed` for the
    /// id of a delete marker.
    pub(crate) fn version(&self, key: &str, id: Option<&str>) -> S3Result<&Object> {
        let Some(id) = id else { return self.object(key) };
        let id = self.read_id(id)?;
        if self.versioning == Versioning::Never {
            return self.object(key);
        }
        match self.find_version(key, id) {
            Found::Object(object) => Ok(object),
            Found::Marker(marker) => Err(marker.not_allowed()),
            Found::Nothing => Err(no_such_version()),
        }
    }

    /// As [`Self::version`] for a request that changes it, which a delete marker refuses by any name.
    pub(crate) fn version_mut(&mut self, key: &str, id: Option<&str>) -> S3Result<&mut Object> {
        let id = id.map(|id| self.read_id(id)).transpose()?;
        if let Some(marker) = self.marker(key).filter(|_| id.is_none()) {
            return Err(marker.not_allowed());
        }
        let current = self.objects.get_mut(key.as_bytes());
        let Some(id) = id else { return current.ok_or_else(no_such_key) };
        if let Some(object) = current
            && object.version == id
        {
            return Ok(object);
        }
        let older = self.history.get_mut(key.as_bytes()).into_iter().flatten();
        match older.into_iter().find(|version| version.id() == id) {
            Some(Version::Object(object)) => Ok(object),
            Some(Version::Marker(marker)) => Err(marker.not_allowed()),
            None => Err(no_such_version()),
        }
    }

    /// A bucket that never kept versions has null ones only, and knows no other id.
    pub(crate) fn read_id(&self, id: &str) -> S3Result<VersionId> {
        let read = VersionId::read(id)?;
        if self.versioning == Versioning::Never && read != VersionId::NULL {
            return Err(VersionId::unknown());
        }
        Ok(read)
    }

    pub(crate) fn find_version(&self, key: &str, id: VersionId) -> Found<'_> {
        if let Some(object) = self.find(key).filter(|object| object.version == id) {
            return Found::Object(object);
        }
        match self.older(key).iter().find(|version| version.id() == id) {
            Some(Version::Object(object)) => Found::Object(object),
            Some(Version::Marker(marker)) => Found::Marker(*marker),
            None => Found::Nothing,
        }
    }

    /// The delete marker that is the current version of a key.
    pub(crate) fn marker(&self, key: &str) -> Option<Marker> {
        match self.older(key).last() {
            Some(Version::Marker(marker)) if self.find(key).is_none() => Some(*marker),
            _ => None,
        }
    }

    /// The versions of a key that are not the current object, the newest last.
    pub(crate) fn older(&self, key: &str) -> &[Version] {
        self.history.get(key.as_bytes()).map_or(&[], Vec::as_slice)
    }

    /// All that it has, to be listed.
    pub(crate) const fn shelves(&self) -> Shelves<'_> {
        Shelves { objects: &self.objects, history: &self.history }
    }

    /// The version of an object as replies tell it: a bucket that never kept versions does not.
    pub(crate) fn told(&self, id: VersionId) -> Option<String> {
        (self.versioning != Versioning::Never).then(|| id.to_string())
    }

    /// Stores an object as the current one. A null version takes the place of the one before it.
    pub(crate) fn put(&mut self, key: &str, object: Object) {
        let id = object.version;
        let before = self.objects.insert(Key::from(key), object);
        self.bury(key, before, id);
    }

    /// Deletes the current object: for good in a bucket that never kept versions, else by a delete marker.
    pub(crate) fn delete(&mut self, key: &str, marker: Marker) -> Deleted {
        let before = self.objects.remove(key.as_bytes());
        if self.versioning == Versioning::Never {
            return Deleted { event: before.map(|_| "ObjectRemoved:Delete"), ..Deleted::default() };
        }
        self.bury(key, before, marker.version);
        self.shelve(key, Version::Marker(marker));
        let event = Some("ObjectRemoved:DeleteMarkerCreated");
        Deleted { version: Some(marker.version), is_marker: true, event }
    }

    /// Removes a version for good. What lies under the current one becomes the current one.
    pub(crate) fn remove(&mut self, key: &str, id: VersionId) -> Deleted {
        let removed = match self.find(key) {
            Some(object) if object.version == id => self.objects.remove(key.as_bytes()).map(Version::Object),
            _ => self.take_older(key, id),
        };
        self.raise(key);
        let is_marker = matches!(removed, Some(Version::Marker(_)));
        let version = (self.versioning != Versioning::Never).then_some(id);
        Deleted { version, is_marker, event: removed.map(|_| "ObjectRemoved:Delete") }
    }

    /// Keeps what was current until a version of this id came.
    fn bury(&mut self, key: &str, before: Option<Object>, id: VersionId) {
        if id == VersionId::NULL && !self.history.is_empty() {
            self.take_older(key, id);
        }
        if let Some(before) = before.filter(|before| before.version != id) {
            self.shelve(key, Version::Object(before));
        }
    }

    /// Most keys have one older version, and room for more is dear.
    fn shelve(&mut self, key: &str, version: Version) {
        self.history.entry(Key::from(key)).or_insert_with(|| Vec::with_capacity(1)).push(version);
    }

    fn take_older(&mut self, key: &str, id: VersionId) -> Option<Version> {
        let older = self.history.get_mut(key.as_bytes())?;
        let at = older.iter().position(|version| version.id() == id)?;
        let taken = older.remove(at);
        if older.is_empty() {
            self.history.remove(key.as_bytes());
        }
        Some(taken)
    }

    fn raise(&mut self, key: &str) {
        if self.find(key).is_some() {
            return;
        }
        let Some(older) = self.history.get_mut(key.as_bytes()) else { return };
        if let Some(Version::Object(_)) = older.last()
            && let Some(Version::Object(object)) = older.pop()
        {
            if older.is_empty() {
                self.history.remove(key.as_bytes());
            }
            self.objects.insert(Key::from(key), object);
        }
    }
}

/// What is under a version id.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    Object(&'a Object),
    Marker(Marker),
    Nothing,
}
