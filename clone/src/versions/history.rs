//! [`History`]: the versions of a key.

use crate::{Entry, Key};

/// The versions of a key, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    pub(crate) key: Key,
    pub(crate) versions: Vec<Version>,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Version {
    Object(Entry),
    Marker,
}

impl Version {
    /// Whether `held` is a copy of it.
    fn has_copy(&self, held: &Self) -> bool {
        match (self, held) {
            (Self::Marker, Self::Marker) => true,
            (Self::Object(source), Self::Object(held)) => {
                let same_etag = source.etag.is_some() && source.etag == held.etag;
                // Times are told to the second: a copy can be of the second of its object.
                let is_later = source.modified.zip(held.modified).is_some_and(|(from, to)| to >= from);
                source.size == held.size && (same_etag || is_later)
            }
            _ => false,
        }
    }

    /// Its `ETag`, if it is an object.
    pub(crate) fn etag(&self) -> Option<&str> {
        match self {
            Self::Object(entry) => entry.etag(),
            Self::Marker => None,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Object(entry) => entry.size(),
            Self::Marker => 0,
        }
    }
}

/// How many versions of the source the destination has: none if what it has is not the beginning of the source's history.
pub(crate) fn standing(source: &[Version], held: &[Version]) -> Option<usize> {
    let is_beginning =
        held.len() <= source.len() && source.iter().zip(held).all(|(source, held)| source.has_copy(held));
    is_beginning.then_some(held.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(size: u64, etag: &str, modified: i64) -> Version {
        Version::Object(Entry {
            key: Key::new("k").unwrap(),
            size,
            etag: Some(etag.into()).filter(|_| !etag.is_empty()),
            modified: Some(modified),
            storage_class: None,
            version: None,
        })
    }

    #[test]
    fn what_is_held_is_a_beginning_or_not() {
        let source = [object(1, "a", 10), Version::Marker, object(2, "b", 12)];
        assert_eq!(standing(&source, &[]), Some(0));
        assert_eq!(standing(&source, &[object(1, "a", 5)]), Some(1), "an equal ETag needs no time");
        assert_eq!(standing(&source, &[object(1, "x", 10)]), Some(1), "nor a later one an ETag");
        assert_eq!(standing(&source, &[object(1, "x", 9)]), None);
        assert_eq!(standing(&source, &[object(2, "a", 11)]), None);
        assert_eq!(standing(&source, &[Version::Marker]), None);
        assert_eq!(standing(&source, &[object(1, "a", 11), object(2, "b", 13)]), None);
        assert_eq!(standing(&source, &[object(1, "a", 11), Version::Marker]), Some(2));
        assert_eq!(standing(&source, &source), Some(3));
        assert_eq!(standing(&source[..2], &source), None, "more than there is");
        assert_eq!(standing(&[object(1, "", 2)], &[object(1, "", 1)]), None, "no ETag is no equal one");
    }
}
