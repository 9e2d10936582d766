//! [`Ref`]: the name of a resource.

use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    sync::Arc,
};

use crate::{Mirror, Scope};

/// The name of a resource: its type, its scope and its key. It says nothing of whether the resource is there.
///
/// Plain data, without a handle to any cache: models may hold as many as they like, in circles too.
pub struct Ref<M: Mirror> {
    scope: Scope,
    key: Arc<str>,
    of: PhantomData<fn() -> M>,
}

impl<M: Mirror> Ref<M> {
    /// The resource of this key. What is in no region is so in whatever region it is named.
    pub fn new(scope: Scope, key: impl Into<Arc<str>>) -> Self {
        let scope = if M::GLOBAL { scope.global() } else { scope };
        Self { scope, key: key.into(), of: PhantomData }
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The key, as AWS's own API takes it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl<M: Mirror> Clone for Ref<M> {
    fn clone(&self) -> Self {
        Self { scope: self.scope.clone(), key: Arc::clone(&self.key), of: PhantomData }
    }
}

impl<M: Mirror> PartialEq for Ref<M> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.scope == other.scope
    }
}

impl<M: Mirror> Eq for Ref<M> {}

impl<M: Mirror> Hash for Ref<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scope.hash(state);
        self.key.hash(state);
    }
}

impl<M: Mirror> fmt::Debug for Ref<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({self})")
    }
}

/// Such as `ec2:instance i-0123 in 123456789012 eu-west-1`.
impl<M: Mirror> fmt::Display for Ref<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}", M::TYPE, self.key, self.scope)
    }
}
