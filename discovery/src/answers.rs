//! [`Answers`] and [`Parts`]: what calls brought.

use std::{
    any::{Any, TypeId},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use crate::Mirror;

/// A model of whatever type.
pub(crate) type AnyModel = Arc<dyn Any + Send + Sync>;
/// What a part adds to a model of whatever type.
pub(crate) type Patch = Box<dyn FnOnce(&mut dyn Any) + Send>;

/// Takes what a call of a [`Mirror`] brought. It may bring more than was asked for, and the same twice.
pub struct Answers<M: Mirror> {
    pub(crate) all: Vec<Answer>,
    of: PhantomData<fn() -> M>,
}

/// What a call says of one resource.
pub(crate) enum Answer {
    Found {
        of: TypeId,
        model: AnyModel,
    },
    Absent {
        key: Box<str>,
    },
    /// There is one of this key; no more is known.
    Named {
        key: Box<str>,
    },
    Unreadable {
        key: Option<Box<str>>,
        field: String,
    },
}

impl<M: Mirror> Answers<M> {
    pub(crate) fn new() -> Self {
        Self { all: Vec::new(), of: PhantomData }
    }

    /// A resource, whether it was asked for or not.
    pub fn found(&mut self, model: M::Model) {
        self.also::<M>(model);
    }

    /// A resource of another type, which the same call told all about.
    pub fn also<N: Mirror>(&mut self, model: N::Model) {
        self.all.push(Answer::Found { of: TypeId::of::<N>(), model: Arc::new(model) });
    }

    /// There is a resource of this key, of which the call told nothing else: it is fetched if somebody wants it.
    pub fn named(&mut self, key: impl AsRef<str>) {
        self.all.push(Answer::Named { key: key.as_ref().into() });
    }

    /// There is no resource of this key.
    pub fn absent(&mut self, key: impl AsRef<str>) {
        self.all.push(Answer::Absent { key: key.as_ref().into() });
    }

    /// A resource without a field that it must have. It fails, and the others do not; without a key it is counted
    /// as one that has none.
    pub fn unreadable(&mut self, key: Option<&str>, field: impl Into<String>) {
        self.all.push(Answer::Unreadable { key: key.map(Into::into), field: field.into() });
    }
}

impl<M: Mirror> fmt::Debug for Answers<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("of", &M::TYPE).field("count", &self.all.len()).finish()
    }
}

/// Takes what a call told of a [part](crate::Plan::part) of resources.
pub struct Parts<M: Mirror> {
    pub(crate) all: Vec<(Box<str>, Told)>,
    of: PhantomData<fn() -> M>,
}

/// What is told of one resource.
pub(crate) enum Told {
    Patch(Patch),
    Absent,
    Unreadable(String),
}

impl<M: Mirror> Parts<M> {
    pub(crate) fn new() -> Self {
        Self { all: Vec::new(), of: PhantomData }
    }

    /// What the part adds to the resource of this key. A resource of which nothing is told is as it was.
    pub fn add(&mut self, key: impl AsRef<str>, add: impl FnOnce(&mut M::Model) + Send + 'static) {
        let patch: Patch = Box::new(move |model: &mut dyn Any| {
            if let Some(model) = model.downcast_mut::<M::Model>() {
                add(model);
            }
        });
        self.all.push((key.as_ref().into(), Told::Patch(patch)));
    }

    /// The resource is gone.
    pub fn absent(&mut self, key: impl AsRef<str>) {
        self.all.push((key.as_ref().into(), Told::Absent));
    }

    /// A field of the part of this resource cannot be read.
    pub fn unreadable(&mut self, key: impl AsRef<str>, field: impl Into<String>) {
        self.all.push((key.as_ref().into(), Told::Unreadable(field.into())));
    }
}

impl<M: Mirror> fmt::Debug for Parts<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("of", &M::TYPE).field("count", &self.all.len()).finish()
    }
}
