//! [`Refs`]: what a resource refers to.

use std::{any::TypeId, fmt};

use crate::{Index, Lookup, Mirror, Scope, index::AnyIndex, lookup::Questions};

/// Takes what a resource refers to, as its [`Mirror`] names it.
///
/// References to types that are not registered are left out, and so are empty keys.
pub struct Refs<'a> {
    scope: &'a Scope,
    is_root: bool,
    take: &'a mut dyn FnMut(Named<'_>),
}

/// What is named.
pub(crate) enum Named<'a> {
    /// One resource, and the field that names it.
    One { of: TypeId, via: &'static str, scope: &'a Scope, key: &'a str },
    /// What a lookup finds.
    LookUp { of: TypeId, scope: &'a Scope, ask: &'a str },
    /// The resources that hold a key, and the field that refers to them by it, if one does.
    Holders {
        of: TypeId,
        via: Option<&'static str>,
        index: &'static dyn AnyIndex,
        scope: &'a Scope,
        key: &'a str,
    },
}

impl<'a> Refs<'a> {
    pub(crate) fn new(scope: &'a Scope, is_root: bool, take: &'a mut dyn FnMut(Named<'_>)) -> Self {
        Self { scope, is_root, take }
    }

    /// The scope of the resource whose references these are.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.scope
    }

    /// Whether the resource itself was looked for, and not only referred to: then even what many share, such as a key
    /// pair, leads to its [`holders`](Self::holders).
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// The resource of a key, in the same scope. `via` is the field that names it, as AWS spells it.
    pub fn to<M: Mirror>(&mut self, via: &'static str, key: impl AsRef<str>) {
        let scope = self.scope;
        self.to_in::<M>(via, scope, key);
    }

    /// The resource of a key, if there is one.
    pub fn maybe<M: Mirror>(&mut self, via: &'static str, key: Option<impl AsRef<str>>) {
        if let Some(key) = key {
            self.to::<M>(via, key);
        }
    }

    /// The resources of some keys, in the same scope.
    pub fn many<M: Mirror>(&mut self, via: &'static str, keys: impl IntoIterator<Item = impl AsRef<str>>) {
        for key in keys {
            self.to::<M>(via, key);
        }
    }

    /// The resource of a key in another scope.
    pub fn to_in<M: Mirror>(&mut self, via: &'static str, scope: &Scope, key: impl AsRef<str>) {
        let key = key.as_ref();
        if !key.is_empty() {
            (self.take)(Named::One { of: TypeId::of::<M>(), via, scope, key });
        }
    }

    /// The resources that hold `key`, in the same scope: they are asked for, and their own references say how they
    /// come to be here.
    pub fn holders<M: Mirror>(&mut self, index: &'static Index<M>, key: impl AsRef<str>) {
        let scope = self.scope;
        self.holders_in(index, scope, key);
    }

    /// The resources that hold `key`, in another scope.
    pub fn holders_in<M: Mirror>(&mut self, index: &'static Index<M>, scope: &Scope, key: impl AsRef<str>) {
        let key = key.as_ref();
        if !key.is_empty() {
            (self.take)(Named::Holders { of: TypeId::of::<M>(), via: None, index, scope, key });
        }
    }

    /// The resources that a lookup finds for `ask`, in the same scope: they are asked for, as with
    /// [`holders`](Self::holders).
    pub fn look_up<L: Lookup>(&mut self, ask: impl AsRef<str>) {
        let scope = self.scope;
        self.look_up_in::<L>(scope, ask);
    }

    /// The resources that a lookup finds for `ask` in another scope.
    pub fn look_up_in<L: Lookup>(&mut self, scope: &Scope, ask: impl AsRef<str>) {
        let ask = ask.as_ref();
        if !ask.is_empty() {
            (self.take)(Named::LookUp { of: TypeId::of::<Questions<L>>(), scope, ask });
        }
    }

    /// The resources that hold `key`, in a scope, where a field refers to them by that and not by their own keys: a DNS
    /// name. `via` is the field.
    pub fn to_holders_in<M: Mirror>(
        &mut self,
        via: &'static str,
        index: &'static Index<M>,
        scope: &Scope,
        key: impl AsRef<str>,
    ) {
        let key = key.as_ref();
        if !key.is_empty() {
            (self.take)(Named::Holders { of: TypeId::of::<M>(), via: Some(via), index, scope, key });
        }
    }
}

impl fmt::Debug for Refs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refs").field("scope", self.scope).finish_non_exhaustive()
    }
}
