//! What holds on any graph, whatever fails: against a search that knows the whole cloud.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod cloud;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use cloud::{Cloud, Things, scope, thing};
use proptest::prelude::*;
use tidegate_discovery::{Discovery, Graph, OutcomeKind};

/// A cloud of any shape, and what is asked of it.
#[derive(Clone, Debug)]
struct Case {
    cloud: Cloud,
    asked: Vec<u32>,
}

fn cases() -> impl Strategy<Value = Case> {
    let things = (1_u32..60).prop_flat_map(|count| {
        let refs = prop::collection::vec(0..count + 5, 0..6);
        let things = prop::collection::btree_map(0..count, refs, 0..count as usize + 1);
        (things, prop::collection::vec(0..count + 5, 1..8))
    });
    let few = || prop::collection::btree_set(0_u32..60, 0..4);
    let way = prop_oneof![
        Just((true, None)),
        (1_usize..20).prop_map(|page| (true, Some(page))),
        (1_usize..20).prop_map(|page| (false, Some(page))),
    ];
    (things, few(), few(), 1_usize..12, way, 0_usize..4).prop_map(
        |((things, asked), poison, failing, at_once, (by_id, page), stumbles)| {
            let mut cloud = Cloud::new(things);
            (cloud.at_once, cloud.by_id, cloud.page, cloud.stumbles) = (at_once, by_id, page, stumbles);
            (cloud.poison, cloud.failing) = (poison, failing);
            Case { cloud, asked }
        },
    )
}

/// What becomes of everything that the asked things lead to, if no call failed but those for poisoned things alone.
fn expected(case: &Case) -> BTreeMap<u32, OutcomeKind> {
    let mut outcomes = BTreeMap::new();
    let mut next: VecDeque<u32> = case.asked.iter().copied().collect();
    while let Some(id) = next.pop_front() {
        if outcomes.contains_key(&id) {
            continue;
        }
        let found = case.cloud.things.get(&id);
        outcomes.insert(id, if found.is_some() { OutcomeKind::Found } else { OutcomeKind::Absent });
        next.extend(found.into_iter().flatten());
    }
    outcomes
}

fn outcomes(graph: &Graph) -> BTreeMap<u32, OutcomeKind> {
    graph.nodes().map(|node| (node.key().parse().unwrap(), node.outcome())).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

async fn settle(things: &Things, asked: &[u32]) -> Discovery {
    let discovery = things.discover();
    for id in asked {
        discovery.ask(&thing(*id)).unwrap();
    }
    // Whoever waits and goes away changes nothing.
    let _ = tokio::time::timeout(Duration::from_millis(45), discovery.settled()).await;
    let _ = tokio::time::timeout(Duration::from_millis(1), discovery.get(&thing(asked[0]))).await;
    discovery.settled().await;
    discovery
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_thing_has_the_outcome_that_it_must_have(mut case in cases()) {
        case.cloud.failing.clear();
        // A poisoned thing that is there is told by lists, and not by calls for its id.
        let poison = case.cloud.poison.clone();
        case.cloud.things.retain(|id, _| !poison.contains(id));
        let things = Things::new(case.cloud.clone());
        let graph = block_on(async { settle(&things, &case.asked).await.snapshot() });
        prop_assert_eq!(outcomes(&graph), expected(&case));
        prop_assert!(graph.report().is_complete());
        for node in graph.nodes().filter(|node| node.outcome() == OutcomeKind::Found) {
            let id: u32 = node.key().parse().unwrap();
            let to: Vec<u32> = node.refs().map(|edge| edge.node.key().parse().unwrap()).collect();
            prop_assert_eq!(&to, &case.cloud.things[&id], "every reference is there, in its order");
        }
    }

    #[test]
    fn calls_are_full_distinct_and_no_more_than_they_must_be(mut case in cases()) {
        (case.cloud.failing, case.cloud.poison, case.cloud.stumbles) = Default::default();
        let things = Things::new(case.cloud.clone());
        block_on(settle(&things, &case.asked));
        let calls = things.calls();
        for call in &calls {
            prop_assert!(!call.is_empty() && call.len() <= case.cloud.at_once);
            prop_assert_eq!(call.iter().collect::<BTreeSet<_>>().len(), call.len(), "no key twice in a call");
        }
        let asked: Vec<u32> = calls.concat();
        prop_assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "no key is answered twice");
    }

    #[test]
    fn what_fails_costs_only_those_of_its_call(mut case in cases()) {
        (case.cloud.poison, case.cloud.at_once, case.cloud.page, case.cloud.by_id) = (BTreeSet::new(), 1, None, true);
        case.cloud.stumbles = 0;
        let things = Things::new(case.cloud.clone());
        let graph = block_on(async { settle(&things, &case.asked).await.snapshot() });
        for (id, outcome) in outcomes(&graph) {
            let expected = match () {
                () if case.cloud.failing.contains(&id) => OutcomeKind::Failed,
                () if case.cloud.things.contains_key(&id) => OutcomeKind::Found,
                () => OutcomeKind::Absent,
            };
            prop_assert_eq!(outcome, expected, "{}", id);
        }
    }

    #[test]
    fn a_denied_api_is_asked_once_and_nothing_is_absent(mut case in cases()) {
        case.cloud.denied = true;
        case.cloud.stumbles = 0;
        let things = Things::new(case.cloud.clone());
        let graph = block_on(async { settle(&things, &case.asked).await.snapshot() });
        prop_assert!(graph.nodes().all(|node| node.outcome() == OutcomeKind::Denied));
        // Those that were under way when the first was denied, and the list instead.
        prop_assert!(things.calls().len() <= 4 && *things.pages.lock().unwrap() <= 1);
        prop_assert!(!graph.report().is_complete());
    }

    #[test]
    fn a_shutdown_ends_everything_at_once(case in cases(), after in 0_u64..200) {
        let things = Things::new(case.cloud.clone());
        let graph = block_on(async {
            let discovery = things.discover();
            case.asked.iter().for_each(|id| discovery.ask(&thing(*id)).unwrap());
            tokio::time::sleep(Duration::from_millis(after)).await;
            discovery.shutdown();
            let began = tokio::time::Instant::now();
            discovery.settled().await;
            assert_eq!(began.elapsed(), Duration::ZERO, "nothing is owed any more");
            discovery.ask(&thing(0)).unwrap();
            discovery.settled().await;
            assert_eq!(discovery.progress().borrow().open, 0);
            discovery.snapshot()
        });
        for (id, outcome) in outcomes(&graph) {
            let is_there = case.cloud.things.contains_key(&id);
            prop_assert!(outcome != OutcomeKind::Absent || !is_there || case.cloud.poison.contains(&id), "{}", id);
        }
    }

    #[test]
    fn the_same_cloud_makes_the_same_graph(mut case in cases(), latency in 1_u64..90, order in any::<u64>()) {
        (case.cloud.failing, case.cloud.poison) = Default::default();
        let json = |cloud: Cloud, asked: Vec<u32>| {
            let things = Things::new(cloud);
            let graph = block_on(async { settle(&things, &asked).await.snapshot() });
            let mut json = Vec::new();
            graph.to_json(&mut json).unwrap();
            let mut value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            let again = Graph::from_json(&*json).unwrap();
            let mut twice = Vec::new();
            again.to_json(&mut twice).unwrap();
            assert_eq!(json, twice, "what is saved is loaded");
            (value["nodes"].take(), value["edges"].take())
        };
        let one = json(case.cloud.clone(), case.asked.clone());
        let (mut cloud, mut asked) = (case.cloud, case.asked);
        cloud.latency = Duration::from_millis(latency);
        let turn = usize::try_from(order).unwrap_or(0) % asked.len();
        asked.rotate_left(turn);
        prop_assert_eq!(one, json(cloud, asked));
    }

    #[test]
    fn nothing_is_removed_that_was_not_looked_at(case in cases(), other in cases()) {
        let graph = |case: &Case| {
            let things = Things::new(case.cloud.clone());
            block_on(async { settle(&things, &case.asked).await.snapshot() })
        };
        let (old, new) = (graph(&case), graph(&other));
        let diff = old.diff(&new);
        for name in &diff.removed {
            let seen = new.named("cloud:thing", &scope(), &name.key);
            let was_seen = seen.is_some_and(|node| node.outcome() == OutcomeKind::Absent);
            prop_assert!(was_seen || new.report().covers("cloud:thing", &scope()), "{}", name);
        }
        prop_assert!(old.diff(&old).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_ask_for_the_same_thing() {
    let mut cloud = Cloud::new((0..50).map(|id| (id, vec![(id + 1) % 50, (id * 7) % 50])));
    cloud.latency = Duration::from_millis(1);
    let things = Things::new(cloud);
    let discovery = things.discover();
    let tasks: Vec<_> = (0..1_000)
        .map(|number| {
            let discovery = discovery.clone();
            tokio::spawn(async move { discovery.get(&thing(number % 50)).await.kind() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), OutcomeKind::Found);
    }
    discovery.settled().await;
    let asked: Vec<u32> = things.calls().concat();
    assert_eq!(asked.len(), 50, "each once");
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_call() {
    let things = Things::new(Cloud::new([(1, vec![2]), (2, vec![])]));
    things.panics.store(true, std::sync::atomic::Ordering::Relaxed);
    let discovery = things.discover();
    assert_eq!(discovery.get(&thing(1)).await.kind(), OutcomeKind::Failed);
    things.panics.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(discovery.get(&thing(2)).await.kind(), OutcomeKind::Found);
    assert_eq!(discovery.settled().await.problems.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn settled_is_neither_early_nor_late() {
    let things = Things::new(Cloud::new((0..6).map(|id| (id, vec![id + 1]))));
    let discovery = things.discover();
    let began = tokio::time::Instant::now();
    discovery.settled().await;
    assert_eq!(began.elapsed(), Duration::ZERO, "nothing was asked");
    discovery.ask(&thing(0)).unwrap();
    discovery.settled().await;
    // Seven calls in a row, of 30 ms each, which each wait a millisecond for company.
    assert_eq!(began.elapsed(), Duration::from_millis(7 * 31));
}

#[tokio::test(start_paused = true)]
async fn a_complete_graph_and_one_of_loops() {
    for (count, to) in [(40_u32, (0..40).collect::<Vec<_>>()), (200, vec![])] {
        let things = Things::new(Cloud::new(
            (0..count).map(|id| (id, if to.is_empty() { vec![id] } else { to.clone() })),
        ));
        let discovery = things.discover();
        (0..count).for_each(|id| discovery.ask(&thing(id)).unwrap());
        let report = discovery.settled().await;
        assert_eq!(report.outcomes[&OutcomeKind::Found], u64::from(count));
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_are_left_out_and_counted() {
    let things = Things::new(Cloud::new((0..100).map(|id| (id, vec![id + 1]))));
    let discovery = Discovery::builder().mirror(things.clone()).max_nodes(10).build().unwrap();
    discovery.ask(&thing(0)).unwrap();
    let report = discovery.settled().await;
    assert_eq!(discovery.snapshot().len(), 10);
    assert!(report.left_out > 0 && !report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_fetched_once_and_can_be_read_meanwhile() {
    let things = Things::new(Cloud::new([(1, vec![])]));
    let discovery = Discovery::builder().mirror(things.clone()).ttl(Duration::from_mins(1)).build().unwrap();
    discovery.get(&thing(1)).await;
    tokio::time::advance(Duration::from_mins(2)).await;
    for _ in 0..100 {
        discovery.ask(&thing(1)).unwrap();
    }
    let began = tokio::time::Instant::now();
    assert_eq!(discovery.get(&thing(1)).await.kind(), OutcomeKind::Found);
    assert_eq!(began.elapsed(), Duration::ZERO, "what is old can be read");
    discovery.settled().await;
    assert_eq!(things.calls().len(), 2);
    things.panics.store(true, std::sync::atomic::Ordering::Relaxed);
    discovery.refresh(&thing(1)).unwrap();
    let report = discovery.settled().await;
    let graph = discovery.snapshot();
    let node = graph.get(&thing(1)).unwrap();
    assert!(node.is_stale() && node.outcome() == OutcomeKind::Found && !report.is_complete());
}
