//! [`Key`]: the name of an object.

mod range;

use std::fmt;

pub use self::range::KeyRange;

/// The name of an object: 1 to 1,024 bytes of UTF-8, ordered by its bytes as S3 orders its listings.
///
/// Nothing is normalised: `a//b`, `a/../b`, `/a` and `a/` are four keys, each a different object.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
///
/// ```
/// use tidegate_clone::Key;
///
/// assert!(Key::new("photos/2026/ä.jpg").is_some());
/// assert!(Key::new("").is_none());
/// assert!(Key::new("x".repeat(1025)).is_none());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// The most bytes that a key can have.
    pub const MAX_BYTES: usize = 1024;

    /// A key, or nothing if S3 cannot have a key like this.
    pub fn new(key: impl Into<String>) -> Option<Self> {
        let key = key.into();
        (1..=Self::MAX_BYTES).contains(&key.len()).then(|| Self(key.into_boxed_str()))
    }

    /// The key as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The key with control characters escaped, so that it can be shown in a terminal.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { fmt::Write::write_char(f, c) }
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
