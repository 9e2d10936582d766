//! What lookups find, and in how many calls.

#![allow(clippy::unwrap_used, reason = "they are tests")]

mod cloud;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use cloud::{Cloud, Things, scope, thing};
use serde::{Deserialize, Serialize};
use tidegate_discovery::{
    Answers, Api, BuildError, Builder, Discovery, Fetch, FetchError, Follow, Lookup, LookupAnswers, Mirror,
    OutcomeKind, Plan, Ref, Refs,
};
use tidegate_throttle::Throttle;

const OWNED: Api = Api::new("cloud", "ListOwned");

/// An owner of things, which it does not name.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owner {
    name: String,
}

struct Owners;

impl Mirror for Owners {
    const TYPE: &'static str = "cloud:owner";
    type Model = Owner;

    fn key(owner: &Owner) -> Cow<'_, str> {
        Cow::Borrowed(&owner.name)
    }

    fn refs(owner: &Owner, refs: &mut Refs<'_>) {
        refs.look_up::<OwnedBy>(&owner.name);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(Api::new("cloud", "DescribeOwners"), 100)
    }

    async fn fetch(&self, _: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        for name in keys {
            answers.found(Owner { name: (*name).to_owned() });
        }
        Ok(())
    }
}

/// The things of an owner: those of its number and the next.
#[derive(Clone, Default)]
struct OwnedBy {
    calls: Arc<Mutex<Vec<usize>>>,
    denied: bool,
    poison: Option<&'static str>,
}

impl Lookup for OwnedBy {
    const NAME: &'static str = "cloud:owned-by";
    type Of = Things;

    fn api(&self) -> Api {
        OWNED
    }

    fn most(&self) -> usize {
        10
    }

    async fn answer(
        &self,
        cx: &Fetch,
        asks: &[&str],
        answers: &mut LookupAnswers<Self>,
    ) -> Result<(), FetchError> {
        let mut permit = cx.acquire(&cx.call(OWNED)).await.map_err(FetchError::failed)?;
        permit.sent();
        permit.finish(tidegate_throttle::Outcome::Accepted);
        self.calls.lock().unwrap().push(asks.len());
        if self.denied {
            return Err(FetchError::denied("nobody may look"));
        }
        if self.poison.is_some_and(|poison| asks.contains(&poison)) {
            return Err(FetchError::poisoned("one of them is unknown"));
        }
        for ask in asks {
            let number: u32 = ask.parse().unwrap();
            answers.found(ask, number.to_string());
            answers.found(ask, (number + 1).to_string());
        }
        Ok(())
    }
}

fn builder(things: &Things, lookup: &OwnedBy) -> Builder {
    Discovery::builder().mirror(things.clone()).mirror(Owners).lookup(lookup.clone())
}

fn ask(discovery: &Discovery, owners: std::ops::Range<u32>) {
    owners.for_each(|name| discovery.ask(&Ref::<Owners>::new(scope(), name.to_string())).unwrap());
}

fn things() -> Things {
    Things::new(Cloud::new((0..26).map(|id| (id, vec![]))))
}

#[tokio::test(start_paused = true)]
async fn what_a_lookup_finds_is_in_the_graph_and_its_questions_are_not() {
    let (things, lookup) = (things(), OwnedBy::default());
    let discovery = builder(&things, &lookup).build().unwrap();
    ask(&discovery, 0..25);
    let report = discovery.settled().await;
    assert!(report.is_complete());
    let mut calls = lookup.calls.lock().unwrap().clone();
    calls.sort_unstable();
    assert_eq!(calls, [5, 10, 10], "in full calls");
    let mut asked: Vec<u32> = things.calls().concat();
    asked.sort_unstable();
    assert_eq!(asked, (0..26).collect::<Vec<_>>(), "each thing once");
    let graph = discovery.snapshot();
    assert_eq!((graph.len(), graph.edge_count()), (25 + 26, 0), "an edge is what a resource states");
    assert_eq!(report.outcomes[&OutcomeKind::Found], 51);
    assert!(graph.get(&thing(25)).is_some());
    ask(&discovery, 0..25);
    discovery.ask_everything(&scope());
    discovery.settled().await;
    assert_eq!(lookup.calls.lock().unwrap().len(), 3, "a question is asked once");
}

#[tokio::test(start_paused = true)]
async fn a_denied_lookup_is_asked_once_and_reported() {
    let (things, lookup) = (things(), OwnedBy { denied: true, ..OwnedBy::default() });
    let discovery = builder(&things, &lookup).max_in_flight(1).build().unwrap();
    ask(&discovery, 0..25);
    let report = discovery.settled().await;
    assert_eq!(lookup.calls.lock().unwrap().len(), 1);
    assert!(!report.is_complete());
    assert_eq!((report.problems.len(), report.problems[0].count), (1, 25), "{:?}", report.problems);
    assert_eq!(report.outcomes, [(OutcomeKind::Found, 25)].into());
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_question_costs_no_other() {
    let (things, lookup) = (things(), OwnedBy { poison: Some("7"), ..OwnedBy::default() });
    let discovery = builder(&things, &lookup).build().unwrap();
    ask(&discovery, 0..10);
    assert!(discovery.settled().await.is_complete());
    let graph = discovery.snapshot();
    assert_eq!((0..11).filter(|id| graph.get(&thing(*id)).is_some()).count(), 11, "6 and 8 tell of 7 too");
    assert!(graph.get(&thing(8)).is_some());
}

#[tokio::test(start_paused = true)]
async fn who_follows_nothing_asks_no_lookup() {
    let (things, lookup) = (things(), OwnedBy::default());
    let discovery = builder(&things, &lookup).follow(Follow::none()).build().unwrap();
    ask(&discovery, 0..3);
    discovery.settled().await;
    assert_eq!((lookup.calls.lock().unwrap().len(), discovery.snapshot().len()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_added_once() {
    let twice = builder(&things(), &OwnedBy::default()).lookup(OwnedBy::default());
    assert_eq!(twice.build().unwrap_err(), BuildError::Twice("cloud:owned-by"));
}
