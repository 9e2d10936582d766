//! A cloud that is not there: numbered things that refer to each other, behind calls that are counted.

#![allow(clippy::unwrap_used, reason = "a test that cannot begin fails")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tidegate_discovery::{Answers, Api, Discovery, Fetch, FetchError, Index, Mirror, Plan, Ref, Refs, Scope};
use tidegate_throttle::Throttle;
use tokio::time::sleep;

pub(crate) const DESCRIBE: Api = Api::new("cloud", "DescribeThings");
pub(crate) const LIST: Api = Api::new("cloud", "ListThings");

/// What a cloud does with a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cloud {
    /// What there is, and what it refers to.
    pub(crate) things: BTreeMap<u32, Vec<u32>>,
    pub(crate) latency: Duration,
    pub(crate) at_once: usize,
    /// The page of a list; none if there is no list.
    pub(crate) page: Option<usize>,
    pub(crate) by_id: bool,
    /// Keys that make a whole call fail.
    pub(crate) poison: BTreeSet<u32>,
    /// Keys that fail each call.
    pub(crate) failing: BTreeSet<u32>,
    pub(crate) denied: bool,
    /// Calls that fail in a way that passes, counted from the first.
    pub(crate) stumbles: usize,
}

impl Cloud {
    pub(crate) fn new(things: impl IntoIterator<Item = (u32, Vec<u32>)>) -> Self {
        Self {
            things: things.into_iter().collect(),
            latency: Duration::from_millis(30),
            at_once: 10,
            by_id: true,
            ..Self::default()
        }
    }
}

/// A thing of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thing {
    pub(crate) id: u32,
    pub(crate) to: Vec<u32>,
}

/// Mirrors the things of a cloud.
#[derive(Clone)]
pub(crate) struct Things {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) calls: Arc<Mutex<Vec<Vec<u32>>>>,
    pub(crate) pages: Arc<Mutex<usize>>,
    pub(crate) panics: Arc<AtomicBool>,
}

impl Things {
    pub(crate) const HOLDERS: Index<Self> = Index::over_list("to", |thing: &Thing, add| {
        thing.to.iter().for_each(|to| add(&to.to_string()));
    });

    pub(crate) fn new(cloud: Cloud) -> Self {
        Self { cloud: Arc::new(cloud), calls: Arc::default(), pages: Arc::default(), panics: Arc::default() }
    }

    pub(crate) fn discover(&self) -> Discovery {
        Discovery::builder().mirror(self.clone()).build().unwrap()
    }

    /// The calls by id.
    pub(crate) fn calls(&self) -> Vec<Vec<u32>> {
        self.calls.lock().unwrap().clone()
    }
}

pub(crate) fn scope() -> Scope {
    Scope::new("1", "here")
}

pub(crate) fn thing(id: u32) -> Ref<Things> {
    Ref::new(scope(), id.to_string())
}

impl Mirror for Things {
    const TYPE: &'static str = "cloud:thing";

    type Model = Thing;

    fn key(model: &Thing) -> Cow<'_, str> {
        Cow::Owned(model.id.to_string())
    }

    fn refs(model: &Thing, refs: &mut Refs<'_>) {
        refs.many::<Self>("To", model.to.iter().map(ToString::to_string));
    }

    fn plan(&self) -> Plan {
        match (self.cloud.by_id, self.cloud.page) {
            (true, Some(page)) => Plan::by_id(DESCRIBE, self.cloud.at_once).and_list(LIST, page),
            (true, None) => Plan::by_id(DESCRIBE, self.cloud.at_once),
            (false, page) => Plan::list_only(LIST, page.unwrap_or(1)),
        }
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let mut permit = cx.acquire(&cx.call(DESCRIBE)).await.map_err(FetchError::failed)?;
        permit.sent();
        let ids: Vec<u32> = keys.iter().map(|key| key.parse().unwrap()).collect();
        let count = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(ids.clone());
            calls.len()
        };
        sleep(self.cloud.latency).await;
        permit.finish(tidegate_throttle::Outcome::Accepted);
        assert!(!self.panics.load(Ordering::Relaxed), "the mirror was told to panic");
        if count <= self.cloud.stumbles {
            return Err(FetchError::transient("it stumbled"));
        }
        if self.cloud.denied {
            return Err(FetchError::denied("nobody may look"));
        }
        if ids.iter().any(|id| self.cloud.poison.contains(id)) {
            return Err(FetchError::poisoned("one of them is unknown"));
        }
        if ids.iter().any(|id| self.cloud.failing.contains(id)) {
            return Err(FetchError::failed("it broke"));
        }
        for id in ids {
            if let Some(to) = self.cloud.things.get(&id) {
                answers.found(Thing { id, to: to.clone() });
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let mut permit = cx.acquire(&cx.call(LIST)).await.map_err(FetchError::failed)?;
        permit.sent();
        *self.pages.lock().unwrap() += 1;
        sleep(self.cloud.latency).await;
        permit.finish(tidegate_throttle::Outcome::Accepted);
        if self.cloud.denied {
            return Err(FetchError::denied("nobody may list"));
        }
        let from: u32 = page.map_or(0, |page| page.parse().unwrap());
        let most = self.cloud.page.unwrap();
        let mut rest = self.cloud.things.range(from..);
        for (id, to) in rest.by_ref().take(most) {
            answers.found(Thing { id: *id, to: to.clone() });
        }
        Ok(rest.next().map(|(id, _)| id.to_string()))
    }
}
