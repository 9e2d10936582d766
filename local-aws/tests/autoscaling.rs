//! EC2 Auto Scaling: what it tells, pages, caps, filters and errors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_autoscaling::{
    Client,
    types::{AutoScalingInstanceDetails, Filter, TagDescription},
};
use described::{ACCOUNT, calls, names, one_call, refused, world};
use tidegate_local_aws::resources::{
    AutoScalingGroup, Instance, LaunchConfiguration, LaunchTemplate, LaunchTemplateUse,
    LaunchTemplateVersion, Resources, Sizes, Subnet, Tags,
};

const SERVICE: &str = "autoscaling";
const GROUP: &str = "awseb-e-shopprod01-stack-AWSEBAutoScalingGroup-1A2B3C";
const LAUNCH_CONFIGURATION: &str = "awseb-e-shopprod01-stack-AWSEBAutoScalingLaunchConfiguration-4D5E6F";
const LOAD_BALANCER: &str = "awseb-e-s-AWSEBLoa-7G8H9I";

fn group(name: &str, tags: &[(&str, &str)]) -> AutoScalingGroup {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    AutoScalingGroup { name: name.to_owned(), tags: tags.collect(), ..AutoScalingGroup::default() }
}

fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

fn tagged() -> Resources {
    Resources {
        auto_scaling_groups: vec![
            group("a", &[("env", "prod"), ("team", "shop")]),
            group("b", &[("env", "test"), ("team", "shop")]),
            group("c", &[("env", "prod"), ("owner", "test")]),
            group("d", &[]),
        ],
        ..Resources::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_told_whole() {
    let (_aws, config) = world(Resources::story()).await;
    let told = Client::new(&config).describe_auto_scaling_groups().send().await.unwrap();
    assert_eq!(told.next_token(), None);
    let [it] = told.auto_scaling_groups() else { panic!("{told:?}") };
    assert_eq!(it.auto_scaling_group_name(), Some(GROUP));
    let arn = it.auto_scaling_group_arn().unwrap();
    assert!(arn.starts_with("arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:"), "{arn}");
    assert!(arn.ends_with(&format!(":autoScalingGroupName/{GROUP}")), "{arn}");
    assert_eq!(arn, group(GROUP, &[]).arn(ACCOUNT, "us-east-1"));
    assert_eq!(it.launch_configuration_name(), Some(LAUNCH_CONFIGURATION));
    assert!(it.launch_template().is_none());
    assert_eq!((it.min_size(), it.max_size(), it.desired_capacity()), (Some(1), Some(4), Some(2)));
    assert_eq!(it.load_balancer_names(), [LOAD_BALANCER]);
    assert_eq!(it.target_group_arns.as_deref(), Some(&[][..]));
    assert_eq!(it.vpc_zone_identifier(), Some("subnet-0a1b2c3d4e5f60001"));
    assert_eq!(it.availability_zones(), ["us-east-1a"]);
    let sources: Vec<_> = it.traffic_sources().iter().map(|it| (it.identifier(), it.r#type())).collect();
    assert_eq!(sources, [(Some(LOAD_BALANCER), Some("elb"))]);
    assert_eq!((it.health_check_type(), it.default_cooldown()), (Some("EC2"), Some(300)));
    assert_eq!(it.termination_policies(), ["Default"]);
    assert!(
        it.service_linked_role_arn().unwrap().starts_with("arn:aws:iam::000000000000:role/aws-service-role/")
    );
    assert_eq!(it.created_time().unwrap().to_string(), "2026-01-01T00:00:00Z");
    let tags: Vec<_> = it.tags().iter().map(|it| (it.key().unwrap(), it.value().unwrap())).collect();
    assert_eq!(
        tags,
        [
            ("Name", "shop-production"),
            ("elasticbeanstalk:environment-id", "e-shopprod01"),
            ("elasticbeanstalk:environment-name", "shop-production")
        ]
    );
    let tag = &it.tags()[0];
    assert_eq!((tag.resource_id(), tag.resource_type()), (Some(GROUP), Some("auto-scaling-group")));
    assert_eq!(tag.propagate_at_launch(), Some(true));
    let [first, second] = it.instances() else { panic!("{it:?}") };
    assert_eq!(first.instance_id(), Some("i-0a1b2c3d4e5f60001"));
    assert_eq!(second.instance_id(), Some("i-0a1b2c3d4e5f60002"));
    assert_eq!((first.instance_type(), first.availability_zone()), (Some("t3.micro"), Some("us-east-1a")));
    assert_eq!(first.lifecycle_state().unwrap().as_str(), "InService");
    assert_eq!(first.health_status(), Some("Healthy"));
    assert_eq!(first.launch_configuration_name(), Some(LAUNCH_CONFIGURATION));
    assert_eq!(first.protected_from_scale_in(), Some(false));

    let without =
        Client::new(&config).describe_auto_scaling_groups().include_instances(false).send().await.unwrap();
    let [it] = without.auto_scaling_groups() else { panic!("{without:?}") };
    assert!(it.instances().is_empty() && it.tags().len() == 3, "{it:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_model_says_is_what_is_told() {
    let instance = |id: &str, state: &str, subnet: Option<&str>| Instance {
        id: id.to_owned(),
        state: state.to_owned(),
        subnet: subnet.map(str::to_owned),
        ..Instance::default()
    };
    let template = |name: &str, version: Option<&str>| AutoScalingGroup {
        launch_template: Some(LaunchTemplateUse {
            id: "lt-1".to_owned(),
            version: version.map(str::to_owned),
        }),
        ..group(name, &[])
    };
    let (_aws, config) = world(Resources {
        auto_scaling_groups: vec![
            AutoScalingGroup {
                instances: ["i-1", "i-2", "i-3", "i-4"].map(str::to_owned).into(),
                target_groups: vec!["arn:tg".to_owned()],
                subnets: vec!["s-2".to_owned(), "s-1".to_owned()],
                ..template("latest", Some("$Latest"))
            },
            AutoScalingGroup {
                instances: vec!["i-5".to_owned()],
                availability_zones: vec!["us-east-1f".to_owned()],
                ..template("default", None)
            },
        ],
        launch_templates: vec![LaunchTemplate {
            id: "lt-1".to_owned(),
            name: Some("web".to_owned()),
            versions: vec![LaunchTemplateVersion::default(), LaunchTemplateVersion::default()],
            ..LaunchTemplate::default()
        }],
        instances: vec![
            instance("i-1", "pending", Some("s-2")),
            instance("i-2", "stopped", None),
            instance("i-3", "terminated", Some("s-1")),
        ],
        subnets: vec![Subnet {
            id: "s-2".to_owned(),
            availability_zone: Some("us-east-1b".to_owned()),
            ..Subnet::default()
        }],
        ..Resources::default()
    })
    .await;
    let told = Client::new(&config).describe_auto_scaling_groups().send().await.unwrap();
    let [latest, default] = told.auto_scaling_groups() else { panic!("{told:?}") };
    assert_eq!(latest.vpc_zone_identifier(), Some("s-2,s-1"));
    assert_eq!(latest.availability_zones(), ["us-east-1a", "us-east-1b"]);
    assert_eq!(latest.target_group_arns(), ["arn:tg"]);
    assert_eq!(latest.traffic_sources()[0].r#type(), Some("elbv2"));
    assert_eq!(latest.launch_configuration_name(), None);
    let template = latest.launch_template().unwrap();
    assert_eq!(template.launch_template_id(), Some("lt-1"));
    assert_eq!((template.launch_template_name(), template.version()), (Some("web"), Some("$Latest")));
    assert_eq!(default.launch_template().unwrap().version(), Some("$Default"));
    let instances: Vec<_> = latest.instances().iter().chain(default.instances()).collect();
    let versions = instances.iter().map(|it| it.launch_template().unwrap().version().unwrap());
    assert_eq!(versions.collect::<Vec<_>>(), ["2", "2", "2", "2", "1"], "by which each was launched");
    let states = instances.iter().map(|it| it.lifecycle_state().unwrap().as_str());
    assert_eq!(states.collect::<Vec<_>>(), ["Pending", "InService", "Terminating", "InService", "InService"]);
    let zones: Vec<_> = instances.iter().map(|it| it.availability_zone().unwrap()).collect();
    assert_eq!(zones, ["us-east-1b", "us-east-1b", "us-east-1a", "us-east-1b", "us-east-1f"]);
    assert_eq!(instances[1].health_status(), Some("Unhealthy"));
    assert_eq!(instances[3].instance_type(), None, "nobody knows it");
}

#[tokio::test(start_paused = true)]
async fn pages_of_groups() {
    let (aws, config) = world(Resources::generate(Sizes::default())).await;
    let client = Client::new(&config);
    let first = client.describe_auto_scaling_groups().send().await.unwrap();
    assert_eq!(first.auto_scaling_groups().len(), 50, "unasked");
    aws.reset_counters();
    for (size, expected) in [(100, 2), (7, 29)] {
        let pages = client.describe_auto_scaling_groups().max_records(size).into_paginator().items().send();
        let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        let told: Vec<_> = all.iter().map(|it| it.auto_scaling_group_name().unwrap()).collect();
        assert_eq!(told, names("auto-scaling-group-", 200));
        assert_eq!(all.iter().map(|it| it.instances().len()).sum::<usize>(), 2_000);
        assert_eq!(calls(&aws, SERVICE, "DescribeAutoScalingGroups"), expected);
        aws.reset_counters();
    }
    let large = client.describe_auto_scaling_groups().max_records(101).send().await;
    let message = "1 validation error detected: Value '101' at 'maxRecords' failed to satisfy constraint: Member \
                   must have value less than or equal to 100";
    assert_eq!(refused(&large), ("ValidationError", message));
    let bad = client.describe_auto_scaling_groups().next_token("x").send().await;
    assert_eq!(refused(&bad), ("InvalidNextToken", "The token 'x' was invalid"));
    assert!(bad.unwrap_err().into_service_error().is_invalid_next_token());
    let foreign = client.describe_tags().next_token(first.next_token().unwrap()).send().await;
    assert_eq!(refused(&foreign).0, "InvalidNextToken");
}

#[tokio::test(start_paused = true)]
async fn groups_by_name() {
    let (_aws, config) = world(Resources::generate(Sizes::default())).await;
    let client = Client::new(&config);
    let ask =
        |names: Vec<String>| client.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
    let some =
        ["auto-scaling-group-7", "gone", "auto-scaling-group-3", "auto-scaling-group-7"].map(str::to_owned);
    let told = ask(some.into()).send().await.unwrap();
    let told: Vec<_> =
        told.auto_scaling_groups().iter().map(|it| it.auto_scaling_group_name().unwrap()).collect();
    assert_eq!(told, ["auto-scaling-group-3", "auto-scaling-group-7"], "unknown names are left out");
    assert!(ask(vec!["gone".to_owned()]).send().await.unwrap().auto_scaling_groups().is_empty());
    assert_eq!(ask(Vec::new()).send().await.unwrap().auto_scaling_groups().len(), 50, "none means all");
    let many = |many| names("auto-scaling-group-", many);
    assert_eq!(ask(many(50)).send().await.unwrap().auto_scaling_groups().len(), 50);
    let message = "The number of group names that may be passed in is limited to 50";
    assert_eq!(refused(&ask(many(51)).send().await), ("ValidationError", message));
    let larger = ask(many(100)).max_records(100).send().await.unwrap();
    assert_eq!((larger.auto_scaling_groups().len(), larger.next_token()), (100, None));
    let message = "The number of group names that may be passed in is limited to 100";
    assert_eq!(refused(&ask(many(101)).max_records(100).send().await), ("ValidationError", message));
}

#[tokio::test(start_paused = true)]
async fn groups_by_tag() {
    let (_aws, config) = world(tagged()).await;
    let client = Client::new(&config);
    let ask = async |filters: &[Filter]| {
        let told = client.describe_auto_scaling_groups().set_filters(Some(filters.to_vec())).send().await?;
        let names = told.auto_scaling_groups().iter().map(|it| it.auto_scaling_group_name().unwrap());
        let names: Vec<_> = names.collect();
        Ok(names.concat())
    };
    for (filters, expected) in [
        (vec![filter("tag:env", &["prod"])], "ac"),
        (vec![filter("tag:env", &["prod", "test"])], "abc"),
        (vec![filter("tag:env", &["prod"]), filter("tag:team", &["shop"])], "a"),
        (vec![filter("tag-key", &["owner", "team"])], "abc"),
        (vec![filter("tag-value", &["test"])], "bc"),
        (vec![filter("tag:gone", &["prod"])], ""),
        (vec![], "abcd"),
    ] {
        assert_eq!(ask(&filters).await.unwrap(), expected, "{filters:?}");
    }
    let wrong = ask(&[filter("instance-id", &["i-1"])]).await;
    let message =
        "Filter type instance-id is not correct. Allowed Filter types are: tag-key tag-value tag:<key>";
    assert_eq!(refused(&wrong), ("ValidationError", message));
    let named = client.describe_auto_scaling_groups().auto_scaling_group_names("b");
    let both = named.filters(filter("tag:env", &["prod"])).send().await.unwrap();
    assert!(both.auto_scaling_groups().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags() {
    let (aws, config) = world(tagged()).await;
    let client = Client::new(&config);
    let told = |tags: &[TagDescription]| -> Vec<String> {
        let tag = |it: &TagDescription| format!("{}:{}", it.resource_id().unwrap(), it.key().unwrap());
        tags.iter().map(tag).collect()
    };
    let ask = async |filters: &[Filter]| {
        let tags = client.describe_tags().set_filters(Some(filters.to_vec())).send().await.unwrap();
        told(tags.tags())
    };
    assert_eq!(ask(&[]).await, ["a:env", "a:team", "b:env", "b:team", "c:env", "c:owner"]);
    let of = filter("auto-scaling-group", &["a", "c"]);
    assert_eq!(ask(std::slice::from_ref(&of)).await, ["a:env", "a:team", "c:env", "c:owner"]);
    assert_eq!(ask(&[of, filter("key", &["env"])]).await, ["a:env", "c:env"]);
    assert_eq!(ask(&[filter("value", &["test"])]).await, ["b:env", "c:owner"]);
    assert!(ask(&[filter("propagate-at-launch", &["false"])]).await.is_empty());
    assert_eq!(ask(&[filter("propagate-at-launch", &["true"])]).await.len(), 6);
    let wrong = client.describe_tags().filters(filter("tag:env", &["prod"])).send().await;
    assert!(refused(&wrong).1.ends_with("auto-scaling-group key value propagate-at-launch"), "{wrong:?}");
    aws.reset_counters();
    let pages = client.describe_tags().max_records(4).into_paginator().items().send();
    let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(told(&all).len(), 6);
    assert_eq!(calls(&aws, SERVICE, "DescribeTags"), 2);
}

#[tokio::test(start_paused = true)]
async fn instances() {
    let (aws, config) = world(Resources::generate(Sizes::default())).await;
    let client = Client::new(&config);
    let ask = |ids: Vec<String>| client.describe_auto_scaling_instances().set_instance_ids(Some(ids)).send();
    let id = |n: u32| format!("i-{n:017x}");
    let told = ask(vec![id(201), "i-gone".to_owned(), id(0)]).await.unwrap();
    let [first, second] = told.auto_scaling_instances() else { panic!("{told:?}") };
    let of = |it: &AutoScalingInstanceDetails| {
        (it.instance_id().unwrap().to_owned(), it.auto_scaling_group_name().unwrap().to_owned())
    };
    assert_eq!(of(first), (id(0), "auto-scaling-group-0".to_owned()));
    assert_eq!(of(second), (id(201), "auto-scaling-group-1".to_owned()));
    assert_eq!((first.lifecycle_state(), first.health_status()), (Some("InService"), Some("Healthy")));
    assert_eq!(first.launch_configuration_name(), Some("launch-configuration-0"));
    assert_eq!(first.instance_type(), Some("t3.micro"));
    assert_eq!(ask((0..50).map(id).collect()).await.unwrap().auto_scaling_instances().len(), 50);
    let message = "The number of instance ids that may be passed in is limited to 50";
    assert_eq!(refused(&ask((0..51).map(id).collect()).await), ("ValidationError", message));
    let large = client.describe_auto_scaling_instances().max_records(51).send().await;
    assert!(refused(&large).1.ends_with("less than or equal to 50"), "{large:?}");
    aws.reset_counters();
    let pages = client.describe_auto_scaling_instances().into_paginator().items().send();
    let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let all: std::collections::HashSet<_> = all.iter().map(|it| it.instance_id().unwrap()).collect();
    assert_eq!(all.len(), 2_000);
    assert_eq!(calls(&aws, SERVICE, "DescribeAutoScalingInstances"), 40);
}

#[tokio::test(start_paused = true)]
async fn launch_configurations() {
    let mut resources = Resources::story();
    resources
        .launch_configurations
        .push(LaunchConfiguration { name: "bare".to_owned(), ..LaunchConfiguration::default() });
    let (_aws, config) = world(resources).await;
    let told = Client::new(&config).describe_launch_configurations().send().await.unwrap();
    let [it, bare] = told.launch_configurations() else { panic!("{told:?}") };
    assert_eq!(it.launch_configuration_name(), Some(LAUNCH_CONFIGURATION));
    let arn = it.launch_configuration_arn().unwrap();
    assert!(arn.starts_with("arn:aws:autoscaling:us-east-1:000000000000:launchConfiguration:"), "{arn}");
    assert!(arn.ends_with(&format!(":launchConfigurationName/{LAUNCH_CONFIGURATION}")), "{arn}");
    assert_eq!(
        (it.key_name(), it.iam_instance_profile()),
        (Some("shop-deploy"), Some("aws-elasticbeanstalk-ec2-role"))
    );
    assert_eq!(it.security_groups(), ["sg-0a1b2c3d4e5f60001"]);
    assert_eq!((it.image_id(), it.instance_type()), (Some("ami-00000000000000001"), Some("t3.micro")));
    assert_eq!(it.created_time().unwrap().to_string(), "2026-01-01T00:00:00Z");
    // As on AWS: no key pair is an empty name.
    assert_eq!((bare.key_name(), bare.iam_instance_profile()), (Some(""), None));
    assert_eq!(bare.security_groups.as_deref(), Some(&[][..]));
}

#[tokio::test(start_paused = true)]
async fn pages_of_launch_configurations() {
    let sizes = Sizes { others: 120, ..Sizes::default() };
    let (aws, config) = world(Resources::generate(sizes)).await;
    let client = Client::new(&config);
    let ask = |names: Vec<String>| {
        client.describe_launch_configurations().set_launch_configuration_names(Some(names)).send()
    };
    let some = ask(vec!["launch-configuration-9".to_owned(), "gone".to_owned()]).await.unwrap();
    let [it] = some.launch_configurations() else { panic!("{some:?}") };
    assert_eq!(it.launch_configuration_name(), Some("launch-configuration-9"));
    assert_eq!(refused(&ask(names("launch-configuration-", 51)).await).0, "ValidationError");
    assert_eq!(ask(names("launch-configuration-", 50)).await.unwrap().launch_configurations().len(), 50);
    aws.reset_counters();
    for (size, expected) in [(None, 3), (Some(100), 2)] {
        let pages =
            client.describe_launch_configurations().set_max_records(size).into_paginator().items().send();
        let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        let told: Vec<_> = all.iter().map(|it| it.launch_configuration_name().unwrap()).collect();
        assert_eq!(told, names("launch-configuration-", 120));
        assert_eq!(calls(&aws, SERVICE, "DescribeLaunchConfigurations"), expected);
        aws.reset_counters();
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, config) = world(Resources::story()).await;
    aws.set_limits(one_call(SERVICE, "DescribeTags"));
    let client = Client::new(&config);
    client.describe_tags().send().await.unwrap();
    let throttled = client.describe_tags().send().await;
    assert_eq!(refused(&throttled), ("Throttling", "Rate exceeded"));
    assert_eq!(aws.counters().action(SERVICE, "DescribeTags").throttled, 1);
    client.describe_auto_scaling_groups().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tags_are_the_text_that_they_are() {
    let odd = Tags::from([("a<&>\"'".to_owned(), " \u{e9} &amp; ".to_owned())]);
    let groups = vec![AutoScalingGroup { tags: odd, ..group("x & y", &[]) }];
    let (_aws, config) = world(Resources { auto_scaling_groups: groups, ..Resources::default() }).await;
    let told = Client::new(&config).describe_auto_scaling_groups().auto_scaling_group_names("x & y").send();
    let told = told.await.unwrap();
    let tag = &told.auto_scaling_groups()[0].tags()[0];
    assert_eq!((tag.key(), tag.value()), (Some("a<&>\"'"), Some(" \u{e9} &amp; ")));
}
