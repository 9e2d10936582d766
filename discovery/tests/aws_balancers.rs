//! Classic load balancers on the embedded AWS: lists, tags twenty in a call, unknown names.

mod account;

use account::{account, discover, scope};
use tidegate_discovery::{OutcomeKind, Ref, aws::elb::LoadBalancers};
use tidegate_local_aws::{
    Limit, Limits, Rate,
    resources::{Resources, Sizes},
};

const NONE: Sizes = Sizes {
    instances: 0,
    classic_load_balancers: 0,
    auto_scaling_groups: 0,
    record_sets: 0,
    hosted_zones: 0,
    others: 0,
};

#[tokio::test(start_paused = true)]
async fn an_inventory_asks_for_twenty_tags_in_a_call() {
    let aws = account(Resources::generate(Sizes { classic_load_balancers: 1_000, ..NONE })).await;
    aws.set_limits(Limits::none().with(
        Limit::new("elasticloadbalancing", ["DescribeTags"], Rate::per_second(10), 40).error(
            400,
            "Throttling",
            "Rate exceeded",
        ),
    ));
    let discovery = discover(&aws);
    discovery.ask_all::<LoadBalancers>(&scope()).unwrap();
    let report = discovery.settled().await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.outcomes[&OutcomeKind::Found], 1_000);
    let counters = aws.counters();
    assert_eq!(counters.action("elasticloadbalancing", "DescribeLoadBalancers").accepted, 3);
    let tags = counters.action("elasticloadbalancing", "DescribeTags");
    assert_eq!(tags.accepted, 50);
    assert!(tags.throttled <= 5, "{tags:?}");
    let graph = discovery.snapshot();
    let node = graph.get(&Ref::<LoadBalancers>::new(scope(), "classic-7")).unwrap();
    assert_eq!(node.model::<LoadBalancers>().unwrap().tags.get("Name"), Some("classic-7"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_costs_nobody_else() {
    let aws = account(Resources::generate(Sizes { classic_load_balancers: 30, ..NONE })).await;
    let discovery = discover(&aws);
    for n in 0..40 {
        discovery.ask(&Ref::<LoadBalancers>::new(scope(), format!("classic-{n}"))).unwrap();
    }
    let report = discovery.settled().await;
    assert_eq!(
        (report.outcomes[&OutcomeKind::Found], report.outcomes[&OutcomeKind::Absent]),
        (30, 10),
        "{report:?}"
    );
    assert!(report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_looked_for_once_the_tags_are_there() {
    let aws = account(Resources::generate(Sizes { classic_load_balancers: 50, others: 5, ..NONE })).await;
    let discovery = discover(&aws);
    discovery.search("Name=classic-17".into(), &scope());
    discovery.settled().await;
    let graph = discovery.snapshot();
    let roots: Vec<_> = graph.roots().map(|node| node.key().to_owned()).collect();
    assert_eq!(roots, ["classic-17"]);
}
