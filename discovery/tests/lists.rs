//! Lists: pages, lists of what is in another resource, and what waits for them.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod shelf;

use std::time::Duration;

use shelf::{BOXES, Boxes, ITEMS, Items, LIST_BOXES, LIST_ITEMS, Shelf, Style, Thing, a_box, item, scope};
use tidegate_discovery::{AskError, Discovery, FetchError, Outcome, OutcomeKind, Scope};

fn keys(discovery: &Discovery, kind: &str) -> Vec<(String, OutcomeKind)> {
    let graph = discovery.snapshot();
    let nodes = graph.nodes().filter(|node| node.type_name() == kind);
    nodes.map(|node| (node.key().to_owned(), node.outcome())).collect()
}

fn outcome(discovery: &Discovery, key: &str) -> Option<OutcomeKind> {
    let kind = if key.contains('/') { "shelf:item" } else { "shelf:box" };
    discovery.snapshot().named(kind, &scope(), key).map(|node| node.outcome())
}

#[tokio::test(start_paused = true)]
async fn every_page_of_every_box_is_asked_for_once() {
    let shelf = Shelf::new(Style { box_page: Some(3), item_page: 4, ..Style::default() });
    let discovery = shelf.fill(7, 9).discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert!(report.is_complete() && report.covers("shelf:item", &scope()), "{report:?}");
    assert_eq!(keys(&discovery, "shelf:item").len(), 63);
    assert_eq!(keys(&discovery, "shelf:box"), [], "the boxes themselves were not asked for");
    assert_eq!((shelf.count(LIST_BOXES), shelf.count(LIST_ITEMS)), (3, 7 * 3));
    let mut sent = shelf.of(LIST_ITEMS);
    sent.sort();
    sent.dedup_by_key(|it| (it.group.clone(), it.page.clone()));
    assert_eq!(sent.len(), 21);
    discovery.ask_all::<Items>(&scope()).unwrap();
    discovery.settled().await;
    assert_eq!(shelf.count(LIST_ITEMS), 21, "what was answered is not asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_asked_for_while_its_list_runs_joins_it() {
    let shelf = Shelf::new(Style { items_by_id: Some(10), item_page: 2, ..Style::default() });
    let discovery = shelf.fill(2, 10).discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    // The boxes take one call, and their first pages are under way.
    tokio::time::sleep(Duration::from_millis(40)).await;
    discovery.ask(&item("b00/i09")).unwrap();
    discovery.ask(&item("b01/none")).unwrap();
    assert_eq!(discovery.get(&item("b00/i09")).await.kind(), OutcomeKind::Found);
    assert_eq!(discovery.get(&item("b01/none")).await.kind(), OutcomeKind::Absent);
    discovery.settled().await;
    assert_eq!(shelf.count(ITEMS), 0, "nothing by id");
    assert_eq!(shelf.count(LIST_ITEMS), 10);
}

#[tokio::test(start_paused = true)]
async fn a_member_of_a_box_that_is_not_there_is_absent() {
    let shelf = Shelf::new(Style::default());
    let discovery = shelf.fill(1, 1).discover();
    assert_eq!(discovery.get(&item("gone/i00")).await, Outcome::Absent);
    assert_eq!(discovery.get(&item("b00/i00")).await.kind(), OutcomeKind::Found);
    assert_eq!(shelf.count(LIST_ITEMS), 2);
    assert_eq!(discovery.get(&item("no group")).await.kind(), OutcomeKind::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_boxes_that_fails_leaves_what_is_in_them_unknown() {
    for (error, expected) in [
        (FetchError::denied as fn(&'static str) -> FetchError, OutcomeKind::Denied),
        (FetchError::unsupported as fn(&'static str) -> FetchError, OutcomeKind::Unsupported),
        (FetchError::failed as fn(&'static str) -> FetchError, OutcomeKind::Failed),
        (FetchError::transient as fn(&'static str) -> FetchError, OutcomeKind::Failed),
    ] {
        let shelf = Shelf::new(Style { box_page: Some(2), ..Style::default() });
        shelf.fill(4, 1).rule(move |sent| {
            (sent.operation == "ListBoxes" && sent.page.is_some()).then(|| error("not that page"))
        });
        let discovery = shelf.discover();
        discovery.ask_all::<Items>(&scope()).unwrap();
        let report = discovery.settled().await;
        assert!(!report.is_complete());
        assert!(
            !report.covers("shelf:item", &scope()) && !report.covers("shelf:box", &scope()),
            "{expected}"
        );
        assert_eq!(
            report.problems.iter().map(|it| (&*it.api, it.outcome)).collect::<Vec<_>>(),
            [("shelf:ListBoxes", expected)]
        );
        assert_eq!(keys(&discovery, "shelf:item").len(), 2, "those of the first page");
        // One in a box that the list did not come to can still be asked for.
        assert_eq!(discovery.get(&item("b03/i00")).await.kind(), OutcomeKind::Found);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_failed_is_not_taken_for_a_list_of_nothing() {
    let shelf = Shelf::new(Style { boxes_by_id: Some(1), box_page: Some(100), ..Style::default() });
    shelf.fill(10, 0).rule(|sent| (sent.operation == "ListBoxes").then(|| FetchError::failed("not now")));
    let discovery = shelf.discover();
    // So many that the list is begun; it fails, and they are asked for by id.
    (0..5).for_each(|id| discovery.ask(&a_box(&format!("b{id:02}"))).unwrap());
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 5);
    assert!(!report.covers("shelf:box", &scope()));
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert!(!report.covers("shelf:box", &scope()), "nothing was listed: {:?}", shelf.sent());
    assert_eq!(discovery.get(&a_box("b07")).await.kind(), OutcomeKind::Found);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_failed_is_asked_for_again_when_somebody_wants_all() {
    let shelf = Shelf::new(Style { boxes_by_id: Some(1), box_page: Some(100), ..Style::default() });
    shelf.fill(10, 0).rule(|sent| {
        (sent.operation == "ListBoxes" && sent.before == 0).then(|| FetchError::failed("not now"))
    });
    let discovery = shelf.discover();
    (0..5).for_each(|id| discovery.ask(&a_box(&format!("b{id:02}"))).unwrap());
    discovery.settled().await;
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!((shelf.count(LIST_BOXES), report.outcomes[&OutcomeKind::Found]), (2, 10));
    assert!(report.covers("shelf:box", &scope()));
}

#[tokio::test(start_paused = true)]
async fn one_list_of_many_that_fails_costs_only_what_is_in_its_box() {
    let shelf = Shelf::new(Style { boxes_by_id: None, ..Style::default() });
    shelf.fill(3, 3).rule(|sent| (sent.group == "b01").then(|| FetchError::failed("it broke")));
    let discovery = shelf.discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    discovery.ask(&item("b01/i00")).unwrap();
    discovery.ask(&item("b02/none")).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 6);
    assert_eq!(outcome(&discovery, "b01/i00"), Some(OutcomeKind::Failed));
    assert_eq!(outcome(&discovery, "b02/none"), Some(OutcomeKind::Absent));
    assert!(!report.covers("shelf:item", &scope()) && report.covers("shelf:box", &scope()));
}

#[tokio::test(start_paused = true)]
async fn a_box_that_cannot_be_read_does_not_hide_what_is_in_it() {
    let style = Style { unreadable: ["b01".to_owned()].into(), ..Style::default() };
    let shelf = Shelf::new(style);
    let discovery = shelf.fill(3, 2).discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 6, "its key is known");
    assert!(report.covers("shelf:item", &scope()) && !report.covers("shelf:box", &scope()), "{report:?}");
    assert!(!report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_box_without_a_key_hides_what_is_in_it() {
    let style = Style { nameless: ["b01".to_owned()].into(), ..Style::default() };
    let shelf = Shelf::new(style);
    let discovery = shelf.fill(3, 2).discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 4);
    assert!(!report.covers("shelf:item", &scope()) && !report.covers("shelf:box", &scope()), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_has_no_key_may_be_what_somebody_waits_for() {
    let style = Style { boxes_by_id: None, nameless: ["b01".to_owned()].into(), ..Style::default() };
    let shelf = Shelf::new(style);
    let discovery = shelf.fill(3, 0).discover();
    let found = discovery.get(&a_box("b01")).await;
    assert_eq!(found.kind(), OutcomeKind::Failed, "the list has one whose key cannot be read");
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert!(!report.is_complete() && !report.covers("shelf:box", &scope()));
    assert_eq!(outcome(&discovery, "b00"), Some(OutcomeKind::Found));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_names_only_leads_to_calls_by_id() {
    let shelf =
        Shelf::new(Style { names_only: true, box_page: Some(2), items_by_id: Some(2), ..Style::default() });
    let discovery = shelf.fill(5, 3).discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    discovery.ask(&a_box("b04")).unwrap();
    discovery.ask(&a_box("gone")).unwrap();
    let (found, gone) = (discovery.get(&a_box("b04")).await, discovery.get(&a_box("gone")).await);
    assert_eq!((found.kind(), gone.kind()), (OutcomeKind::Found, OutcomeKind::Absent));
    let report = discovery.settled().await;
    assert!(report.is_complete() && report.covers("shelf:box", &scope()));
    assert_eq!((report.outcomes[&OutcomeKind::Found], report.outcomes[&OutcomeKind::Absent]), (5, 1));
    discovery.ask_all::<Items>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 5 + 15);
    let mut asked: Vec<String> = shelf.of(BOXES).into_iter().flat_map(|it| it.keys).collect();
    asked.sort();
    assert_eq!(asked, ["b00", "b01", "b02", "b03", "b04", "gone"], "each once");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_boxes_that_are_only_named_is_listed() {
    let shelf = Shelf::new(Style { names_only: true, items_by_id: Some(10), ..Style::default() });
    let discovery = shelf.fill(3, 2).discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes.get(&OutcomeKind::Found), Some(&6), "{:?}", shelf.sent());
    assert!(report.covers("shelf:item", &scope()));
}

#[tokio::test(start_paused = true)]
async fn what_a_list_named_before_is_fetched_when_somebody_wants_all() {
    let style = Style { names_only: true, boxes_by_id: Some(1), box_page: Some(100), ..Style::default() };
    let shelf = Shelf::new(style);
    let discovery = shelf.fill(8, 0).discover();
    // So many that the list is begun, which tells nothing of them.
    (0..5).for_each(|id| discovery.ask(&a_box(&format!("b{id:02}"))).unwrap());
    discovery.settled().await;
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 8);
    assert!(report.is_complete() && report.covers("shelf:box", &scope()));
}

#[tokio::test(start_paused = true)]
async fn what_is_named_and_cannot_be_fetched_is_not_covered() {
    let shelf = Shelf::new(Style { names_only: true, ..Style::default() });
    shelf.fill(3, 0).rule(|sent| (sent.operation == "DescribeBoxes").then(|| FetchError::denied("no")));
    let discovery = shelf.discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Denied], 3);
    assert!(!report.is_complete() && !report.covers("shelf:box", &scope()));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_failed_list_named_is_in_one_call_once() {
    let style = Style { names_only: true, boxes_by_id: Some(4), box_page: Some(2), ..Style::default() };
    let shelf = Shelf::new(style);
    shelf.fill(4, 0).rule(|sent| match (sent.operation, &sent.page) {
        ("ListBoxes", Some(_)) => Some(FetchError::failed("the second page broke")),
        _ => None,
    });
    let discovery = shelf.discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    discovery.ask(&a_box("b00")).unwrap();
    discovery.ask(&a_box("b03")).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 3);
    let asked: Vec<String> = shelf.of(BOXES).into_iter().flat_map(|it| it.keys).collect();
    assert_eq!(asked.len(), 3, "each once: {asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_in_a_circle_comes_to_an_end() {
    let shelf = Shelf::new(Style { box_page: Some(1), boxes_by_id: None, ..Style::default() });
    let discovery = shelf.fill(3, 0).discover();
    // The account changes such that the page after the last one is the one before it, again and again.
    let turning = shelf.clone();
    shelf.rule(move |sent| {
        match sent.before % 2 {
            0 => turning.put(Thing::new("b01")).put(Thing::new("b02")),
            _ => turning.put(Thing::new("b01")),
        };
        None
    });
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    assert!(discovery.settled().await.is_complete());
    assert_eq!(shelf.count(LIST_BOXES), 3);
}

#[tokio::test(start_paused = true)]
async fn a_denied_scope_says_nothing_of_another() {
    let shelf = Shelf::new(Style { boxes_by_id: None, ..Style::default() });
    shelf.fill(3, 2).rule(|sent| sent.scope.ends_with("there").then(|| FetchError::denied("not there")));
    let discovery = shelf.discover();
    let there = Scope::new("1", "there");
    for scope in [&there, &scope()] {
        discovery.ask_all::<Boxes>(scope).unwrap();
        discovery.ask_all::<Items>(scope).unwrap();
    }
    let report = discovery.settled().await;
    assert!(report.covers("shelf:box", &scope()) && report.covers("shelf:item", &scope()));
    assert!(!report.covers("shelf:box", &there) && !report.covers("shelf:item", &there));
    assert_eq!(report.outcomes[&OutcomeKind::Found], 9);
    assert_eq!(shelf.of(LIST_BOXES).iter().filter(|it| it.scope == there.to_string()).count(), 1);
    for _ in 0..3 {
        let there = discovery.get(&tidegate_discovery::Ref::<Boxes>::new(there.clone(), "b00")).await;
        assert_eq!(there.kind(), OutcomeKind::Denied);
    }
    assert_eq!(
        shelf.of(LIST_BOXES).iter().filter(|it| it.scope == there.to_string()).count(),
        1,
        "asked once"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_of_a_list_is_not_covered() {
    let shelf = Shelf::new(Style::default());
    shelf.fill(20, 0);
    let old = shelf.discover();
    old.ask_all::<Boxes>(&scope()).unwrap();
    old.settled().await;
    let new = shelf.build(Discovery::builder().max_nodes(12));
    new.ask_all::<Boxes>(&scope()).unwrap();
    let report = new.settled().await;
    assert_eq!((keys(&new, "shelf:box").len(), report.left_out), (12, 8));
    assert!(!report.is_complete() && !report.covers("shelf:box", &scope()));
    let diff = old.snapshot().diff(&new.snapshot());
    assert_eq!((diff.removed.len(), diff.unknown.len()), (0, 8), "{diff}");
    assert_eq!(new.ask(&a_box("b19")), Err(AskError::TooMany));
    assert_eq!(new.ask(&a_box("b00")), Ok(()), "what is known can be asked for");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asked_for_is_not_removed() {
    let shelf = Shelf::new(Style { boxes_by_id: None, ..Style::default() });
    shelf.fill(5, 0);
    let all = shelf.discover();
    all.ask_all::<Boxes>(&scope()).unwrap();
    all.settled().await;
    let one = shelf.discover();
    one.ask(&a_box("b03")).unwrap();
    one.search("b04".into(), &scope());
    one.settled().await;
    assert_eq!(one.snapshot().len(), 2);
    let (all, one) = (all.snapshot(), one.snapshot());
    let (forth, back) = (all.diff(&one), one.diff(&all));
    assert_eq!((forth.removed.len(), back.added.len()), (0, 0), "they are there: {forth}{back}");
    assert_eq!(forth.unknown.len(), 3);
}
