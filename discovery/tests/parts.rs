//! Parts: what is asked of resources once they were found, and what is not answered.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod shelf;

use std::time::Duration;

use shelf::{Boxes, LABELS, PRICES, Shelf, Style, Thing, a_box, scope};
use tidegate_discovery::{Discovery, FetchError, OutcomeKind};

fn labelled() -> Shelf {
    Shelf::new(Style { labels: Some(3), prices: Some(2), ..Style::default() })
}

/// Label and price of a box, and the names of its gaps.
fn seen(discovery: &Discovery, key: &str) -> (Option<String>, Option<u32>, Vec<(String, OutcomeKind)>) {
    let graph = discovery.snapshot();
    let node = graph.get(&a_box(key)).unwrap();
    let thing = node.model::<Boxes>().unwrap();
    let gaps = node.gaps().iter().map(|gap| (gap.part.clone(), gap.outcome)).collect();
    (thing.label, thing.price, gaps)
}

#[tokio::test(start_paused = true)]
async fn parts_are_asked_for_in_full_calls_and_only_of_what_is_wanted() {
    let shelf = labelled();
    let discovery = shelf.fill(9, 0).discover();
    discovery.search("b04".into(), &scope());
    discovery.settled().await;
    assert_eq!((shelf.of(LABELS).len(), shelf.of(PRICES).len()), (1, 1), "of the one that was looked for");
    assert_eq!(shelf.of(LABELS)[0].keys, ["b04"]);
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert!(report.is_complete());
    assert_eq!((shelf.of(LABELS).len(), shelf.of(PRICES).len()), (1 + 3, 1 + 4));
    for api in [LABELS, PRICES] {
        let mut keys: Vec<String> = shelf.of(api).into_iter().flat_map(|it| it.keys).collect();
        keys.sort();
        assert_eq!(keys.len(), 9, "each once");
        keys.dedup();
        assert_eq!(keys.len(), 9, "each once");
    }
    assert_eq!(seen(&discovery, "b08"), (Some("label of b08".into()), Some(1), vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_answers_fewer_than_were_asked_leaves_the_rest_as_they_are() {
    let style = Style { unlabelled: ["b01".to_owned()].into(), labels: Some(10), ..Style::default() };
    let shelf = Shelf::new(style);
    let discovery = shelf.fill(3, 0).discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    assert!(discovery.settled().await.is_complete());
    assert_eq!(seen(&discovery, "b00").0, Some("label of b00".into()));
    assert_eq!(seen(&discovery, "b01"), (None, None, vec![]), "one without labels has none");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_is_a_gap_in_those_of_its_call() {
    let shelf = labelled();
    shelf.fill(4, 0).rule(|sent| {
        (sent.operation == "DescribePrices" && sent.keys.contains(&"b01".to_owned()))
            .then(|| FetchError::failed("no price"))
    });
    let discovery = shelf.discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 4);
    assert_eq!(report.problems.len(), 1);
    assert_eq!((report.problems[0].count, report.problems[0].outcome), (2, OutcomeKind::Failed));
    let gap = vec![("price".to_owned(), OutcomeKind::Failed)];
    assert_eq!(seen(&discovery, "b01"), (Some("label of b01".into()), None, gap));
    assert_eq!(seen(&discovery, "b02").2, []);
}

#[tokio::test(start_paused = true)]
async fn a_denied_part_is_asked_for_once() {
    let shelf = labelled();
    shelf
        .fill(20, 0)
        .rule(|sent| (sent.operation == "DescribePrices").then(|| FetchError::denied("no prices")));
    let discovery = shelf.discover();
    discovery.ask_all::<Boxes>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 20);
    assert!(shelf.count(PRICES) <= 2, "those that were under way: {}", shelf.count(PRICES));
    let graph = discovery.snapshot();
    assert!(
        graph.nodes().all(|node| node.gaps().len() == 1 && node.gaps()[0].outcome == OutcomeKind::Denied)
    );
    assert_eq!(report.problems[0].count, 20);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_when_its_parts_are_asked_for_is_absent() {
    for poisons in [false, true] {
        let shelf = labelled();
        let gone = shelf.clone();
        shelf.fill(7, 0).rule(move |sent| {
            gone.remove("b03");
            let is_part = sent.operation == "DescribeLabels" && sent.keys.contains(&"b03".to_owned());
            (poisons && is_part).then(|| FetchError::poisoned("one is unknown"))
        });
        // The list tells of it just before.
        shelf.rule({
            let gone = shelf.clone();
            move |sent| {
                if sent.operation == "DescribeLabels" {
                    gone.remove("b03");
                }
                let is_part = sent.operation == "DescribeLabels" && sent.keys.contains(&"b03".to_owned());
                (poisons && is_part).then(|| FetchError::poisoned("one is unknown"))
            }
        });
        let discovery = shelf.discover();
        discovery.ask_all::<Boxes>(&scope()).unwrap();
        let report = discovery.settled().await;
        assert_eq!(report.outcomes[&OutcomeKind::Found], 6);
        assert_eq!(report.outcomes[&OutcomeKind::Absent], 1);
        assert!(report.is_complete() && discovery.progress().borrow().open == 0);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_while_its_parts_are_asked_for_is_in_a_call_once() {
    let shelf =
        Shelf::new(Style { labels: Some(10), prices: Some(10), box_page: Some(100), ..Style::default() });
    shelf.fill(12, 0);
    // Labels say at once that it is gone; prices take their time.
    shelf.rule({
        let shelf = shelf.clone();
        move |sent| match (sent.operation, sent.before) {
            ("DescribeLabels", 0) => {
                shelf.remove("b03");
                None
            }
            ("DescribePrices", 0..4) => Some(FetchError::transient("slow")),
            _ => None,
        }
    });
    let discovery = shelf.discover();
    (0..12).for_each(|id| discovery.ask(&a_box(&format!("b{id:02}"))).unwrap());
    tokio::time::sleep(Duration::from_millis(150)).await;
    shelf.put(Thing::new("b03"));
    discovery.refresh(&a_box("b03")).unwrap();
    let report = discovery.settled().await;
    assert!(report.is_complete(), "{report:?}");
    for sent in shelf.of(PRICES).into_iter().chain(shelf.of(LABELS)) {
        let mut keys = sent.keys.clone();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), sent.keys.len(), "no key twice in a call: {sent:?}");
    }
    assert_eq!(seen(&discovery, "b03"), (Some("label of b03".into()), Some(1), vec![]));
}
