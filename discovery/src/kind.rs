//! [`Kind`]: a mirror of whatever type.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    future::Future,
    pin::Pin,
    sync::Arc,
};

use serde_json::Value;

use crate::{
    Answers, Fetch, FetchError, Find, Mirror, Parts, Plan, Refs, Scope, Term,
    answers::{Answer, AnyModel, Patch, Told},
};

type Calling<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A mirror of whatever type.
pub(crate) trait Kind: Send + Sync {
    fn id(&self) -> TypeId;
    fn name(&self) -> &'static str;
    fn is_global(&self) -> bool;
    /// Whether its resources are part of the graph.
    fn is_shown(&self) -> bool;
    fn plan(&self) -> &Plan;
    fn key<'m>(&self, model: &'m dyn Any) -> Cow<'m, str>;
    fn refs(&self, model: &dyn Any, refs: &mut Refs<'_>);
    fn aliases(&self, model: &dyn Any, add: &mut dyn FnMut(&str));
    fn group<'k>(&self, key: &'k str) -> Option<Cow<'k, str>>;
    fn find<'t>(&self, term: &'t Term) -> Find<'t>;
    fn answers_to(&self, model: &dyn Any, term: &Term) -> bool;
    fn json(&self, model: &dyn Any) -> Result<Value, serde_json::Error>;
    /// Adds patches to a model, which is copied if somebody else holds it.
    fn patch(&self, model: &mut AnyModel, patches: Vec<Patch>);
    fn fetch<'a>(
        &'a self,
        cx: &'a Fetch,
        keys: &'a [&'a str],
        answers: &'a mut Vec<Answer>,
    ) -> Calling<'a, Result<(), FetchError>>;
    fn list<'a>(
        &'a self,
        cx: &'a Fetch,
        page: Option<&'a str>,
        answers: &'a mut Vec<Answer>,
    ) -> Calling<'a, Result<Option<String>, FetchError>>;
    fn complete<'a>(
        &'a self,
        part: &'static str,
        cx: &'a Fetch,
        models: &'a [AnyModel],
        parts: &'a mut Vec<(Box<str>, Told)>,
    ) -> Calling<'a, Result<(), FetchError>>;
}

/// A mirror, and its plan, which is asked for once.
pub(crate) struct Registered<M> {
    mirror: M,
    plan: Plan,
}

impl<M: Mirror> Registered<M> {
    pub(crate) fn new(mirror: M) -> Self {
        let plan = mirror.plan();
        Self { mirror, plan }
    }
}

/// A model of this mirror; any other is a mistake of this crate's.
fn model<M: Mirror>(model: &dyn Any) -> Option<&M::Model> {
    let model = model.downcast_ref::<M::Model>();
    debug_assert!(model.is_some(), "a model of another mirror than {}", M::TYPE);
    model
}

impl<M: Mirror> Kind for Registered<M> {
    fn id(&self) -> TypeId {
        TypeId::of::<M>()
    }

    fn name(&self) -> &'static str {
        M::TYPE
    }

    fn is_global(&self) -> bool {
        M::GLOBAL
    }

    fn is_shown(&self) -> bool {
        M::IS_SHOWN
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn key<'m>(&self, any: &'m dyn Any) -> Cow<'m, str> {
        model::<M>(any).map_or(Cow::Borrowed(""), M::key)
    }

    fn refs(&self, any: &dyn Any, refs: &mut Refs<'_>) {
        if let Some(model) = model::<M>(any) {
            M::refs(model, refs);
        }
    }

    fn aliases(&self, any: &dyn Any, add: &mut dyn FnMut(&str)) {
        if let Some(model) = model::<M>(any) {
            M::aliases(model, add);
        }
    }

    fn group<'k>(&self, key: &'k str) -> Option<Cow<'k, str>> {
        M::group(key)
    }

    fn find<'t>(&self, term: &'t Term) -> Find<'t> {
        M::find(term)
    }

    fn answers_to(&self, any: &dyn Any, term: &Term) -> bool {
        model::<M>(any).is_some_and(|model| M::answers_to(model, term))
    }

    fn json(&self, any: &dyn Any) -> Result<Value, serde_json::Error> {
        model::<M>(any).map_or(Ok(Value::Null), serde_json::to_value)
    }

    fn patch(&self, any: &mut AnyModel, patches: Vec<Patch>) {
        let Ok(mut model) = Arc::clone(any).downcast::<M::Model>() else { return };
        // The cache's own is let go of first: then nothing is copied unless somebody else holds it.
        *any = Arc::new(());
        let inside = Arc::make_mut(&mut model);
        for patch in patches {
            patch(inside);
        }
        *any = model;
    }

    fn fetch<'a>(
        &'a self,
        cx: &'a Fetch,
        keys: &'a [&'a str],
        all: &'a mut Vec<Answer>,
    ) -> Calling<'a, Result<(), FetchError>> {
        Box::pin(async move {
            let mut answers = Answers::<M>::new();
            let result = self.mirror.fetch(cx, keys, &mut answers).await;
            all.append(&mut answers.all);
            result
        })
    }

    fn list<'a>(
        &'a self,
        cx: &'a Fetch,
        page: Option<&'a str>,
        all: &'a mut Vec<Answer>,
    ) -> Calling<'a, Result<Option<String>, FetchError>> {
        Box::pin(async move {
            let mut answers = Answers::<M>::new();
            let result = self.mirror.list(cx, page, &mut answers).await;
            all.append(&mut answers.all);
            result
        })
    }

    fn complete<'a>(
        &'a self,
        part: &'static str,
        cx: &'a Fetch,
        models: &'a [AnyModel],
        all: &'a mut Vec<(Box<str>, Told)>,
    ) -> Calling<'a, Result<(), FetchError>> {
        Box::pin(async move {
            let mut parts = Parts::<M>::new();
            let models: Vec<&M::Model> = models.iter().filter_map(|it| model::<M>(&**it)).collect();
            let result = self.mirror.complete(part, cx, &models, &mut parts).await;
            all.append(&mut parts.all);
            result
        })
    }
}

/// The scope that a resource of a kind is in, as it is named from `scope`.
pub(crate) fn scope_of(kind: &dyn Kind, scope: &Scope) -> Scope {
    if kind.is_global() { scope.global() } else { scope.clone() }
}
