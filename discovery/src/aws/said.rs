//! [`Said`]: what a mirror says, for tests.

use std::any::TypeId;

use crate::{Answers, Find, Index, Mirror, Refs, Scope, Term, answers::Answer, refs::Named};

/// What a mirror names in its references.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    One { of: TypeId, via: &'static str, scope: Scope, key: String },
    LookUp { of: TypeId, scope: Scope, ask: String },
    Holders { of: TypeId, index: &'static str, scope: Scope, key: String },
}

/// Where the tests' resources are.
pub(super) fn here() -> Scope {
    Scope::new("123456789012", "eu-west-1")
}

/// A reference within [`here`].
pub(super) fn one<M: Mirror>(via: &'static str, key: &str) -> Said {
    one_in::<M>(via, &here(), key)
}

/// A reference into a scope.
pub(super) fn one_in<M: Mirror>(via: &'static str, scope: &Scope, key: &str) -> Said {
    Said::One { of: TypeId::of::<M>(), via, scope: scope.clone(), key: key.to_owned() }
}

/// A question for holders in a scope.
pub(super) fn holders_in<M: Mirror>(index: Index<M>, scope: &Scope, key: &str) -> Said {
    Said::Holders { of: TypeId::of::<M>(), index: index.name, scope: scope.clone(), key: key.to_owned() }
}

/// What a resource in a scope refers to.
pub(super) fn refs_in<M: Mirror>(model: &M::Model, scope: &Scope, is_root: bool) -> Vec<Said> {
    let mut said = Vec::new();
    let mut take = |named: Named<'_>| {
        said.push(match named {
            Named::One { of, via, scope, key } => {
                Said::One { of, via, scope: scope.clone(), key: key.to_owned() }
            }
            Named::LookUp { of, scope, ask } => {
                Said::LookUp { of, scope: scope.clone(), ask: ask.to_owned() }
            }
            Named::Holders { of, index, scope, key, .. } => {
                Said::Holders { of, index: index.name(), scope: scope.clone(), key: key.to_owned() }
            }
        });
    };
    M::refs(model, &mut Refs::new(scope, is_root, &mut take));
    said
}

/// What a resource that is [`here`] refers to.
pub(super) fn refs<M: Mirror>(model: &M::Model) -> Vec<Said> {
    refs_in::<M>(model, &here(), false)
}

/// The keys under which an index has a resource.
pub(super) fn keys<M: Mirror>(index: Index<M>, model: &M::Model) -> Vec<String> {
    let mut keys = Vec::new();
    (index.keys)(model, &mut |key| keys.push(key.to_owned()));
    keys
}

/// The other names of a resource.
pub(super) fn aliases<M: Mirror>(model: &M::Model) -> Vec<String> {
    let mut aliases = Vec::new();
    M::aliases(model, &mut |alias| aliases.push(alias.to_owned()));
    aliases
}

/// How a mirror looks for a term: its key, or the word for it.
pub(super) fn find<M: Mirror>(term: &str) -> String {
    match M::find(&Term::new(term)) {
        Find::Key(key) => key.into_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether a resource answers to a term.
pub(super) fn answers_to<M: Mirror>(model: &M::Model, term: &str) -> bool {
    M::answers_to(model, &Term::new(term))
}

/// The key of what could not be read, if it has one, and the field.
pub(super) type Unreadable = (Option<String>, String);

/// The models that `tell` found, and what could not be read.
pub(super) fn told<M: Mirror>(tell: impl FnOnce(&mut Answers<M>)) -> (Vec<M::Model>, Vec<Unreadable>) {
    let mut answers = Answers::new();
    tell(&mut answers);
    let (mut models, mut unreadable) = (Vec::new(), Vec::new());
    for answer in answers.all {
        match answer {
            Answer::Found { model, .. } => {
                models.push(model.downcast_ref::<M::Model>().expect("a model of its own").clone());
            }
            Answer::Unreadable { key, field } => unreadable.push((key.map(Into::into), field)),
            Answer::Absent { .. } | Answer::Named { .. } => {}
        }
    }
    (models, unreadable)
}
