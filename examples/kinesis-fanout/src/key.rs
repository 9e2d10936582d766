//! [`KeyHash`]: a partition key, short enough for an object's name.

use std::fmt;

use md5::{Digest as _, Md5};

/// A partition key by its MD5, which is how Kinesis tells keys apart, too: short enough for an object's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyHash(u128);

impl KeyHash {
    pub(crate) fn of(partition_key: &str) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key).into()))
    }

    /// From how it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let key = KeyHash::of("customer-7");
        assert_eq!(KeyHash::parse(&key.to_string()), Some(key));
        assert_eq!(KeyHash::parse("customer-7"), None);
    }
}
