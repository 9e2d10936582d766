//! [`KeyRange`]: a half-open interval of keys.

use std::fmt;

use super::Key;

/// The keys after one and up to another: `(after, until]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    after: Option<Key>,
    until: Option<Key>,
}

impl KeyRange {
    /// All keys.
    pub const ALL: Self = Self { after: None, until: None };

    /// The keys after `after` and up to `until`, or nothing if there can be none.
    #[must_use]
    pub fn new(after: Option<Key>, until: Option<Key>) -> Option<Self> {
        match (&after, &until) {
            (Some(after), Some(until)) if after >= until => None,
            _ => Some(Self { after, until }),
        }
    }

    /// The key that comes before the range; none if it starts with the first key there can be.
    #[must_use]
    pub fn after(&self) -> Option<&Key> {
        self.after.as_ref()
    }

    /// The last key of the range; none if it ends with the last key there can be.
    #[must_use]
    pub fn until(&self) -> Option<&Key> {
        self.until.as_ref()
    }

    /// Whether `key` is in the range.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.after.as_ref().is_none_or(|after| key > after)
            && self.until.as_ref().is_none_or(|until| key <= until)
    }
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.after, &self.until) {
            (None, None) => f.write_str("all keys"),
            (Some(after), None) => write!(f, "after \"{after}\""),
            (None, Some(until)) => write!(f, "up to \"{until}\""),
            (Some(after), Some(until)) => write!(f, "after \"{after}\" up to \"{until}\""),
        }
    }
}
