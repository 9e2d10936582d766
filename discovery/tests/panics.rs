//! Mirrors and throttles that panic where they must not: whoever waits is told, and nobody waits for ever.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tidegate_discovery::{
    Answers, Api, Discovery, Fetch, FetchError, Mirror, OutcomeKind, Plan, Ref, Refs, Scope,
};
use tidegate_throttle::{Call, Permit, Refused, Throttle};
use tokio::time::{sleep, timeout};

const DESCRIBE: Api = Api::new("cloud", "DescribeRocks");
const LIST: Api = Api::new("cloud", "ListRocks");

/// A rock, which has one function that panics, or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rock {
    id: String,
    to: Vec<String>,
}

/// Mirrors rocks: `1` refers to `2` and to the one that panics.
struct Rocks(&'static str);

impl Rocks {
    fn all(&self) -> impl Iterator<Item = Rock> {
        let rock = |id: &str, to: &[&str]| Rock {
            id: id.to_owned(),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
        };
        [rock("1", &["2", self.0]), rock(self.0, &["2"]), rock("2", &["3"]), rock("3", &[])].into_iter()
    }
}

impl Mirror for Rocks {
    const TYPE: &'static str = "cloud:rock";

    type Model = Rock;

    fn key(model: &Rock) -> Cow<'_, str> {
        assert!(model.id != "key", "a key that panics");
        Cow::Borrowed(&model.id)
    }

    fn refs(model: &Rock, refs: &mut Refs<'_>) {
        refs.many::<Self>("To", model.to.iter().cloned());
        assert!(model.id != "refs", "references that panic");
    }

    fn aliases(model: &Rock, add: &mut dyn FnMut(&str)) {
        add(&format!("{}-again", model.id));
        assert!(model.id != "aliases", "aliases that panic");
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, 1).and_list(LIST, 2)
    }

    async fn fetch(&self, _: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        sleep(Duration::from_millis(30)).await;
        self.all().filter(|rock| keys.contains(&&*rock.id)).for_each(|rock| answers.found(rock));
        Ok(())
    }

    async fn list(
        &self,
        _: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        sleep(Duration::from_millis(30)).await;
        let skip = if page.is_some() { 2 } else { 0 };
        self.all().skip(skip).take(2).for_each(|rock| answers.found(rock));
        Ok(page.is_none().then(|| "next".to_owned()))
    }
}

fn rock(id: &str) -> Ref<Rocks> {
    Ref::new(scope(), id)
}

fn scope() -> Scope {
    Scope::new("1", "here")
}

/// Much longer than all calls take.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_model_that_panics_is_no_reason_to_wait_for_ever() {
    for what in ["key", "refs", "aliases"] {
        let discovery = Discovery::builder().mirror(Rocks(what)).build().unwrap();
        let outcome = timeout(LONG, discovery.get(&rock(what))).await.expect(what);
        // It is there, if it is only not known what it refers to.
        assert_eq!(outcome.kind() == OutcomeKind::Found, what == "refs", "{what}: {outcome:?}");
        let report = timeout(LONG, discovery.settled()).await.expect(what);
        assert!(report.abandoned && !report.is_complete(), "{what}: {report:?}");
        assert_eq!(discovery.progress().borrow().open, 0, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_found_before_is_still_there_and_nothing_is_begun_after() {
    let discovery = Discovery::builder().mirror(Rocks("refs")).build().unwrap();
    assert_eq!(discovery.get(&rock("2")).await.kind(), OutcomeKind::Found);
    discovery.settled().await;
    discovery.ask(&rock("1")).unwrap();
    let report = timeout(LONG, discovery.settled()).await.expect("it settles");
    assert!(!report.is_complete(), "{report:?}");
    assert_eq!(discovery.get(&rock("2")).await.kind(), OutcomeKind::Found);
    assert_eq!(timeout(LONG, discovery.get(&rock("4"))).await.unwrap().kind(), OutcomeKind::Cancelled);
    timeout(LONG, discovery.settled()).await.expect("it stays settled");
}

#[tokio::test(start_paused = true)]
async fn a_list_with_a_model_that_panics_is_not_complete() {
    for what in ["key", "refs", "aliases"] {
        let discovery = Discovery::builder().mirror(Rocks(what)).build().unwrap();
        discovery.ask_all::<Rocks>(&scope()).unwrap();
        let report = timeout(LONG, discovery.settled()).await.expect(what);
        assert!(!report.is_complete() && !report.covers(Rocks::TYPE, &scope()), "{what}: {report:?}");
        assert!(report.problems.iter().any(|it| it.reason == "the mirror panicked"), "{what}: {report:?}");
    }
}

/// A throttle that panics.
#[derive(Debug)]
struct Fuse;

#[async_trait]
impl Throttle for Fuse {
    async fn acquire(&self, _: &Call) -> Result<Permit, Refused> {
        panic!("the fuse blew")
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttle_that_panics_is_no_reason_to_wait_for_ever() {
    let discovery = Discovery::builder().mirror(Rocks("none")).throttle(Fuse).build().unwrap();
    let outcome = timeout(LONG, discovery.get(&rock("1"))).await.expect("it is told");
    assert_eq!(outcome.kind(), OutcomeKind::Failed);
    assert!(!timeout(LONG, discovery.settled()).await.expect("it settles").is_complete());
}
