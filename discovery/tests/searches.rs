//! Searches, holders, and what has several names.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod shelf;

use std::{borrow::Cow, time::Duration};

use shelf::{BOXES, Boxes, Items, LIST_BOXES, LIST_ITEMS, Shelf, Style, Thing, a_box, item, scope};
use tidegate_discovery::{
    Answers, Api, Discovery, Fetch, FetchError, Find, Mirror, OutcomeKind, Plan, Ref, Refs, Term,
};

fn roots(discovery: &Discovery) -> Vec<String> {
    discovery.snapshot().roots().map(|node| node.key().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_leaves_an_empty_and_complete_graph() {
    for term in ["nothing", "id:nothing", "whole:nothing", "no:nothing"] {
        let shelf = Shelf::new(Style::default());
        let discovery = shelf.fill(3, 2).discover();
        discovery.search(term.into(), &scope());
        let report = discovery.settled().await;
        assert!(report.is_complete() && discovery.snapshot().is_empty(), "{term}: {report:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn several_of_several_types_answer_to_a_term() {
    let shelf = Shelf::new(Style { boxes_by_id: None, ..Style::default() });
    shelf.fill(4, 2);
    shelf.put(Thing::new("b01").note("red").items(&["b00/i00"]));
    shelf.put(Thing::new("b02").note("red").boxes(&["b01"]));
    shelf.put(Thing::new("b03/i01").note("red"));
    let discovery = shelf.discover();
    discovery.search("red".into(), &scope());
    assert!(discovery.settled().await.is_complete());
    assert_eq!(roots(&discovery), ["b01", "b02", "b03/i01"]);
    assert_eq!(discovery.snapshot().len(), 4, "and what they lead to");
    let calls = shelf.sent().len();
    for _ in 0..10 {
        discovery.search("red".into(), &scope());
        discovery.search(Term::new("b00"), &scope());
    }
    discovery.settled().await;
    assert_eq!(shelf.sent().len(), calls, "lists that were answered are not asked for again");
    assert_eq!(roots(&discovery), ["b00", "b01", "b02", "b03/i01"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_found_in_two_ways_is_there_once() {
    let shelf = Shelf::new(Style { labels: Some(5), ..Style::default() });
    shelf.fill(4, 0).put(Thing::new("b01").aliases(&["web"]));
    let discovery = shelf.discover();
    for term in ["b01", "web", "id:b01", "id:web", "whole:label of b01"] {
        discovery.search(term.into(), &scope());
    }
    discovery.ask(&a_box("web")).unwrap();
    assert!(discovery.settled().await.is_complete());
    assert_eq!((discovery.snapshot().len(), roots(&discovery)), (1, vec!["b01".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_term_that_may_have_been_denied_is_not_seen() {
    let shelf = Shelf::new(Style { labels: Some(5), ..Style::default() });
    shelf
        .fill(3, 0)
        .rule(|sent| (sent.operation == "DescribeLabels").then(|| FetchError::denied("no labels")));
    let discovery = shelf.discover();
    discovery.search("whole:label of b01".into(), &scope());
    let report = discovery.settled().await;
    assert!(discovery.snapshot().is_empty() && !report.is_complete(), "it may be one of them");
}

#[tokio::test(start_paused = true)]
async fn names_are_searched_once_they_were_fetched() {
    let shelf = Shelf::new(Style { names_only: true, items_by_id: Some(10), ..Style::default() });
    shelf.fill(3, 2).put(Thing::new("b02/i01").note("red"));
    let discovery = shelf.discover();
    discovery.search("red".into(), &scope());
    assert!(discovery.settled().await.is_complete());
    assert_eq!(roots(&discovery), ["b02/i01"]);
    assert_eq!(discovery.snapshot().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_and_an_id_are_one_whoever_is_asked_first() {
    for (page, first) in
        [(None, "web"), (None, "b00"), (Some(10), "web"), (Some(10), "b00"), (Some(1), "web")]
    {
        let shelf = Shelf::new(Style { box_page: page, ..Style::default() });
        shelf.put(Thing::new("b00").aliases(&["web", "b00"]));
        let discovery = shelf.discover();
        if page.is_some() {
            discovery.ask_all::<Boxes>(&scope()).unwrap();
        }
        discovery.ask(&a_box(first)).unwrap();
        tokio::time::sleep(Duration::from_millis(if page.is_some() { 5 } else { 40 })).await;
        for key in ["b00", "web"] {
            let found = discovery.get(&a_box(key)).await;
            assert_eq!(found.map(|thing| thing.key.clone()).found().as_deref(), Some("b00"), "{key}");
        }
        let report = discovery.settled().await;
        assert!(report.is_complete() && report.conflicts.is_empty(), "{report:?}");
        let graph = discovery.snapshot();
        assert_eq!(graph.len(), 1);
        assert_eq!(graph.get(&a_box("web")), graph.get(&a_box("b00")));
        let mut saved = Vec::new();
        graph.to_json(&mut saved).unwrap();
        let loaded = tidegate_discovery::Graph::from_json(&*saved).unwrap();
        assert_eq!(loaded.get(&a_box("web")), loaded.get(&a_box("b00")), "names are saved too");
        assert!(loaded.get(&a_box("web")).is_some());
        assert_eq!(graph.roots().count(), 1);
        assert!(shelf.count(BOXES) <= 1, "an alias that was learnt is not asked for: {:?}", shelf.sent());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_in_a_list_of_ids_is_found_all_the_same() {
    let shelf = Shelf::new(Style { names_only: true, ..Style::default() });
    shelf.fill(2, 0).put(Thing::new("b00").aliases(&["web"]));
    let discovery = shelf.discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    discovery.ask(&a_box("web")).unwrap();
    assert_eq!(discovery.get(&a_box("web")).await.kind(), OutcomeKind::Found, "the list tells ids only");
    discovery.settled().await;
    assert_eq!(
        discovery.snapshot().get(&a_box("web")).map(|node| node.key().to_owned()).as_deref(),
        Some("b00")
    );
}

#[tokio::test(start_paused = true)]
async fn two_that_claim_a_name_are_reported_and_both_kept() {
    for (style, labels) in [(None, None), (Some(10), None), (None, Some(1)), (Some(10), Some(1))] {
        let shelf = Shelf::new(Style { boxes_by_id: style, labels, ..Style::default() });
        shelf.put(Thing::new("b00").aliases(&["web"])).put(Thing::new("b01").aliases(&["web"]));
        let discovery = shelf.discover();
        discovery.ask_all::<Boxes>(&scope()).unwrap();
        let report = discovery.settled().await;
        assert_eq!(report.conflicts, ["shelf:box web is another name of b01"]);
        assert_eq!((discovery.snapshot().len(), discovery.progress().borrow().open), (2, 0));
        (0..5).for_each(|_| discovery.refresh_all());
        assert_eq!(discovery.settled().await.conflicts.len(), 1, "said once");
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_one_that_is_the_name_of_another_is_reported() {
    for labels in [None, Some(1)] {
        let shelf = Shelf::new(Style { boxes_by_id: None, labels, ..Style::default() });
        shelf.put(Thing::new("b00")).put(Thing::new("b01").aliases(&["b00"]));
        let discovery = shelf.discover();
        discovery.ask_all::<Boxes>(&scope()).unwrap();
        let report = discovery.settled().await;
        assert_eq!(report.conflicts, ["shelf:box b00 is another name of b01"], "labels: {labels:?}");
        let graph = discovery.snapshot();
        let keys: Vec<_> = graph.nodes().map(|node| node.key().to_owned()).collect();
        assert_eq!(keys, ["b00", "b01"], "both are there, whatever is asked of them");
    }
}

/// What refers to boxes by an item of theirs.
struct Readers;

impl Mirror for Readers {
    const TYPE: &'static str = "shelf:reader";

    type Model = Thing;

    fn key(model: &Thing) -> Cow<'_, str> {
        Cow::Borrowed(&model.key)
    }

    fn refs(model: &Thing, refs: &mut Refs<'_>) {
        for key in &model.items {
            let scope = refs.scope().clone();
            refs.to_holders_in("Item", &Boxes::OF_ITEM, &scope, key);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(Api::new("shelf", "DescribeReaders"), 10)
    }

    async fn fetch(&self, _: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        for key in keys {
            answers.found(Thing::new(*key).items(&["b00/i00"]));
        }
        Ok(())
    }

    fn find(term: &Term) -> Find<'_> {
        Find::Key(term.text().into())
    }
}

fn reading(shelf: &Shelf) -> (Discovery, Ref<Readers>) {
    let discovery = shelf.build(Discovery::builder().mirror(Readers));
    (discovery, Ref::new(scope(), "r"))
}

fn edges(discovery: &Discovery, reader: &Ref<Readers>) -> Vec<String> {
    let graph = discovery.snapshot();
    graph.get(reader).unwrap().refs().map(|edge| edge.node.key().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn holders_are_referred_to_once_in_an_order_of_their_own() {
    for (names_only, first) in [(false, None), (false, Some("b02")), (true, None), (true, Some("b02"))] {
        let shelf =
            Shelf::new(Style { names_only, items_by_id: Some(10), box_page: Some(2), ..Style::default() });
        shelf.fill(5, 1);
        for key in ["b00", "b02", "b04"] {
            shelf.put(Thing::new(key).items(&["b00/i00"]));
        }
        let (discovery, reader) = reading(&shelf);
        if let Some(first) = first {
            discovery.get(&a_box(first)).await;
        }
        discovery.ask(&reader).unwrap();
        discovery.get(&reader).await;
        // It is found, and its holders are being listed, as it is looked for again.
        discovery.search("r".into(), &scope());
        discovery.refresh(&reader).unwrap();
        assert!(discovery.settled().await.is_complete());
        assert_eq!(
            edges(&discovery, &reader),
            ["b00", "b02", "b04"],
            "names only: {names_only}, first: {first:?}"
        );
        shelf.put(Thing::new("b02"));
        shelf.put(Thing::new("b01").items(&["b00/i00"]));
        discovery.refresh_all();
        discovery.settled().await;
        assert_eq!(edges(&discovery, &reader), ["b00", "b01", "b04"], "as it is now");
    }
}

#[tokio::test(start_paused = true)]
async fn holders_that_could_not_be_listed_are_those_that_are_known() {
    let shelf = Shelf::new(Style::default());
    shelf.fill(3, 1).put(Thing::new("b02").items(&["b00/i00"]));
    shelf.rule(|sent| (sent.operation == "ListBoxes").then(|| FetchError::denied("no list")));
    let (discovery, reader) = reading(&shelf);
    discovery.get(&a_box("b02")).await;
    discovery.get(&reader).await;
    let report = discovery.settled().await;
    assert!(!report.is_complete());
    assert_eq!(edges(&discovery, &reader), ["b02"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_runs_does_not_make_what_it_told_absent() {
    let shelf = Shelf::new(Style { boxes_by_id: None, box_page: Some(1), item_page: 1, ..Style::default() });
    let discovery = shelf.fill(3, 3).discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    discovery.ask_all::<Items>(&scope()).unwrap();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        for key in ["b00", "b01", "b02"] {
            discovery.refresh(&a_box(key)).unwrap();
            discovery.refresh(&item(&format!("{key}/i00"))).unwrap();
        }
    }
    let report = discovery.settled().await;
    assert_eq!(report.outcomes.get(&OutcomeKind::Absent), None, "{report:?}");
    assert_eq!(report.outcomes[&OutcomeKind::Found], 12);
    assert!(shelf.count(LIST_BOXES) > 3 && shelf.count(LIST_ITEMS) > 9, "it was fetched anew");
}
