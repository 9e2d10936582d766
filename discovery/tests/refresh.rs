//! What is fetched anew, and lists under load: many who ask, who go away, and a shutdown.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod shelf;

use std::time::Duration;

use shelf::{BOXES, Boxes, Items, LIST_BOXES, LIST_ITEMS, Shelf, Style, Thing, a_box, item, scope};
use tidegate_discovery::{Discovery, FetchError, Outcome, OutcomeKind};
use tokio::time::{Instant, advance, sleep, timeout};

async fn note(discovery: &Discovery, key: &str) -> Outcome<String> {
    let found =
        if key.contains('/') { discovery.get(&item(key)).await } else { discovery.get(&a_box(key)).await };
    found.map(|thing| thing.note.clone())
}

fn found(note: &str) -> Outcome<String> {
    Outcome::Found(note.to_owned())
}

/// A list of boxes, or of items within them, of which nothing can be had by id.
fn listed(boxes: usize) -> Shelf {
    let shelf = Shelf::new(Style { boxes_by_id: None, box_page: Some(2), item_page: 2, ..Style::default() });
    shelf.fill(boxes, 4);
    shelf
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_too_old_is_fetched_once_and_read_meanwhile() {
    let shelf = listed(1);
    let discovery = shelf.build(Discovery::builder().ttl(Duration::from_mins(1)));
    assert_eq!(note(&discovery, "b00/i01").await, found(""));
    discovery.settled().await;
    let pages = shelf.count(LIST_ITEMS);
    shelf.put(Thing::new("b00/i01").note("new"));
    assert_eq!(note(&discovery, "b00/i01").await, found(""), "not too old");
    advance(Duration::from_mins(2)).await;
    let began = Instant::now();
    for _ in 0..1_000 {
        discovery.ask(&item("b00/i01")).unwrap();
    }
    assert_eq!(note(&discovery, "b00/i01").await, found(""), "what is old can be read");
    assert_eq!(began.elapsed(), Duration::ZERO);
    discovery.settled().await;
    assert_eq!(note(&discovery, "b00/i01").await, found("new"));
    assert_eq!(shelf.count(LIST_ITEMS), 2 * pages, "once for a thousand");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_there_may_be_there_later() {
    for by_id in [None, Some(10)] {
        let shelf = Shelf::new(Style { boxes_by_id: by_id, ..Style::default() });
        let discovery = shelf.build(Discovery::builder().ttl(Duration::from_mins(1)));
        assert_eq!(note(&discovery, "b00").await, Outcome::Absent);
        shelf.put(Thing::new("b00"));
        assert_eq!(note(&discovery, "b00").await, Outcome::Absent, "not too old");
        advance(Duration::from_mins(2)).await;
        assert_eq!(note(&discovery, "b00").await, found(""));
        assert_eq!(discovery.settled().await.outcomes[&OutcomeKind::Found], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_after_a_refresh_is_absent() {
    let shelf = listed(3);
    let discovery = shelf.discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    discovery.settled().await;
    let before = discovery.snapshot();
    shelf.remove("b01/i02");
    shelf.remove("b02");
    shelf.put(Thing::new("b00/i00").note("new"));
    discovery.refresh_all();
    assert_eq!(note(&discovery, "b01/i02").await, found(""), "it can be read while it is fetched");
    let report = discovery.settled().await;
    assert_eq!(note(&discovery, "b01/i02").await, Outcome::Absent);
    assert_eq!(note(&discovery, "b02").await, Outcome::Absent);
    assert_eq!(note(&discovery, "b00/i00").await, found("new"));
    assert!(report.is_complete());
    assert_eq!((report.outcomes[&OutcomeKind::Found], report.outcomes[&OutcomeKind::Absent]), (13, 2));
    let diff = before.diff(&discovery.snapshot());
    assert_eq!((diff.removed.len(), diff.changed.len(), diff.added.len()), (2, 1, 0), "{diff}");
}

#[tokio::test(start_paused = true)]
async fn what_is_new_after_a_refresh_of_all_is_found() {
    for by_id in [None, Some(10)] {
        let shelf = Shelf::new(Style { boxes_by_id: by_id, box_page: Some(2), ..Style::default() });
        let discovery = shelf.fill(3, 0).discover();
        discovery.ask_all::<Boxes>(&scope()).unwrap();
        discovery.settled().await;
        let before = discovery.snapshot();
        shelf.put(Thing::new("b07"));
        discovery.refresh_all();
        let report = discovery.settled().await;
        assert_eq!(report.outcomes[&OutcomeKind::Found], 4, "all boxes were asked for");
        assert!(report.is_complete() && report.covers("shelf:box", &scope()));
        assert_eq!(before.diff(&discovery.snapshot()).added.len(), 1);
        assert_eq!(
            (shelf.count(LIST_BOXES), shelf.count(BOXES)),
            (4, 0),
            "two pages each time, nothing by id"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fetched_anew_stays_and_is_stale() {
    let shelf = listed(2);
    let discovery = shelf.discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    assert!(discovery.settled().await.covers("shelf:item", &scope()));
    shelf.put(Thing::new("b00/i00").note("new"));
    shelf.put(Thing::new("b01/i00").note("new"));
    shelf.rule(|sent| (sent.group == "b01").then(|| FetchError::failed("it broke")));
    discovery.refresh_all();
    let report = discovery.settled().await;
    assert_eq!(note(&discovery, "b00/i00").await, found("new"));
    assert_eq!(note(&discovery, "b01/i00").await, found(""), "it was not seen anew");
    assert!(!report.is_complete() && !report.covers("shelf:item", &scope()));
    let graph = discovery.snapshot();
    let stale = graph.nodes().filter(tidegate_discovery::Node::is_stale).map(|node| node.key().to_owned());
    assert_eq!(stale.collect::<Vec<_>>(), ["b01/i00", "b01/i01", "b01/i02", "b01/i03"]);
    shelf.rule(|_| None);
    discovery.refresh_all();
    let report = discovery.settled().await;
    assert_eq!(note(&discovery, "b01/i00").await, found("new"));
    assert!(discovery.snapshot().nodes().all(|node| !node.is_stale()));
    assert!(report.covers("shelf:item", &scope()), "now all was seen");
    assert!(report.is_complete(), "what had failed is no problem any more: {:?}", report.problems);
    shelf.rule(|_| Some(FetchError::denied("nobody may")));
    for _ in 0..2 {
        discovery.refresh_all();
        let report = discovery.settled().await;
        assert!(!report.problems.is_empty(), "what is denied stays denied");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_ask_for_one_key_and_for_one_list() {
    for key in ["b00", "b00/i00"] {
        let style = Style { latency: Duration::from_millis(2), boxes_by_id: Some(10), ..Style::default() };
        let shelf = Shelf::new(style);
        let discovery = shelf.fill(3, 30).discover();
        let tasks: Vec<_> = (0..1_000)
            .map(|number| {
                let discovery = discovery.clone();
                tokio::spawn(async move {
                    match number % 3 {
                        0 => discovery.ask_all::<Items>(&scope()).unwrap(),
                        1 => drop(timeout(Duration::from_millis(1), discovery.settled()).await),
                        _ => assert_eq!(note(&discovery, key).await, found("")),
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let report = discovery.settled().await;
        assert_eq!(discovery.progress().borrow().open, 0, "the progress is the last one");
        assert!(report.covers("shelf:item", &scope()));
        assert_eq!((shelf.count(LIST_BOXES), shelf.count(LIST_ITEMS)), (1, 3 * 3));
        assert!(shelf.count(BOXES) <= 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_goes_away_changes_nothing() {
    let shelf = listed(3);
    let discovery = shelf.discover();
    discovery.ask_all::<Items>(&scope()).unwrap();
    for after in 0..200 {
        let short = Duration::from_millis(after % 7);
        let _ = timeout(short, discovery.get(&item("b02/i03"))).await;
        let _ = timeout(short, discovery.settled()).await;
    }
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 12);
    assert_eq!((shelf.count(LIST_BOXES), shelf.count(LIST_ITEMS)), (2, 6));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_lists_at_once() {
    for after in 0..150 {
        let shelf = listed(3);
        let discovery = shelf.discover();
        discovery.ask_all::<Items>(&scope()).unwrap();
        discovery.ask(&item("b02/i03")).unwrap();
        sleep(Duration::from_millis(after)).await;
        let waiting = tokio::spawn({
            let discovery = discovery.clone();
            async move { (discovery.get(&item("b02/i03")).await.kind(), discovery.settled().await) }
        });
        tokio::task::yield_now().await;
        let began = Instant::now();
        discovery.shutdown();
        let (outcome, report) = waiting.await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(matches!(outcome, OutcomeKind::Cancelled | OutcomeKind::Found), "{outcome}");
        assert!(
            report.covers("shelf:item", &scope()) == (report.outcomes.get(&OutcomeKind::Found) == Some(&12))
        );
        let calls = shelf.sent().len();
        discovery.ask_all::<Boxes>(&scope()).unwrap();
        discovery.ask(&item("b00/i09")).unwrap();
        discovery.refresh_all();
        assert!(!discovery.settled().await.is_complete());
        sleep(Duration::from_secs(1)).await;
        assert_eq!(shelf.sent().len(), calls, "nothing is asked for any more");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_makes_no_more_calls() {
    let shelf = listed(3);
    let discovery = shelf.discover();
    let progress = discovery.progress();
    discovery.ask_all::<Items>(&scope()).unwrap();
    sleep(Duration::from_millis(40)).await;
    drop(discovery);
    let calls = shelf.sent().len();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(shelf.sent().len(), calls);
    assert_eq!(progress.borrow().open, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_list_told_long_ago_is_asked_for_again() {
    let shelf = listed(3);
    let discovery = shelf.build(Discovery::builder().ttl(Duration::from_mins(1)));
    discovery.get(&a_box("b00")).await;
    discovery.settled().await;
    shelf.put(Thing::new("b01").note("new")).put(Thing::new("b07"));
    advance(Duration::from_mins(2)).await;
    assert_eq!(note(&discovery, "b01").await, found("new"), "the list told of it, and nobody wanted it");
    advance(Duration::from_mins(2)).await;
    shelf.put(Thing::new("b08"));
    assert_eq!(note(&discovery, "b08").await, found(""), "the list did not tell of it then");
    let pages = shelf.count(LIST_BOXES);
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    discovery.settled().await;
    assert_eq!(shelf.count(LIST_BOXES), pages, "that is not long ago");
    shelf.put(Thing::new("b09"));
    shelf.remove("b00");
    advance(Duration::from_mins(2)).await;
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(note(&discovery, "b00").await, Outcome::Absent);
    assert_eq!((report.outcomes[&OutcomeKind::Found], shelf.count(LIST_BOXES)), (5, pages + 3));
}
