//! Elastic Load Balancing, the classic one: what it tells, pages, caps and errors.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_elasticloadbalancing::{
    Client,
    config::Region,
    types::{Instance, LoadBalancerDescription},
};
use described::{ACCOUNT, calls, names, one_call, refused, world};
use tidegate_local_aws::{
    LocalAws,
    resources::{self, ClassicListener, ClassicLoadBalancer, Resources, SecurityGroup, Sizes, Subnet, Tags},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SERVICE: &str = "elasticloadbalancing";
const NAME: &str = "awseb-e-s-AWSEBLoa-7G8H9I";

fn balancer(name: &str) -> ClassicLoadBalancer {
    ClassicLoadBalancer { name: name.to_owned(), ..ClassicLoadBalancer::default() }
}

async fn all(elb: &Client, page: i32) -> Vec<String> {
    let pages = elb.describe_load_balancers().page_size(page).into_paginator().items().send();
    let all: Vec<LoadBalancerDescription> = pages.collect::<Result<_, _>>().await.unwrap();
    all.into_iter().map(|it| it.load_balancer_name.unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_told_whole() {
    let (_aws, config) = world(Resources::story()).await;
    let told = Client::new(&config).describe_load_balancers().send().await.unwrap();
    assert_eq!(told.next_marker(), None);
    let [it] = told.load_balancer_descriptions() else { panic!("{told:?}") };
    let dns_name = format!("{NAME}-1234567890.us-east-1.elb.amazonaws.com");
    assert_eq!((it.load_balancer_name(), it.dns_name()), (Some(NAME), Some(&*dns_name)));
    assert_eq!(it.canonical_hosted_zone_name(), Some(&*dns_name));
    assert_eq!(it.canonical_hosted_zone_name_id(), Some("Z35SXDOTRQ7X7K"));
    let instances: Vec<_> = it.instances().iter().map(|it| it.instance_id().unwrap()).collect();
    assert_eq!(instances, ["i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002"]);
    assert_eq!(it.security_groups(), ["sg-0a1b2c3d4e5f60001"]);
    assert_eq!(it.subnets(), ["subnet-0a1b2c3d4e5f60001"]);
    assert_eq!(it.vpc_id(), Some("vpc-0a1b2c3d4e5f60001"));
    assert_eq!(
        (it.availability_zones(), it.scheme()),
        (&["us-east-1a".to_owned()][..], Some("internet-facing"))
    );
    let source = it.source_security_group().unwrap();
    assert_eq!(source.group_name(), Some("shop-production-instances"));
    assert_eq!(source.owner_alias(), Some(ACCOUNT));
    assert_eq!(it.created_time().unwrap().to_string(), "2026-01-01T00:00:00Z");
    let [listener] = it.listener_descriptions() else { panic!("{it:?}") };
    let listener = listener.listener().unwrap();
    assert_eq!((listener.protocol(), listener.instance_protocol()), ("HTTP", Some("HTTP")));
    assert_eq!((listener.load_balancer_port(), listener.instance_port()), (80, 80));
    assert_eq!(it.health_check().unwrap().target(), "TCP:80");
    assert!(it.policies.is_some() && it.backend_server_descriptions.is_some(), "lists are there, if empty");
}

#[tokio::test(start_paused = true)]
async fn what_the_model_says_is_what_is_told() {
    let listener = |protocol: &str, port, instance_port| ClassicListener {
        protocol: protocol.to_owned(),
        port,
        instance_port,
    };
    let subnet = |id: &str, zone: Option<&str>| Subnet {
        id: id.to_owned(),
        availability_zone: zone.map(str::to_owned),
        ..Subnet::default()
    };
    let (_aws, config) = world(Resources {
        classic_load_balancers: vec![ClassicLoadBalancer {
            listeners: vec![listener("HTTPS", 443, 8080), listener("SSL", 993, 143)],
            subnets: vec!["s-1".to_owned(), "s-2".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            ..balancer("a<b>")
        }],
        security_groups: vec![SecurityGroup { id: "sg-1".to_owned(), ..SecurityGroup::default() }],
        subnets: vec![subnet("s-1", None), subnet("s-2", Some("us-east-1c"))],
        ..Resources::default()
    })
    .await;
    let told =
        Client::new(&config).describe_load_balancers().load_balancer_names("a<b>").send().await.unwrap();
    let it = &told.load_balancer_descriptions()[0];
    let listeners = it.listener_descriptions().iter().map(|it| it.listener().unwrap());
    let listeners: Vec<_> = listeners
        .map(|it| {
            (it.protocol(), it.load_balancer_port(), it.instance_protocol().unwrap(), it.instance_port())
        })
        .collect();
    assert_eq!(listeners, [("HTTPS", 443, "HTTP", 8080), ("SSL", 993, "TCP", 143)]);
    assert_eq!(it.health_check().unwrap().target(), "TCP:8080");
    assert_eq!(it.availability_zones(), ["us-east-1a", "us-east-1c"]);
    assert_eq!(it.source_security_group().unwrap().group_name(), Some("sg-1"));
    let (dns_name, model) = (it.dns_name().unwrap(), balancer("a<b>"));
    assert_eq!(dns_name, model.dns_name("us-east-1"));
    assert!(
        dns_name.starts_with("a<b>-") && dns_name.ends_with(".us-east-1.elb.amazonaws.com"),
        "{dns_name}"
    );
    assert_ne!(dns_name, model.dns_name("eu-west-1").replace("eu-west-1", "us-east-1"));
}

#[tokio::test(start_paused = true)]
async fn pages() {
    let (aws, config) = world(Resources::generate(Sizes::default())).await;
    let elb = Client::new(&config);
    let first = elb.describe_load_balancers().send().await.unwrap();
    assert_eq!(first.load_balancer_descriptions().len(), 400, "as many as fit, unasked");
    aws.reset_counters();
    assert_eq!(all(&elb, 400).await, names("classic-", 1_000));
    assert_eq!(calls(&aws, SERVICE, "DescribeLoadBalancers"), 3);
    assert_eq!(all(&elb, 7).await, names("classic-", 1_000));
    assert_eq!(calls(&aws, SERVICE, "DescribeLoadBalancers"), 3 + 143);

    let sized = |size| elb.describe_load_balancers().page_size(size).send();
    let wrong = |value: i32, must: &str| {
        format!(
            "1 validation error detected: Value '{value}' at 'pageSize' failed to satisfy constraint: Member must \
             have value {must}"
        )
    };
    assert_eq!(refused(&sized(401).await), ("ValidationError", &*wrong(401, "less than or equal to 400")));
    assert_eq!(refused(&sized(0).await), ("ValidationError", &*wrong(0, "greater than or equal to 1")));
    assert_eq!(refused(&sized(-1).await).0, "ValidationError");
    let behind = |marker: &str| elb.describe_load_balancers().marker(marker).send();
    assert_eq!(refused(&behind("never").await).0, "ValidationError");
    let marker = first.next_marker().unwrap();
    let second = behind(marker).await.unwrap();
    assert_eq!(second.load_balancer_descriptions()[0].load_balancer_name(), Some("classic-400"));
}

#[tokio::test(start_paused = true)]
async fn by_name() {
    let (_aws, config) = world(Resources {
        classic_load_balancers: vec![balancer("a"), balancer("b"), balancer("c")],
        ..Resources::default()
    })
    .await;
    let elb = Client::new(&config);
    let ask = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        elb.describe_load_balancers().set_load_balancer_names(Some(names)).send()
    };
    let told = |told: &[LoadBalancerDescription]| -> Vec<String> {
        told.iter().map(|it| it.load_balancer_name().unwrap().to_owned()).collect()
    };
    assert_eq!(told(ask(&["c", "a", "c"]).await.unwrap().load_balancer_descriptions()), ["a", "c"]);
    assert_eq!(told(ask(&[]).await.unwrap().load_balancer_descriptions()), ["a", "b", "c"], "none means all");
    let missing = ask(&["a", "x", "y"]).await;
    let message = "There is no ACTIVE Load Balancer named 'x'";
    assert_eq!(refused(&missing), ("LoadBalancerNotFound", message));
    let error = missing.unwrap_err().into_service_error();
    assert!(error.is_access_point_not_found_exception(), "{error:?}");
    assert!(ask(&["A"]).await.is_err(), "names are told apart by case");
}

#[tokio::test(start_paused = true)]
async fn tags_of_twenty() {
    let tags = Tags::from([("Name".to_owned(), "a".to_owned()), ("x".to_owned(), String::new())]);
    let mut balancers: Vec<_> = names("lb-", 21).iter().map(|name| balancer(name)).collect();
    balancers[3].tags = tags;
    let (aws, config) = world(Resources { classic_load_balancers: balancers, ..Resources::default() }).await;
    let elb = Client::new(&config);
    let ask = |names: Vec<String>| elb.describe_tags().set_load_balancer_names(Some(names)).send();
    let told = ask(names("lb-", 20)).await.unwrap();
    let described: Vec<_> =
        told.tag_descriptions().iter().map(|it| it.load_balancer_name().unwrap()).collect();
    assert_eq!(described, names("lb-", 20));
    let tags: Vec<_> = told.tag_descriptions()[3].tags().iter().map(|it| (it.key(), it.value())).collect();
    assert_eq!(tags, [("Name", Some("a")), ("x", Some(""))]);
    assert_eq!(told.tag_descriptions()[4].tags.as_deref(), Some(&[][..]));

    let many = ask(names("lb-", 21)).await;
    let (code, message) = refused(&many);
    assert_eq!(code, "ValidationError");
    assert!(message.starts_with("1 validation error detected: Value '[lb-0, lb-1, "), "{message}");
    let end = "' at 'loadBalancerNames' failed to satisfy constraint: Member must have length less than or equal to 20";
    assert!(message.ends_with(end), "{message}");
    for none in [ask(Vec::new()).await, elb.describe_tags().send().await] {
        assert_eq!(refused(&none).0, "ValidationError");
        assert!(refused(&none).1.contains("'loadBalancerNames'"), "{none:?}");
    }
    let missing = ask(vec!["lb-1".to_owned(), "gone".to_owned()]).await;
    assert_eq!(refused(&missing), ("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named 'gone'"));
    assert_eq!(calls(&aws, SERVICE, "DescribeTags"), 5);
}

#[tokio::test(start_paused = true)]
async fn health_of_instances() {
    let instance = |id: &str, state: &str| resources::Instance {
        id: id.to_owned(),
        state: state.to_owned(),
        ..resources::Instance::default()
    };
    let registered = ["i-run", "i-stop", "i-end", "i-new", "i-elsewhere"].map(str::to_owned);
    let (_aws, config) = world(Resources {
        classic_load_balancers: vec![ClassicLoadBalancer { instances: registered.into(), ..balancer("a") }],
        instances: vec![
            instance("i-run", "running"),
            instance("i-stop", "stopped"),
            instance("i-end", "terminated"),
            instance("i-new", "pending"),
            instance("i-other", "running"),
        ],
        ..Resources::default()
    })
    .await;
    let elb = Client::new(&config);
    let told = elb.describe_instance_health().load_balancer_name("a").send().await.unwrap();
    let states: Vec<_> = told
        .instance_states()
        .iter()
        .map(|it| (it.instance_id().unwrap(), it.state().unwrap(), it.reason_code().unwrap()))
        .collect();
    assert_eq!(
        states,
        [
            ("i-run", "InService", "N/A"),
            ("i-stop", "OutOfService", "Instance"),
            ("i-new", "OutOfService", "ELB"),
            ("i-elsewhere", "InService", "N/A")
        ]
    );
    assert_eq!(told.instance_states()[1].description(), Some("Instance is in stopped state."));

    let ask = |id: &str| {
        let instance = Instance::builder().instance_id(id).build();
        elb.describe_instance_health().load_balancer_name("a").instances(instance).send()
    };
    let other = ask("i-other").await.unwrap();
    let description = "Instance is not currently registered with the LoadBalancer.";
    assert_eq!(other.instance_states()[0].description(), Some(description));
    assert_eq!(other.instance_states().len(), 1);
    assert_eq!(refused(&ask("i-gone").await).0, "InvalidInstance");
    let missing = elb.describe_instance_health().load_balancer_name("b").send().await;
    assert_eq!(refused(&missing).0, "LoadBalancerNotFound");
    let nothing = elb.describe_instance_health().send().await;
    assert!(refused(&nothing).1.contains("null at 'loadBalancerName'"), "{nothing:?}");
}

#[tokio::test(start_paused = true)]
async fn attributes() {
    let (_aws, config) = world(Resources::story()).await;
    let elb = Client::new(&config);
    let told = elb.describe_load_balancer_attributes().load_balancer_name(NAME).send().await.unwrap();
    let told = told.load_balancer_attributes().unwrap();
    assert!(!told.cross_zone_load_balancing().unwrap().enabled());
    assert!(!told.access_log().unwrap().enabled());
    let draining = told.connection_draining().unwrap();
    assert_eq!((draining.enabled(), draining.timeout()), (false, Some(300)));
    assert_eq!(told.connection_settings().unwrap().idle_timeout(), 60);
    assert_eq!(told.additional_attributes()[0].value(), Some("defensive"));
    let missing = elb.describe_load_balancer_attributes().load_balancer_name("gone").send().await;
    assert_eq!(refused(&missing).0, "LoadBalancerNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call() {
    let (aws, config) = world(Resources::story()).await;
    aws.set_limits(one_call(SERVICE, "DescribeTags"));
    let elb = Client::new(&config);
    let ask = || elb.describe_tags().load_balancer_names(NAME).send();
    ask().await.unwrap();
    let throttled = ask().await;
    assert_eq!(refused(&throttled), ("Throttling", "Rate exceeded"));
    assert_eq!(throttled.unwrap_err().raw_response().unwrap().status().as_u16(), 400);
    let counters = aws.counters().action(SERVICE, "DescribeTags");
    assert_eq!((counters.accepted, counters.throttled), (1, 1));
    elb.describe_load_balancers().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn regions_are_apart() {
    let (aws, config) = world(Resources::story()).await;
    let there = aws.resources().in_region("eu-west-1");
    there.add(Resources { classic_load_balancers: vec![balancer("paris")], ..Resources::default() });
    let config = config.into_builder().region(Region::new("eu-west-1")).build();
    let told = Client::new(&config).describe_load_balancers().send().await.unwrap();
    let [it] = told.load_balancer_descriptions() else { panic!("{told:?}") };
    assert_eq!(it.load_balancer_name(), Some("paris"));
    assert_eq!(it.canonical_hosted_zone_name_id(), Some("Z32O12XQLNTSW2"));
    assert_eq!(it.availability_zones(), ["eu-west-1a"]);
}

/// A GET that nobody has signed, for the host of the service.
async fn unsigned(aws: &LocalAws, query: &str) -> String {
    let url = aws.endpoint_url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!(
        "GET /?{query} HTTP/1.1\r\nhost: elasticloadbalancing.eu-west-1.amazonaws.com\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn two_apis_of_one_name_over_the_wire() {
    let aws = LocalAws::builder().start().await.unwrap();
    aws.resources().in_region("eu-west-1").add(Resources {
        classic_load_balancers: vec![balancer("old")],
        load_balancers: vec![resources::LoadBalancer { name: "new".to_owned(), ..Default::default() }],
        ..Resources::default()
    });
    let old = unsigned(&aws, "Action=DescribeLoadBalancers&Version=2012-06-01").await;
    assert!(old.starts_with("HTTP/1.1 200") && old.contains("content-type: text/xml"), "{old}");
    let root = "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/\">\
                <DescribeLoadBalancersResult><LoadBalancerDescriptions><member>\
                <LoadBalancerName>old</LoadBalancerName>";
    assert!(old.contains(root), "{old}");
    assert!(old.contains("<ResponseMetadata><RequestId>"), "{old}");
    let new = unsigned(&aws, "Action=DescribeLoadBalancers&Version=2015-12-01").await;
    let root = "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
                <DescribeLoadBalancersResult><LoadBalancers><member>";
    assert!(new.contains(root) && new.contains("<LoadBalancerName>new</LoadBalancerName>"), "{new}");
    let error =
        unsigned(&aws, "Action=DescribeTags&Version=2012-06-01&LoadBalancerNames.member.1=gone").await;
    assert!(error.starts_with("HTTP/1.1 400"), "{error}");
    assert!(error.contains("<Error><Type>Sender</Type><Code>LoadBalancerNotFound</Code>"), "{error}");
    assert_eq!(calls(&aws, SERVICE, "DescribeLoadBalancers"), 1);
    assert_eq!(calls(&aws, "elasticloadbalancingv2", "DescribeLoadBalancers"), 1);
}
