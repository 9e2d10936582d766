//! [`Tags`]: the tags of a resource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Term;

/// The tags of a resource, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether a term is one of them, or the value of `Name`.
    #[must_use]
    pub fn answer_to(&self, term: &Term) -> bool {
        let is_tag = term.tag().is_some_and(|(key, value)| self.get(key) == Some(value));
        is_tag || self.get("Name") == Some(term.text())
    }
}

/// From the optional keys and values of SDK types; a tag without a key is none.
impl<K: Into<String>, V: Into<String>> FromIterator<(Option<K>, Option<V>)> for Tags {
    fn from_iter<I: IntoIterator<Item = (Option<K>, Option<V>)>>(tags: I) -> Self {
        let tag = |(key, value): (Option<K>, Option<V>)| {
            Some((key?.into(), value.map_or_else(String::new, Into::into)))
        };
        Self(tags.into_iter().filter_map(tag).collect())
    }
}
