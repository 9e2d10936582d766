//! [`Key`]: what the order of records depends on.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::Record;

/// What a user takes the key from.
pub(crate) type KeyOf = Arc<dyn Fn(&Record) -> String + Send + Sync>;

/// What the order of records depends on: most often the partition key, which is not copied for it.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    PartitionKey(Record),
    Text(Arc<str>),
}

impl Key {
    pub(crate) fn of(record: &Record) -> Self {
        Self::PartitionKey(record.clone())
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::PartitionKey(record) => record.partition_key(),
            Self::Text(text) => text,
        }
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<S: Hasher>(&self, state: &mut S) {
        self.as_str().hash(state);
    }
}
