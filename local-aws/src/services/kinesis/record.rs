//! Records as they are kept: 24 bytes, and one shared allocation of the key and the data.

use std::sync::Arc;

use crate::wire::timestamp::Timestamp;

/// A record. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) arrived: Timestamp,
    /// The length of the key in two bytes, the key, and the data.
    bytes: Arc<[u8]>,
}

impl Record {
    /// A record of a key of at most 1,024 bytes.
    pub(super) fn new(arrived: Timestamp, key: &str, data: &[u8]) -> Self {
        // 256 characters of at most four bytes each.
        let length = u16::try_from(key.len()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(2 + key.len() + data.len());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(data);
        Self { arrived, bytes: bytes.into() }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let (length, rest) = self.bytes.split_at(2);
        rest.split_at(u16::from_le_bytes([length[0], length[1]]).into())
    }

    pub(crate) fn partition_key(&self) -> &str {
        // It was a string when it came.
        std::str::from_utf8(self.parts().0).unwrap_or_default()
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.parts().1
    }

    /// What the limits count: key and data.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - 2
    }
}
