//! [`Upload`]: a multipart upload that must not be forgotten.

use super::Copier;
use crate::Key;

/// A multipart upload under way. Dropped before it is over, it counts as an orphan.
pub(super) struct Upload<'a> {
    copier: &'a Copier,
    key: Key,
    id: Option<String>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(copier: &'a Copier, key: &Key, id: String) -> Self {
        Self { copier, key: key.clone(), id: Some(id) }
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// It was completed, or aborted.
    pub(super) fn over(mut self) {
        self.id = None;
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.copier.orphan(&self.key, Some(id));
        }
    }
}
