//! What holds of lists in any account, whatever goes wrong: against a search that knows the whole account.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what a test made itself")]
#![allow(clippy::similar_names, reason = "a shelf and oneself")]

mod shelf;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;
use shelf::{BOXES, Boxes, ITEMS, Items, Shelf, Style, THROTTLED, Thing, a_box, item, scope};
use tidegate_discovery::{Discovery, FetchError, Graph, OutcomeKind};
use tidegate_throttle::Adaptive;
use tokio::time::{sleep, timeout};

/// An account, how its API is, and what is asked of it.
#[derive(Clone, Debug)]
struct Case {
    things: Vec<Thing>,
    style: Style,
    asks: Vec<(Ask, u64)>,
    /// Calls that stumble, and calls that are throttled, by their numbers of each operation.
    stumbles: BTreeSet<usize>,
    throttles: BTreeSet<usize>,
    is_adaptive: bool,
}

#[derive(Clone, Debug)]
enum Ask {
    AllBoxes,
    AllItems,
    Key(String),
    Search(String),
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..7_u32).prop_map(|a| format!("b{a}")),
        (0..7_u32, 0..9_u32).prop_map(|(a, b)| format!("b{a}/i{b}")),
    ]
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let thing = (key(), prop::collection::vec(key(), 0..3), "[a-c]").prop_map(|(key, to, note)| {
        let (items, boxes) = to.into_iter().partition(|to| to.contains('/'));
        Thing { boxes, items, note, ..Thing::new(key) }
    });
    // What is in a box is there only if the box is.
    prop::collection::vec(thing, 0..50).prop_map(|things| {
        let boxes: BTreeSet<String> =
            things.iter().filter(|it| !it.key.contains('/')).map(|it| it.key.clone()).collect();
        things.into_iter().filter(|it| boxes.contains(it.key.split('/').next().unwrap())).collect()
    })
}

fn styles() -> impl Strategy<Value = Style> {
    let cap = || prop::option::of(1_usize..8);
    (cap(), cap(), 1_usize..8, 1_usize..8, cap(), cap(), any::<bool>(), 1_u64..40).prop_map(
        |(boxes_by_id, items_by_id, box_page, item_page, labels, prices, names_only, latency)| Style {
            latency: Duration::from_millis(latency),
            names_only: names_only && boxes_by_id.is_some() && items_by_id.is_some(),
            box_page: Some(box_page),
            boxes_by_id,
            items_by_id,
            item_page,
            labels,
            prices,
            ..Style::default()
        },
    )
}

fn cases() -> impl Strategy<Value = Case> {
    let ask = prop_oneof![
        1 => Just(Ask::AllBoxes),
        1 => Just(Ask::AllItems),
        4 => key().prop_map(Ask::Key),
        2 => prop_oneof![key(), "[a-c]"].prop_map(Ask::Search),
    ];
    let asks = prop::collection::vec((ask, 0_u64..60), 1..8);
    // A call is made five times at most.
    let few = || prop::collection::btree_set(0_usize..30, 0..4);
    (things(), styles(), asks, few(), few(), any::<bool>()).prop_map(
        |(things, style, asks, stumbles, throttles, is_adaptive)| Case {
            things,
            style,
            asks,
            stumbles,
            throttles,
            is_adaptive,
        },
    )
}

impl Case {
    fn shelf(&self) -> Shelf {
        let shelf = Shelf::new(self.style.clone());
        self.things.iter().for_each(|thing| {
            shelf.put(thing.clone());
        });
        let (stumbles, throttles) = (self.stumbles.clone(), self.throttles.clone());
        shelf.rule(move |sent| match sent.before {
            number if stumbles.contains(&number) => Some(FetchError::transient("it stumbled")),
            number if throttles.contains(&number) => Some(FetchError::transient(THROTTLED)),
            _ => None,
        });
        shelf
    }

    async fn run(&self, shelf: &Shelf) -> Discovery {
        let builder = Discovery::builder();
        let builder = if self.is_adaptive { builder.throttle(Adaptive::new()) } else { builder };
        let discovery = shelf.build(builder);
        for (ask, pause) in &self.asks {
            match ask {
                Ask::AllBoxes => discovery.ask_all::<Boxes>(&scope()).unwrap(),
                Ask::AllItems => discovery.ask_all::<Items>(&scope()).unwrap(),
                Ask::Key(key) if key.contains('/') => discovery.ask(&item(key)).unwrap(),
                Ask::Key(key) => discovery.ask(&a_box(key)).unwrap(),
                Ask::Search(term) => discovery.search(term.as_str().into(), &scope()),
            }
            let _ = timeout(Duration::from_millis(*pause), discovery.settled()).await;
        }
        // All that is owed is answered some time: else this waits for ever, and the clock runs ahead of it.
        timeout(Duration::from_hours(1), discovery.settled()).await.expect("it settles");
        discovery
    }

    /// What must be there, and how.
    fn expected(
        &self,
        (boxes, items): &(BTreeMap<String, Thing>, BTreeMap<String, Thing>),
    ) -> BTreeMap<String, OutcomeKind> {
        let all = || boxes.values().chain(items.values());
        let mut next: VecDeque<String> = VecDeque::new();
        for (ask, _) in &self.asks {
            match ask {
                Ask::AllBoxes => next.extend(boxes.keys().cloned()),
                Ask::AllItems => next.extend(items.keys().cloned()),
                Ask::Key(key) => next.push_back(key.clone()),
                Ask::Search(term) => {
                    next.extend(
                        all().filter(|it| it.key == *term || it.note == *term).map(|it| it.key.clone()),
                    );
                }
            }
        }
        let mut outcomes = BTreeMap::new();
        while let Some(key) = next.pop_front() {
            if outcomes.contains_key(&key) {
                continue;
            }
            let found = boxes.get(&key).or_else(|| items.get(&key));
            next.extend(found.into_iter().flat_map(|it| it.boxes.iter().chain(&it.items)).cloned());
            outcomes.insert(key, found.map_or(OutcomeKind::Absent, |_| OutcomeKind::Found));
        }
        outcomes
    }
}

fn outcomes(graph: &Graph) -> BTreeMap<String, OutcomeKind> {
    graph.nodes().map(|node| (node.key().to_owned(), node.outcome())).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_graph_is_the_account(case in cases()) {
        let shelf = case.shelf();
        let graph = block_on(async { case.run(&shelf).await.snapshot() });
        prop_assert_eq!(outcomes(&graph), case.expected(&shelf.account()));
        prop_assert!(graph.report().is_complete(), "{:?}", graph.report());
        let (boxes, items) = shelf.account();
        for node in graph.nodes().filter(|node| node.outcome() == OutcomeKind::Found) {
            let thing = boxes.get(node.key()).or_else(|| items.get(node.key())).unwrap();
            let to: Vec<_> = node.refs().map(|edge| edge.node.key().to_owned()).collect();
            prop_assert_eq!(to, thing.boxes.iter().chain(&thing.items).cloned().collect::<Vec<_>>());
            if let Some(found) = node.model::<Boxes>().filter(|found| !found.key.contains('/')) {
                prop_assert_eq!((found.label.is_some(), found.price.is_some()),
                    (case.style.labels.is_some(), case.style.prices.is_some()));
            }
        }
    }

    #[test]
    fn no_read_that_was_answered_is_sent_again(case in cases()) {
        let shelf = case.shelf();
        block_on(case.run(&shelf));
        let (mut pages, mut keys) = (BTreeSet::new(), BTreeSet::new());
        let caps = [(BOXES, case.style.boxes_by_id), (ITEMS, case.style.items_by_id)];
        for sent in shelf.sent() {
            if sent.operation.starts_with("List") {
                prop_assert!(!sent.answered || pages.insert((sent.operation, sent.group.clone(), sent.page.clone())), "{:?}", sent);
                continue;
            }
            prop_assert!(!sent.keys.is_empty(), "none would mean all");
            let cap = caps.iter().find(|(api, _)| api.operation() == sent.operation).and_then(|(_, cap)| *cap);
            prop_assert!(cap.is_none_or(|cap| sent.keys.len() <= cap));
            for key in sent.keys.iter().filter(|_| sent.answered) {
                prop_assert!(keys.insert((sent.operation, key.clone())), "{key} again: {:?}", shelf.sent());
            }
        }
    }

    #[test]
    fn who_asks_first_and_what_stumbles_does_not_show(case in cases(), other in cases()) {
        let graph = |case: &Case| {
            let shelf = case.shelf();
            let mut json = Vec::new();
            block_on(async { case.run(&shelf).await.snapshot() }).to_json(&mut json).unwrap();
            let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
            (json["nodes"].take(), json["edges"].take(), json["coverage"].take())
        };
        let mut again = Case { things: case.things.clone(), asks: case.asks.clone(), ..other };
        again.asks.reverse();
        again.style = Style { latency: again.style.latency, ..case.style.clone() };
        prop_assert_eq!(graph(&case), graph(&again));
    }

    #[test]
    fn what_changes_is_there_after_a_refresh(case in cases(), later in things()) {
        let shelf = case.shelf();
        let (before, graph) = block_on(async {
            let discovery = case.run(&shelf).await;
            let before = discovery.snapshot();
            sleep(Duration::from_secs(1)).await;
            let (boxes, items) = shelf.account();
            boxes.keys().chain(items.keys()).for_each(|key| shelf.remove(key));
            for thing in later {
                shelf.put(thing);
            }
            discovery.refresh_all();
            timeout(Duration::from_hours(1), discovery.settled()).await.expect("it settles");
            (before, discovery.snapshot())
        });
        let (boxes, items) = shelf.account();
        let seen = outcomes(&graph);
        for (key, outcome) in case.expected(&shelf.account()) {
            prop_assert_eq!(seen.get(&key), Some(&outcome), "{}", key);
        }
        // What was led to before is there still.
        for node in graph.nodes() {
            let thing = boxes.get(node.key()).or_else(|| items.get(node.key()));
            prop_assert_eq!(node.outcome() == OutcomeKind::Found, thing.is_some(), "{}", node.key());
            let note = node.model::<Boxes>().or_else(|| node.model::<Items>()).map(|found| found.note);
            prop_assert_eq!(note, thing.map(|thing| thing.note.clone()), "{}", node.key());
        }
        for name in before.diff(&graph).removed {
            prop_assert!(!boxes.contains_key(&name.key) && !items.contains_key(&name.key));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_never_absent_nor_removed(
        case in cases(),
        broken in prop::collection::btree_map(0_usize..6, 0_usize..4, 0..4),
        after in 0_usize..3,
        unreadable in prop::collection::btree_set(key(), 0..3),
        nameless in prop::collection::btree_set(key(), 0..2),
        most in prop_oneof![Just(1_000), 3_usize..40],
    ) {
        let whole = case.shelf();
        let all = Case { asks: vec![(Ask::AllBoxes, 0), (Ask::AllItems, 0)], ..case.clone() };
        let old = block_on(async { all.run(&whole).await.snapshot() });
        let mut case = case;
        (case.style.unreadable, case.style.nameless) = (unreadable, nameless);
        let shelf = case.shelf();
        let (boxes, items) = shelf.account();
        let is_there = |key: &str| boxes.contains_key(key) || items.contains_key(key);
        let known: BTreeSet<String> = boxes.keys().chain(items.keys()).cloned().collect();
        shelf.rule(move |sent| {
            let operations = ["ListBoxes", "DescribeBoxes", "ListItems", "DescribeItems", "DescribeLabels", "DescribePrices"];
            let operation = operations.iter().position(|it| *it == sent.operation).unwrap();
            // As EC2 does, of what is not there.
            if broken.contains_key(&1) && sent.keys.iter().any(|key| !known.contains(key)) {
                return Some(FetchError::poisoned("one of them is unknown"));
            }
            let error = match broken.get(&operation).filter(|_| sent.before >= after)? {
                0 => FetchError::denied("no"),
                1 => FetchError::unsupported("not here"),
                2 => FetchError::failed("it broke"),
                _ if sent.before % 7 == 0 => FetchError::transient("now and then"),
                _ => return None,
            };
            Some(error)
        });
        let (graph, open) = block_on(async {
            let discovery = shelf.build(Discovery::builder().max_nodes(most));
            for (ask, pause) in &case.asks {
                let _ = match ask {
                    Ask::AllBoxes => discovery.ask_all::<Boxes>(&scope()),
                    Ask::AllItems => discovery.ask_all::<Items>(&scope()),
                    Ask::Key(key) if key.contains('/') => discovery.ask(&item(key)),
                    Ask::Key(key) => discovery.ask(&a_box(key)),
                    Ask::Search(term) => { discovery.search(term.as_str().into(), &scope()); Ok(()) }
                };
                sleep(Duration::from_millis(*pause)).await;
            }
            timeout(Duration::from_hours(1), discovery.settled()).await.expect("it settles");
            let open = discovery.progress().borrow().open;
            (discovery.snapshot(), open)
        });
        prop_assert_eq!(open, 0);
        for node in graph.nodes() {
            match node.outcome() {
                OutcomeKind::Found => prop_assert!(is_there(node.key())),
                OutcomeKind::Absent => prop_assert!(!is_there(node.key()), "{} is there: {:?}", node.key(), shelf.sent()),
                OutcomeKind::Cancelled => prop_assert!(false, "nothing was cancelled: {}", node.key()),
                _ => prop_assert!(!graph.report().is_complete()),
            }
        }
        let diff = old.diff(&graph);
        prop_assert!(diff.removed.is_empty(), "{diff} {:?} {:?}", graph.report(), shelf.sent());
        prop_assert!(graph.diff(&old).added.is_empty(), "{} {:?}", graph.diff(&old), graph.report());
    }
}
