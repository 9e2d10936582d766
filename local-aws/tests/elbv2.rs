//! Elastic Load Balancing, version 2: what it tells, pages, caps and errors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{self, LoadBalancerTypeEnum, ProtocolEnum, TargetDescription, TargetTypeEnum},
};
use described::{ACCOUNT, calls, names, one_call, refused, world};
use tidegate_local_aws::resources::{LoadBalancer, Resources, Sizes, Subnet, Tags, Target, TargetGroup};

const SERVICE: &str = "elasticloadbalancingv2";
const REGION: &str = "us-east-1";

fn balancer(name: &str, kind: &str) -> LoadBalancer {
    LoadBalancer { name: name.to_owned(), kind: Some(kind.to_owned()), ..LoadBalancer::default() }
}

fn group(name: &str, balancers: &[&str]) -> TargetGroup {
    TargetGroup {
        name: name.to_owned(),
        load_balancers: balancers.iter().map(|name| (*name).to_owned()).collect(),
        ..TargetGroup::default()
    }
}

fn target(id: &str, port: Option<u16>, health: Option<&str>) -> Target {
    Target { id: id.to_owned(), port, health: health.map(str::to_owned) }
}

fn tag(key: &str, value: &str) -> Tags {
    Tags::from([(key.to_owned(), value.to_owned())])
}

/// Three load balancers, each of its own kind; the first has two target groups, the second one.
fn three() -> Resources {
    Resources {
        load_balancers: vec![
            LoadBalancer {
                security_groups: vec!["sg-1".to_owned()],
                subnets: vec!["s-1".to_owned(), "s-2".to_owned()],
                vpc: Some("vpc-1".to_owned()),
                tags: tag("Name", "web"),
                ..balancer("web", "application")
            },
            balancer("tcp", "network"),
            balancer("wall", "gateway"),
        ],
        target_groups: vec![
            TargetGroup {
                targets: vec![target("i-1", Some(8080), None), target("i-2", None, Some("unhealthy"))],
                vpc: Some("vpc-1".to_owned()),
                tags: tag("Name", "one"),
                ..group("one", &["web", "gone"])
            },
            group("two", &["tcp", "web"]),
            TargetGroup {
                target_type: Some("lambda".to_owned()),
                targets: vec![target("arn:aws:lambda:us-east-1:000000000000:function:f", None, None)],
                ..group("function", &[])
            },
        ],
        subnets: vec![Subnet {
            id: "s-2".to_owned(),
            availability_zone: Some("us-east-1b".to_owned()),
            ..Subnet::default()
        }],
        ..Resources::default()
    }
}

fn arn(name: &str) -> String {
    let resources = three();
    let balancer = resources.load_balancers.iter().find(|it| it.name == name);
    let group = resources.target_groups.iter().find(|it| it.name == name);
    let arns = [balancer.map(|it| it.arn(ACCOUNT, REGION)), group.map(|it| it.arn(ACCOUNT, REGION))];
    arns.into_iter().flatten().next().unwrap()
}

fn load_balancer_names(told: &[types::LoadBalancer]) -> Vec<&str> {
    told.iter().map(|it| it.load_balancer_name().unwrap()).collect()
}

fn group_names(told: &[types::TargetGroup]) -> Vec<&str> {
    told.iter().map(|it| it.target_group_name().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_told_whole() {
    let (_aws, config) = world(three()).await;
    let told = Client::new(&config).describe_load_balancers().send().await.unwrap();
    assert_eq!(load_balancer_names(told.load_balancers()), ["web", "tcp", "wall"]);
    let [web, tcp, wall] = told.load_balancers() else { panic!("{told:?}") };
    let start = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/";
    for (it, kind) in [(web, "app/web/"), (tcp, "net/tcp/"), (wall, "gwy/wall/")] {
        let hex = it.load_balancer_arn().unwrap().strip_prefix(&format!("{start}{kind}")).unwrap();
        assert!(hex.len() == 16 && hex.bytes().all(|it| it.is_ascii_hexdigit()), "{hex}");
    }
    assert_eq!(web.load_balancer_arn(), Some(&*arn("web")));
    let dns_name = web.dns_name().unwrap();
    assert!(dns_name.starts_with("web-") && dns_name.ends_with(".us-east-1.elb.amazonaws.com"), "{dns_name}");
    assert!(tcp.dns_name().unwrap().ends_with(".elb.us-east-1.amazonaws.com"), "{tcp:?}");
    assert_eq!((wall.dns_name(), wall.scheme()), (None, None));
    assert_eq!(web.canonical_hosted_zone_id(), Some("Z35SXDOTRQ7X7K"));
    assert_eq!(tcp.canonical_hosted_zone_id(), Some("Z26RNL4JYFTOTI"));
    assert_eq!(web.r#type(), Some(&LoadBalancerTypeEnum::Application));
    assert_eq!(tcp.r#type(), Some(&LoadBalancerTypeEnum::Network));
    assert_eq!(web.vpc_id(), Some("vpc-1"));
    assert_eq!((web.security_groups(), tcp.security_groups.as_deref()), (&["sg-1".to_owned()][..], None));
    let zones: Vec<_> = web.availability_zones().iter().map(|it| (it.subnet_id(), it.zone_name())).collect();
    assert_eq!(zones, [(Some("s-1"), Some("us-east-1a")), (Some("s-2"), Some("us-east-1b"))]);
    assert_eq!(web.state().unwrap().code().unwrap().as_str(), "active");
    assert_eq!(web.created_time().unwrap().to_string(), "2026-01-01T00:00:00Z");
}

#[tokio::test(start_paused = true)]
async fn load_balancers_by_arn_and_by_name() {
    let (aws, config) = world(three()).await;
    let elb = Client::new(&config);
    let by_arn = |arns: Vec<String>| elb.describe_load_balancers().set_load_balancer_arns(Some(arns)).send();
    let by_name = |names: Vec<String>| elb.describe_load_balancers().set_names(Some(names)).send();
    let told = by_arn(vec![arn("wall"), arn("web"), arn("wall")]).await.unwrap();
    assert_eq!(load_balancer_names(told.load_balancers()), ["web", "wall"]);
    let told = by_name(vec!["tcp".to_owned()]).await.unwrap();
    assert_eq!(load_balancer_names(told.load_balancers()), ["tcp"]);
    assert_eq!(by_arn(Vec::new()).await.unwrap().load_balancers().len(), 3, "none means all");

    let missing = by_name(vec!["web".to_owned(), "x".to_owned()]).await;
    assert_eq!(refused(&missing), ("LoadBalancerNotFound", "Load balancers '[x]' not found"));
    let gone = balancer("gone", "application").arn(ACCOUNT, REGION);
    let missing = by_arn(vec![arn("web"), gone]).await;
    assert_eq!(refused(&missing), ("LoadBalancerNotFound", "One or more load balancers not found"));
    let error = missing.unwrap_err().into_service_error();
    assert!(error.is_load_balancer_not_found_exception(), "{error:?}");
    let elsewhere = balancer("web", "application").arn(ACCOUNT, "eu-west-1");
    let another = balancer("web", "application").arn("123456789012", REGION);
    for bad in ["web", &arn("one"), &elsewhere, &another] {
        let message = format!("'{bad}' is not a valid load balancer ARN");
        assert_eq!(refused(&by_arn(vec![bad.to_owned()]).await), ("ValidationError", &*message));
    }
    let many = by_arn(vec![arn("web"); 21]).await;
    let message = "You cannot describe more than '20' load balancers at a time";
    assert_eq!(refused(&many), ("ValidationError", message));
    assert_eq!(refused(&by_name(names("web-", 21)).await), ("ValidationError", message));
    assert!(by_arn(vec![arn("web"); 20]).await.is_ok());
    let both = elb.describe_load_balancers().names("web").load_balancer_arns(arn("web")).send().await;
    assert_eq!(refused(&both).0, "ValidationError");
    assert_eq!(aws.counters().action("elasticloadbalancing", "DescribeLoadBalancers").accepted, 0);
}

#[tokio::test(start_paused = true)]
async fn pages() {
    let resources = Resources::generate(Sizes { others: 850, ..Sizes::default() });
    let (aws, config) = world(resources).await;
    let elb = Client::new(&config);
    let told = elb.describe_load_balancers().send().await.unwrap();
    assert_eq!(told.load_balancers().len(), 400);
    let told = elb.describe_target_groups().send().await.unwrap();
    assert_eq!(told.target_groups().len(), 400);
    let foreign = elb.describe_load_balancers().marker(told.next_marker().unwrap()).send().await;
    assert_eq!(refused(&foreign).0, "ValidationError");
    aws.reset_counters();
    let pages = elb.describe_load_balancers().into_paginator().items().send();
    let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(load_balancer_names(&all), names("load-balancer-", 850));
    let pages = elb.describe_target_groups().page_size(100).into_paginator().items().send();
    let all: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(group_names(&all), names("target-group-", 850));
    assert_eq!(calls(&aws, SERVICE, "DescribeLoadBalancers"), 3);
    assert_eq!(calls(&aws, SERVICE, "DescribeTargetGroups"), 9);
    let large = elb.describe_target_groups().page_size(401).send().await;
    assert!(refused(&large).1.ends_with("Member must have value less than or equal to 400"), "{large:?}");
}

#[tokio::test(start_paused = true)]
async fn a_target_group_is_told_whole() {
    let (_aws, config) = world(three()).await;
    let told = Client::new(&config).describe_target_groups().send().await.unwrap();
    let [one, two, function] = told.target_groups() else { panic!("{told:?}") };
    assert_eq!(one.target_group_arn(), Some(&*arn("one")));
    let start = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/one/";
    assert!(arn("one").starts_with(start));
    assert_eq!((one.protocol(), one.port()), (Some(&ProtocolEnum::Http), Some(8080)));
    assert_eq!(one.vpc_id(), Some("vpc-1"));
    assert_eq!(one.load_balancer_arns(), [arn("web")], "what is gone is not told");
    assert_eq!(two.load_balancer_arns(), [arn("web"), arn("tcp")]);
    assert_eq!(function.load_balancer_arns.as_deref(), Some(&[][..]));
    assert_eq!(one.target_type(), Some(&TargetTypeEnum::Instance));
    assert_eq!(one.matcher().unwrap().http_code(), Some("200"));
    assert_eq!((one.health_check_enabled(), one.health_check_path()), (Some(true), Some("/")));
    assert_eq!(two.port(), Some(80));
    assert_eq!(function.target_type(), Some(&TargetTypeEnum::Lambda));
    assert_eq!((function.protocol(), function.port(), function.vpc_id()), (None, None, None));
    assert_eq!(function.health_check_enabled(), Some(false));
}

#[tokio::test(start_paused = true)]
async fn target_groups_by_load_balancer_arn_and_name() {
    let (_aws, config) = world(three()).await;
    let elb = Client::new(&config);
    let of = |arn: &str| elb.describe_target_groups().load_balancer_arn(arn).send();
    assert_eq!(group_names(of(&arn("web")).await.unwrap().target_groups()), ["one", "two"]);
    assert_eq!(group_names(of(&arn("tcp")).await.unwrap().target_groups()), ["two"]);
    assert!(of(&arn("wall")).await.unwrap().target_groups().is_empty());
    let gone = balancer("gone", "network").arn(ACCOUNT, REGION);
    assert_eq!(refused(&of(&gone).await).0, "LoadBalancerNotFound");

    let by_arn = |arns: Vec<String>| elb.describe_target_groups().set_target_group_arns(Some(arns)).send();
    let by_name = |names: Vec<String>| elb.describe_target_groups().set_names(Some(names)).send();
    let told = by_arn(vec![arn("function"), arn("one")]).await.unwrap();
    assert_eq!(group_names(told.target_groups()), ["one", "function"]);
    assert_eq!(group_names(by_name(vec!["two".to_owned()]).await.unwrap().target_groups()), ["two"]);
    let gone = group("gone", &[]).arn(ACCOUNT, REGION);
    let message = format!("Target groups '{gone}' not found");
    assert_eq!(refused(&by_arn(vec![arn("one"), gone]).await), ("TargetGroupNotFound", &*message));
    let missing = by_name(vec!["gone".to_owned()]).await;
    assert_eq!(refused(&missing), ("TargetGroupNotFound", "One or more target groups not found"));
    let bad = by_arn(vec!["one".to_owned()]).await;
    assert_eq!(refused(&bad), ("ValidationError", "'one' is not a valid target group ARN"));
    let many = by_arn(vec![arn("one"); 21]).await;
    let message = "You cannot describe more than '20' target groups at a time";
    assert_eq!(refused(&many), ("ValidationError", message));
    let both = elb.describe_target_groups().names("one").load_balancer_arn(arn("web")).send().await;
    assert_eq!(refused(&both).0, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn health_of_targets() {
    let states = ["healthy", "unhealthy", "initial", "draining", "unused"];
    let targets = states.iter().map(|state| target(&format!("i-{state}"), None, Some(state))).collect();
    let mut resources = three();
    resources.target_groups.push(TargetGroup { targets, ..group("states", &["web"]) });
    let (_aws, config) = world(resources).await;
    let elb = Client::new(&config);
    let told = elb.describe_target_health().target_group_arn(group("states", &[]).arn(ACCOUNT, REGION));
    let told = told.send().await.unwrap();
    let health: Vec<_> =
        told.target_health_descriptions().iter().map(|it| it.target_health().unwrap()).collect();
    assert_eq!(health.iter().map(|it| it.state().unwrap().as_str()).collect::<Vec<_>>(), states);
    assert_eq!(
        health.iter().map(|it| it.reason().map(types::TargetHealthReasonEnum::as_str)).collect::<Vec<_>>(),
        [
            None,
            Some("Target.FailedHealthChecks"),
            Some("Elb.RegistrationInProgress"),
            Some("Target.DeregistrationInProgress"),
            Some("Target.NotInUse")
        ]
    );

    let ask = || elb.describe_target_health().target_group_arn(arn("one"));
    let told = ask().send().await.unwrap();
    let [first, second] = told.target_health_descriptions() else { panic!("{told:?}") };
    let at = |it: &types::TargetHealthDescription| {
        let target = it.target().unwrap();
        (target.id().unwrap().to_owned(), target.port(), it.health_check_port().map(str::to_owned))
    };
    assert_eq!(at(first), ("i-1".to_owned(), Some(8080), Some("8080".to_owned())));
    assert_eq!(at(second), ("i-2".to_owned(), Some(80), Some("80".to_owned())));
    let wanted = |id: &str, port| TargetDescription::builder().id(id).set_port(port).build();
    let told = ask().targets(wanted("i-2", Some(80))).targets(wanted("i-1", Some(80))).send().await.unwrap();
    let [second, elsewhere] = told.target_health_descriptions() else { panic!("{told:?}") };
    assert_eq!(second.target_health().unwrap().state().unwrap().as_str(), "unhealthy");
    let health = elsewhere.target_health().unwrap();
    assert_eq!(health.reason().unwrap().as_str(), "Target.NotRegistered");
    assert_eq!(health.state().unwrap().as_str(), "unused");

    let function = elb.describe_target_health().target_group_arn(arn("function")).send().await.unwrap();
    let [it] = function.target_health_descriptions() else { panic!("{function:?}") };
    assert_eq!((it.target().unwrap().port(), it.health_check_port()), (None, None));
    let none = elb.describe_target_health().send().await;
    assert!(refused(&none).1.contains("null at 'targetGroupArn'"), "{none:?}");
    let gone = elb.describe_target_health().target_group_arn(group("gone", &[]).arn(ACCOUNT, REGION));
    assert_eq!(refused(&gone.send().await).0, "TargetGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn tags_of_twenty() {
    let (_aws, config) = world(three()).await;
    let elb = Client::new(&config);
    let ask = |arns: Vec<String>| elb.describe_tags().set_resource_arns(Some(arns)).send();
    let told = ask(vec![arn("one"), arn("web"), arn("two")]).await.unwrap();
    let tags: Vec<_> = told
        .tag_descriptions()
        .iter()
        .map(|it| {
            let tags = it.tags().iter().map(|it| (it.key().unwrap(), it.value().unwrap()));
            (it.resource_arn().unwrap().to_owned(), tags.collect())
        })
        .collect();
    let expected =
        [(arn("one"), vec![("Name", "one")]), (arn("web"), vec![("Name", "web")]), (arn("two"), Vec::new())];
    assert_eq!(tags, expected);
    assert!(ask(vec![arn("one"); 20]).await.is_ok());
    let many = ask(vec![arn("one"); 21]).await;
    assert_eq!(refused(&many).0, "ValidationError");
    assert!(refused(&many).1.contains("'20'"), "{many:?}");
    let none = elb.describe_tags().send().await;
    assert!(refused(&none).1.contains("null at 'resourceArns'"), "{none:?}");
    let empty = ask(Vec::new()).await;
    assert!(refused(&empty).1.contains("length greater than or equal to 1"), "{empty:?}");
    let gone = balancer("gone", "network").arn(ACCOUNT, REGION);
    assert_eq!(refused(&ask(vec![arn("one"), gone]).await).0, "LoadBalancerNotFound");
    let gone = group("gone", &[]).arn(ACCOUNT, REGION);
    assert_eq!(refused(&ask(vec![gone]).await).0, "TargetGroupNotFound");
    let bad = ask(vec!["web".to_owned()]).await;
    assert_eq!(refused(&bad), ("ValidationError", "'web' must be in ARN format"));
}

#[tokio::test(start_paused = true)]
async fn listeners_forward_to_the_target_groups() {
    let (_aws, config) = world(three()).await;
    let elb = Client::new(&config);
    let of = |arn: &str| elb.describe_listeners().load_balancer_arn(arn).send();
    let told = of(&arn("web")).await.unwrap();
    let [it] = told.listeners() else { panic!("{told:?}") };
    let listener_arn = it.listener_arn().unwrap().to_owned();
    let start = arn("web").replace(":loadbalancer/", ":listener/");
    assert_eq!(listener_arn.strip_prefix(&format!("{start}/")).unwrap().len(), 16);
    assert_eq!(it.load_balancer_arn(), Some(&*arn("web")));
    assert_eq!((it.port(), it.protocol()), (Some(80), Some(&ProtocolEnum::Http)));
    let [action] = it.default_actions() else { panic!("{it:?}") };
    assert_eq!(action.r#type().unwrap().as_str(), "forward");
    assert_eq!(action.target_group_arn(), None, "there are two");
    let forward = action.forward_config().unwrap().target_groups();
    let forward: Vec<_> = forward.iter().map(|it| (it.target_group_arn().unwrap(), it.weight())).collect();
    assert_eq!(forward, [(&*arn("one"), Some(1)), (&*arn("two"), Some(1))]);
    let tcp = of(&arn("tcp")).await.unwrap();
    let action = &tcp.listeners()[0].default_actions()[0];
    assert_eq!(action.target_group_arn(), Some(&*arn("two")));
    assert_eq!(tcp.listeners()[0].protocol(), Some(&ProtocolEnum::Tcp));
    assert!(of(&arn("wall")).await.unwrap().listeners().is_empty());

    let by_arn = elb.describe_listeners().listener_arns(&listener_arn).send().await.unwrap();
    assert_eq!(by_arn.listeners()[0].load_balancer_arn(), Some(&*arn("web")));
    let gone = arn("wall").replace(":loadbalancer/", ":listener/") + "/0123456789abcdef";
    let gone = elb.describe_listeners().listener_arns(gone).send().await;
    assert_eq!(refused(&gone).0, "ListenerNotFound");
    let tags = elb.describe_tags().resource_arns(listener_arn).send().await.unwrap();
    assert!(tags.tag_descriptions()[0].tags().is_empty());
    let none = elb.describe_listeners().send().await;
    let message = "You must specify either listener ARNs or a load balancer ARN";
    assert_eq!(refused(&none), ("ValidationError", message));
}

#[tokio::test(start_paused = true)]
async fn an_arn_that_the_model_tells() {
    let told = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
    let balancer =
        LoadBalancer { arn: Some(told.to_owned()), tags: tag("a", "b"), ..balancer("web", "application") };
    let (_aws, config) = world(Resources { load_balancers: vec![balancer], ..Resources::default() }).await;
    let elb = Client::new(&config);
    let found = elb.describe_load_balancers().load_balancer_arns(told).send().await.unwrap();
    assert_eq!(found.load_balancers()[0].load_balancer_arn(), Some(told));
    let tags = elb.describe_tags().resource_arns(told).send().await.unwrap();
    assert_eq!(tags.tag_descriptions()[0].tags()[0].key(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, config) = world(three()).await;
    aws.set_limits(one_call(SERVICE, "DescribeTags"));
    let elb = Client::new(&config);
    let ask = || elb.describe_tags().resource_arns(arn("web")).send();
    ask().await.unwrap();
    assert_eq!(refused(&ask().await), ("Throttling", "Rate exceeded"));
    // The other API of the name has limits of its own.
    let classic = aws_sdk_elasticloadbalancing::Client::new(&config);
    assert_eq!(
        refused(&classic.describe_tags().load_balancer_names("x").send().await).0,
        "LoadBalancerNotFound"
    );
    assert_eq!(calls(&aws, SERVICE, "DescribeTags"), 2);
    assert_eq!(calls(&aws, "elasticloadbalancing", "DescribeTags"), 1);
}
