//! The account of the story: a circle, from any of its members.

mod account;

use std::collections::BTreeSet;

use account::{account, discover, scope};
use tidegate_discovery::Graph;
use tidegate_local_aws::resources::Resources;

/// What belongs to the shop.
const CIRCLE: [(&str, &str); 10] = [
    ("autoscaling:group", "awseb-e-shopprod01-stack-AWSEBAutoScalingGroup-1A2B3C"),
    (
        "autoscaling:launch-configuration",
        "awseb-e-shopprod01-stack-AWSEBAutoScalingLaunchConfiguration-4D5E6F",
    ),
    ("ec2:instance", "i-0a1b2c3d4e5f60001"),
    ("ec2:instance", "i-0a1b2c3d4e5f60002"),
    ("ec2:key-pair", "shop-deploy"),
    ("elasticbeanstalk:application", "shop"),
    ("elasticbeanstalk:environment", "shop-production"),
    ("elb:load-balancer", "awseb-e-s-AWSEBLoa-7G8H9I"),
    ("route53:hosted-zone", "Z0SHOP1EXAMPLE"),
    ("route53:record-set", "Z0SHOP1EXAMPLE/www.shop.example/A"),
];

async fn dig(term: &str) -> Graph {
    let aws = account(Resources::story()).await;
    let discovery = discover(&aws);
    discovery.search(term.into(), &scope());
    let report = discovery.settled().await;
    assert!(report.is_complete(), "{term}: {report:#?}");
    discovery.snapshot()
}

#[tokio::test(start_paused = true)]
async fn the_whole_circle_from_any_of_its_members() {
    for term in [
        "i-0a1b2c3d4e5f60001",
        "shop-deploy",
        "awseb-e-shopprod01-stack-AWSEBAutoScalingLaunchConfiguration-4D5E6F",
        "awseb-e-shopprod01-stack-AWSEBAutoScalingGroup-1A2B3C",
        "awseb-e-s-AWSEBLoa-7G8H9I",
        "shop-production",
        "e-shopprod01",
        "shop",
        "www.shop.example",
        "10.0.0.10",
        "203.0.113.11",
        "elasticbeanstalk:environment-name=shop-production",
        "awseb-e-s-AWSEBLoa-7G8H9I-1234567890.us-east-1.elb.amazonaws.com",
        "shop-production.us-east-1.elasticbeanstalk.com",
    ] {
        let graph = dig(term).await;
        let found: BTreeSet<(&str, &str)> =
            graph.nodes().map(|node| (node.type_name(), node.key())).collect();
        let missing: Vec<_> = CIRCLE.iter().filter(|node| !found.contains(*node)).collect();
        assert!(missing.is_empty(), "{term}: {missing:?} of {found:?}");
        assert_eq!(found.len(), graph.len(), "each once");
        assert!(graph.roots().count() >= 1, "{term}");
        let odd: Vec<_> = graph.nodes().filter(|node| !node.outcome().is_seen()).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nothing_answers_to_finds_nothing() {
    let graph = dig("no-such-thing").await;
    assert!(graph.is_empty(), "{:?}", graph.nodes().map(|node| node.key().to_owned()).collect::<Vec<_>>());
}
