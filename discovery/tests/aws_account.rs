//! An inventory of a generated account under AWS's limits: nothing fails, and no call is made that need not be.

#![allow(clippy::unwrap_used, reason = "what a test made itself")]

mod account;

use std::{collections::BTreeMap, time::Duration};

use account::{account, discover, scope};
use tidegate_discovery::{CallCounts, OutcomeKind, Report};
use tidegate_local_aws::{
    Limit, Limits, LocalAws, Rate,
    resources::{Resources, Sizes},
};
use tokio::time::Instant;

/// The least calls of each action, by AWS's documented pages and ids in a call, for the account of `Sizes::default`.
const LEAST: [(&str, u64); 36] = [
    ("autoscaling:DescribeAutoScalingGroups", 2),
    ("autoscaling:DescribeLaunchConfigurations", 1),
    ("ec2:DescribeInstances", 2),
    ("ec2:DescribeKeyPairs", 1),
    ("ec2:DescribeLaunchTemplateVersions", 1),
    ("ec2:DescribeLaunchTemplates", 1),
    ("ec2:DescribeSecurityGroups", 1),
    ("ec2:DescribeSubnets", 1),
    ("ec2:DescribeVolumes", 2),
    ("ec2:DescribeVpcs", 1),
    ("ecs:DescribeClusters", 1),
    // Services and tasks are asked for cluster by cluster.
    ("ecs:DescribeServices", 40),
    ("ecs:DescribeTasks", 40),
    ("ecs:ListClusters", 1),
    ("ecs:ListServices", 40),
    ("ecs:ListTasks", 40),
    ("elasticbeanstalk:DescribeApplications", 1),
    ("elasticbeanstalk:DescribeEnvironmentResources", 40),
    ("elasticbeanstalk:DescribeEnvironments", 1),
    ("elasticloadbalancing:DescribeLoadBalancers", 3),
    ("elasticloadbalancing:DescribeTags", 50),
    ("elasticloadbalancingv2:DescribeLoadBalancers", 1),
    ("elasticloadbalancingv2:DescribeTags", 4),
    ("elasticloadbalancingv2:DescribeTargetGroups", 1),
    ("elasticloadbalancingv2:DescribeTargetHealth", 40),
    ("iam:ListInstanceProfiles", 1),
    ("iam:ListRoles", 1),
    ("kinesis:ListStreams", 1),
    ("lambda:ListFunctions", 1),
    ("route53:ListHostedZones", 1),
    ("route53:ListResourceRecordSets", 5),
    ("s3:ListBuckets", 1),
    ("sqs:ListQueues", 1),
    // Not asked at all: the lists tell it.
    ("elasticbeanstalk:ListTagsForResource", 0),
    ("lambda:GetFunctionConfiguration", 0),
    ("iam:GetRole", 0),
];

/// AWS's documented limits, and for the services that publish none what they were seen to have.
fn limits(share: u32) -> Limits {
    let throttling = |service: &str, refill: u32, burst: u32| {
        let rate = Rate::per_second((refill / share).max(1));
        Limit::new(service, ["*"], rate, (burst / share).max(1)).per_action().error(
            400,
            "Throttling",
            "Rate exceeded",
        )
    };
    let ec2 = Limit::new("ec2", ["Describe*"], Rate::per_second((20 / share).max(1)), (100 / share).max(1));
    // The documented rows come first, and count, where nothing is cut.
    let documented = if share == 1 { Limits::aws() } else { Limits::none() };
    documented
        .with(ec2.per_action().error(503, "RequestLimitExceeded", "Request limit exceeded."))
        .with(throttling("autoscaling", 10, 40))
        .with(throttling("elasticloadbalancing", 10, 40))
        .with(throttling("elasticloadbalancingv2", 10, 40))
        .with(throttling("elasticbeanstalk", 5, 20))
        .with(throttling("iam", 10, 40))
}

async fn inventory(aws: &LocalAws, cut: Option<Duration>) -> (Report, Duration) {
    let discovery = discover(aws);
    let began = Instant::now();
    discovery.ask_everything(&scope());
    if let Some(after) = cut {
        tokio::time::sleep(after).await;
        aws.set_limits(limits(3));
        aws.reset_counters();
    }
    let report = discovery.settled().await;
    (report, began.elapsed())
}

fn made(aws: &LocalAws) -> (BTreeMap<String, u64>, u64, u64) {
    let (mut by_action, mut all, mut throttled) = (BTreeMap::new(), 0, 0);
    let counters = aws.counters();
    for (name, _) in LEAST {
        let (service, action) = name.split_once(':').unwrap();
        let counted = counters.action(service, action);
        by_action.insert(name.to_owned(), counted.accepted + counted.throttled);
        all += counted.accepted + counted.throttled;
        throttled += counted.throttled;
    }
    (by_action, all, throttled)
}

#[tokio::test(start_paused = true)]
async fn the_least_calls_within_the_limits() {
    let aws = account(Resources::generate(Sizes::default())).await;
    aws.set_limits(limits(1));
    let (report, took) = inventory(&aws, None).await;
    let (by_action, all, throttled) = made(&aws);
    let least: u64 = LEAST.iter().map(|(_, least)| least).sum();
    println!("| action | least | made |\n|---|---|---|");
    for (name, least) in LEAST {
        println!("| {name} | {least} | {} |", by_action[name]);
    }
    println!("| all | {least} | {all}, {throttled} throttled, in {took:.1?} |");
    let CallCounts { calls, .. } = &report.calls;
    assert_eq!(calls.values().sum::<u64>(), all, "every call is in the table: {calls:?}");
    assert!(report.is_complete(), "{report:#?}");
    let found = report.outcomes[&OutcomeKind::Found];
    assert!(found > 2 * 2_000 + 1_000 + 200 + 500 + 16 * 40, "{found}");
    assert!(all * 10 <= least * 11, "{all} calls, where {least} do");
    // Elastic Beanstalk's 40 calls for resources need (40 - 20) / 5 = 4 s, and nothing needs longer.
    assert!(took <= Duration::from_millis(4_400 + 3_000), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_cut_to_a_third_fail_nothing() {
    let aws = account(Resources::generate(Sizes::default())).await;
    aws.set_limits(limits(1));
    let (report, _) = inventory(&aws, Some(Duration::from_millis(100))).await;
    assert!(report.is_complete(), "{:#?}", report.problems);
    let (_, all, throttled) = made(&aws);
    println!("{throttled} of {all} calls were throttled after the cut");
    assert!(throttled * 20 <= all, "{throttled} of {all} calls were throttled after the cut");
}
