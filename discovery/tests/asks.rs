//! What is asked for, and in how many calls.

mod cloud;

use std::time::Duration;

use cloud::{Cloud, Things, scope, thing};
use tidegate_discovery::{Outcome, OutcomeKind};

#[tokio::test(start_paused = true)]
async fn a_circle_is_found_from_any_of_its_members() {
    for start in 0..5 {
        let things = Things::new(Cloud::new((0..5).map(|id| (id, vec![(id + 1) % 5, id]))));
        let discovery = things.discover();
        discovery.ask(&thing(start)).unwrap();
        let report = discovery.settled().await;
        assert!(report.is_complete());
        let graph = discovery.snapshot();
        assert_eq!((graph.len(), graph.edge_count()), (5, 10));
        assert_eq!(graph.roots().map(|node| node.key().to_owned()).collect::<Vec<_>>(), [start.to_string()]);
        assert_eq!(graph.walk(graph.get(&thing(start)).unwrap()).count(), 5);
        let mut asked: Vec<u32> = things.calls().concat();
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 2, 3, 4], "each once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_in_one_go_shares_calls() {
    let things = Things::new(Cloud::new((0..100).map(|id| (id, vec![]))));
    let discovery = things.discover();
    for _ in 0..10 {
        (0..100).for_each(|id| discovery.ask(&thing(id)).unwrap());
    }
    discovery.settled().await;
    assert_eq!(things.calls().len(), 10, "{:?}", things.calls());
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_a_hundred_thousand() {
    let mut cloud = Cloud::new((0..100_000).map(|id| (id, vec![id + 1])));
    cloud.latency = Duration::from_micros(1);
    let things = Things::new(cloud);
    let discovery = things.discover();
    discovery.ask(&thing(0)).unwrap();
    let report = discovery.settled().await;
    assert_eq!(report.outcomes[&OutcomeKind::Found], 100_000);
    assert_eq!(report.outcomes[&OutcomeKind::Absent], 1, "the end of the chain is not there");
}

#[tokio::test(start_paused = true)]
async fn a_known_resource_is_answered_at_once() {
    let things = Things::new(Cloud::new([(1, vec![2]), (2, vec![1])]));
    let discovery = things.discover();
    let found = discovery.get(&thing(1)).await;
    assert_eq!(found.map(|thing| thing.to.clone()), Outcome::Found(vec![2]));
    assert_eq!(discovery.get(&thing(3)).await.kind(), OutcomeKind::Absent);
    discovery.settled().await;
    let calls = things.calls().len();
    assert_eq!(discovery.get(&thing(2)).await.kind(), OutcomeKind::Found);
    assert_eq!(things.calls().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn poison_costs_nobody_else() {
    let mut cloud = Cloud::new((0..10).map(|id| (id, vec![])));
    cloud.poison = [3, 7].into();
    let things = Things::new(cloud);
    let discovery = things.discover();
    (0..10).for_each(|id| discovery.ask(&thing(id)).unwrap());
    let report = discovery.settled().await;
    assert_eq!((report.outcomes[&OutcomeKind::Found], report.outcomes[&OutcomeKind::Absent]), (8, 2));
    assert!(report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn keys_join_a_list_that_is_under_way() {
    let mut cloud = Cloud::new((0..100).map(|id| (id, vec![(id * 7) % 100])));
    cloud.page = Some(10);
    let things = Things::new(cloud);
    let discovery = things.discover();
    discovery.ask_all::<Things>(&scope()).unwrap();
    discovery.ask(&thing(99)).unwrap();
    discovery.ask(&thing(500)).unwrap();
    let report = discovery.settled().await;
    assert_eq!(things.calls(), Vec::<Vec<u32>>::new(), "nothing by id");
    assert_eq!(*things.pages.lock().unwrap(), 10);
    assert_eq!((report.outcomes[&OutcomeKind::Found], report.outcomes[&OutcomeKind::Absent]), (100, 1));
    assert!(report.covers("cloud:thing", &scope()));
}
