//! ECS: clusters, services, tasks and definitions, by name and by ARN, in pages; what is missing; errors and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod described;

use aws_sdk_ecs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ClusterField, DesiredStatus, Failure, LaunchType, SchedulingStrategy, ServiceField, Tag, TaskField,
    },
};
use described::{ACCOUNT, calls, names, one_call, refused};
use tidegate_local_aws::{
    Limits, LocalAws,
    resources::{Cluster, EcsLoadBalancer, EcsService, Resources, Tags, Task},
};

const ARN: &str = "arn:aws:ecs:us-east-1:000000000000";

async fn world(resources: Resources) -> (LocalAws, Client) {
    let (aws, config) = described::world(resources).await;
    (aws, Client::new(&config))
}

fn code<T, E: ProvideErrorMetadata>(
    result: &Result<T, SdkError<E, aws_smithy_runtime_api::http::Response>>,
) -> &str {
    refused(result).0
}

fn tags(value: &str) -> Tags {
    Tags::from([("team".into(), value.into())])
}

fn tag(tags: &[Tag]) -> Option<(&str, &str)> {
    tags.first().map(|tag| (tag.key().unwrap(), tag.value().unwrap()))
}

fn missing(failures: &[Failure]) -> Vec<(&str, &str)> {
    failures.iter().map(|it| (it.arn().unwrap(), it.reason().unwrap())).collect()
}

/// Two clusters, each with a service `web` and its tasks.
fn shop() -> Resources {
    let cluster = |name: &str| Cluster { name: name.into(), tags: tags(name) };
    let target = EcsLoadBalancer { target_group: Some("arn:target".into()), load_balancer: None };
    let classic = EcsLoadBalancer { target_group: None, load_balancer: Some("classic".into()) };
    let web = EcsService {
        name: "web".into(),
        cluster: "shop".into(),
        task_definition: Some("front:7".into()),
        desired_count: 3,
        load_balancers: vec![target, classic],
        subnets: vec!["subnet-1".into(), "subnet-2".into()],
        security_groups: vec!["sg-1".into()],
        tags: tags("web"),
    };
    let other = EcsService { name: "web".into(), cluster: "default".into(), ..EcsService::default() };
    let task = |id: &str, service: Option<&str>, status: Option<&str>| Task {
        id: id.into(),
        cluster: "shop".into(),
        service: service.map(str::to_owned),
        last_status: status.map(str::to_owned),
        subnet: Some("subnet-1".into()),
        private_ip: Some("10.0.0.7".into()),
        tags: tags(id),
        ..Task::default()
    };
    Resources {
        clusters: vec![cluster("default"), cluster("shop")],
        services: vec![other, web],
        tasks: vec![
            task("1a", Some("web"), None),
            task("2b", Some("web"), Some("PENDING")),
            task("3c", Some("web"), Some("STOPPED")),
            Task { subnet: None, private_ip: None, ..task("4d", None, None) },
        ],
        ..Resources::default()
    }
}

#[tokio::test(start_paused = true)]
async fn clusters() {
    let (_aws, ecs) = world(shop()).await;
    let arns = ecs.list_clusters().send().await.unwrap();
    assert_eq!(arns.cluster_arns(), [format!("{ARN}:cluster/default"), format!("{ARN}:cluster/shop")]);
    assert_eq!(arns.next_token(), None);

    let told = ecs.describe_clusters().clusters("shop").clusters(format!("{ARN}:cluster/default"));
    let told = told.clusters("gone").clusters("arn:aws:ecs:eu-west-1:000000000000:cluster/shop");
    let plain = told.clone().send().await.unwrap();
    let [shop, default] = plain.clusters() else { panic!("{plain:?}") };
    assert_eq!(
        (shop.cluster_arn(), shop.cluster_name()),
        (arns.cluster_arns().get(1).map(|it| &**it), Some("shop"))
    );
    assert_eq!((shop.status(), default.cluster_name()), (Some("ACTIVE"), Some("default")));
    assert_eq!((shop.running_tasks_count(), shop.pending_tasks_count()), (2, 1));
    assert_eq!((shop.active_services_count(), default.running_tasks_count()), (1, 0));
    assert!(shop.tags().is_empty(), "nobody asked for them");
    let gone = format!("{ARN}:cluster/gone");
    let elsewhere = "arn:aws:ecs:eu-west-1:000000000000:cluster/shop";
    assert_eq!(missing(plain.failures()), [(&*gone, "MISSING"), (elsewhere, "MISSING")]);

    let tagged = told.include(ClusterField::Tags).send().await.unwrap();
    assert_eq!(tag(tagged.clusters()[0].tags()), Some(("team", "shop")));
    let usual = ecs.describe_clusters().send().await.unwrap();
    assert_eq!(usual.clusters()[0].cluster_name(), Some("default"), "as nobody says which");
    let many = |many| ecs.describe_clusters().set_clusters(Some(names("c", many))).send();
    assert_eq!(many(100).await.unwrap().failures().len(), 100);
    assert_eq!(code(&many(101).await), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn services_tell_what_they_are() {
    let (_aws, ecs) = world(shop()).await;
    let cluster = format!("{ARN}:cluster/shop");
    let told = ecs.describe_services().cluster(&cluster).services("web").services("gone");
    let told = told.services(format!("{ARN}:service/shop/web")).send().await.unwrap();
    let [web, again] = told.services() else { panic!("{told:?}") };
    assert_eq!(web, again, "by name and by ARN");
    assert_eq!(web.service_arn(), Some(&*format!("{ARN}:service/shop/web")));
    assert_eq!((web.service_name(), web.cluster_arn()), (Some("web"), Some(&*cluster)));
    assert_eq!(web.task_definition(), Some(&*format!("{ARN}:task-definition/front:7")));
    assert_eq!((web.status(), web.launch_type()), (Some("ACTIVE"), Some(&LaunchType::Fargate)));
    assert_eq!((web.desired_count(), web.running_count(), web.pending_count()), (3, 1, 1));
    assert_eq!(web.created_at().unwrap().to_string(), "2026-01-01T00:00:00Z");
    let [target, classic] = web.load_balancers() else { panic!("{web:?}") };
    assert_eq!((target.target_group_arn(), target.load_balancer_name()), (Some("arn:target"), None));
    assert_eq!((classic.target_group_arn(), classic.load_balancer_name()), (None, Some("classic")));
    assert_eq!((target.container_name(), target.container_port()), (Some("front"), Some(80)));
    let vpc = web.network_configuration().unwrap().awsvpc_configuration().unwrap();
    assert_eq!((vpc.subnets().len(), vpc.security_groups()), (2, &["sg-1".to_owned()][..]));
    let [deployment] = web.deployments() else { panic!("{web:?}") };
    assert_eq!((deployment.status(), deployment.task_definition()), (Some("PRIMARY"), web.task_definition()));
    assert!(web.tags().is_empty());
    assert_eq!(missing(told.failures()), [(&*format!("{ARN}:service/shop/gone"), "MISSING")]);

    let other = ecs.describe_services().services("web").include(ServiceField::Tags).send().await.unwrap();
    let [other] = other.services() else { panic!("{other:?}") };
    assert_eq!(other.service_arn(), Some(&*format!("{ARN}:service/default/web")), "of the default cluster");
    assert_eq!((other.launch_type(), other.network_configuration()), (Some(&LaunchType::Ec2), None));
    let tagged = ecs.describe_services().cluster("shop").services("web").include(ServiceField::Tags);
    assert_eq!(tag(tagged.send().await.unwrap().services()[0].tags()), Some(("team", "web")));
}

#[tokio::test(start_paused = true)]
async fn services_are_refused_as_on_aws() {
    let (_aws, ecs) = world(shop()).await;
    let ask = |services| ecs.describe_services().cluster("shop").set_services(Some(services)).send();
    assert_eq!(ask(names("s", 10)).await.unwrap().failures().len(), 10);
    assert_eq!(code(&ask(names("s", 11)).await), "InvalidParameterException");
    assert_eq!(refused(&ask(Vec::new()).await), ("InvalidParameterException", "Services cannot be empty."));
    assert_eq!(
        refused(&ask(vec![format!("{ARN}:service/default/web")]).await),
        (
            "InvalidParameterException",
            "Invalid identifier: Identifier is for cluster default. Your cluster is shop"
        )
    );
    assert_eq!(
        refused(&ask(vec![format!("{ARN}:cluster/shop")]).await),
        ("InvalidParameterException", "Unsupported resource type: cluster")
    );
    // ARNs of old name no cluster.
    assert_eq!(ask(vec![format!("{ARN}:service/web")]).await.unwrap().services().len(), 1);
    let elsewhere = "arn:aws:ecs:us-east-1:111122223333:service/shop/web".to_owned();
    assert_eq!(ask(vec![elsewhere]).await.unwrap().failures().len(), 1);

    for gone in ["gone", "arn:aws:ecs:us-east-1:111122223333:cluster/shop"] {
        let lost = ecs.describe_services().cluster(gone).services("web").send().await;
        assert!(lost.unwrap_err().as_service_error().unwrap().is_cluster_not_found_exception(), "{gone}");
        assert_eq!(code(&ecs.list_services().cluster(gone).send().await), "ClusterNotFoundException");
        assert_eq!(code(&ecs.list_tasks().cluster(gone).send().await), "ClusterNotFoundException");
        let tasks = ecs.describe_tasks().cluster(gone).tasks("1a").send().await;
        assert_eq!(refused(&tasks), ("ClusterNotFoundException", "Cluster not found."));
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_tell_what_they_are() {
    let (_aws, ecs) = world(shop()).await;
    let told = ecs.describe_tasks().cluster("shop").tasks("1a").tasks(format!("{ARN}:task/shop/4d"));
    let told = told.tasks("gone").include(TaskField::Tags).send().await.unwrap();
    let [one, four] = told.tasks() else { panic!("{told:?}") };
    assert_eq!(one.task_arn(), Some(&*format!("{ARN}:task/shop/1a")));
    assert_eq!(one.cluster_arn(), Some(&*format!("{ARN}:cluster/shop")));
    assert_eq!(one.task_definition_arn(), Some(&*format!("{ARN}:task-definition/front:7")), "the service's");
    assert_eq!((one.group(), four.group()), (Some("service:web"), Some("family:4d")));
    assert_eq!(four.task_definition_arn(), Some(&*format!("{ARN}:task-definition/4d:1")));
    assert_eq!((one.last_status(), one.desired_status()), (Some("RUNNING"), Some("RUNNING")));
    assert_eq!(tag(one.tags()), Some(("team", "1a")));
    assert_eq!(one.availability_zone(), Some("us-east-1a"));
    let [attachment] = one.attachments() else { panic!("{one:?}") };
    assert_eq!(attachment.r#type(), Some("ElasticNetworkInterface"));
    let detail = |name: &str| {
        let found = attachment.details().iter().find(|it| it.name() == Some(name));
        found.and_then(|it| it.value()).unwrap_or_default()
    };
    assert_eq!((detail("subnetId"), detail("privateIPv4Address")), ("subnet-1", "10.0.0.7"));
    assert_eq!(detail("privateDnsName"), "ip-10-0-0-7.ec2.internal");
    let interface = detail("networkInterfaceId");
    assert!(interface.starts_with("eni-") && interface.len() == 21, "{interface}");
    let address = one.containers()[0].network_interfaces()[0].private_ipv4_address();
    assert_eq!((address, four.attachments().len()), (Some("10.0.0.7"), 0));
    assert_eq!(missing(told.failures()), [(&*format!("{ARN}:task/shop/gone"), "MISSING")]);

    let web = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    assert_eq!(one.started_by(), web.services()[0].deployments()[0].id());

    let ask = |tasks| ecs.describe_tasks().cluster("shop").set_tasks(Some(tasks)).send();
    assert_eq!(ask(names("t", 100)).await.unwrap().failures().len(), 100);
    assert_eq!(code(&ask(names("t", 101)).await), "InvalidParameterException");
    assert_eq!(refused(&ask(Vec::new()).await), ("InvalidParameterException", "Tasks cannot be empty."));
    let plain = ask(vec!["1a".to_owned()]).await.unwrap();
    assert!(plain.tasks()[0].tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tasks_are_found_by_what_they_are() {
    let (_aws, ecs) = world(shop()).await;
    let list = || ecs.list_tasks().cluster("shop");
    let ids = async |list: aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder| {
        let arns = list.send().await.unwrap().task_arns.unwrap();
        let id = |arn: &String| arn.rsplit('/').next().unwrap().to_owned();
        arns.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids(list()).await, ["1a", "2b", "4d"], "those that are to run");
    assert_eq!(ids(list().desired_status(DesiredStatus::Stopped)).await, ["3c"]);
    assert_eq!(ids(list().service_name("web")).await, ["1a", "2b"]);
    assert_eq!(ids(list().service_name(format!("{ARN}:service/shop/web"))).await, ["1a", "2b"]);
    assert_eq!(ids(list().family("front")).await, ["1a", "2b"]);
    assert_eq!(ids(list().launch_type(LaunchType::Ec2)).await, ["4d"]);
    let web = ecs.describe_services().cluster("shop").services("web").send().await.unwrap();
    let deployment = web.services()[0].deployments()[0].id().unwrap();
    assert_eq!(ids(list().started_by(deployment)).await, ["1a", "2b"]);
    assert!(ids(ecs.list_tasks()).await.is_empty(), "of the default cluster");
    assert_eq!(code(&list().service_name("gone").send().await), "ServiceNotFoundException");
    let replica = ecs.list_services().cluster("shop").launch_type(LaunchType::Fargate);
    assert_eq!(replica.send().await.unwrap().service_arns().len(), 1);
    let daemon = ecs.list_services().cluster("shop").scheduling_strategy(SchedulingStrategy::Daemon);
    assert!(daemon.send().await.unwrap().service_arns().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let cluster = || "c0".to_owned();
    let resources = Resources {
        clusters: names("c", 230).into_iter().map(|name| Cluster { name, ..Cluster::default() }).collect(),
        services: names("s", 25)
            .into_iter()
            .map(|name| EcsService { name, cluster: cluster(), ..EcsService::default() })
            .collect(),
        tasks: names("t", 200)
            .into_iter()
            .map(|id| Task { id, cluster: cluster(), ..Task::default() })
            .collect(),
        ..Resources::default()
    };
    let (aws, ecs) = world(resources).await;
    let clusters = ecs.list_clusters().into_paginator().items().send().collect::<Result<Vec<_>, _>>();
    assert_eq!(clusters.await.unwrap(), names(&format!("{ARN}:cluster/c"), 230));
    assert_eq!(calls(&aws, "ecs", "ListClusters"), 3);
    let services = ecs.list_services().cluster("c0").into_paginator().items().send();
    let services = services.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(services, names(&format!("{ARN}:service/c0/s"), 25));
    assert_eq!(calls(&aws, "ecs", "ListServices"), 3, "ten a page");
    let tasks = ecs.list_tasks().cluster("c0").into_paginator().items().send();
    assert_eq!(tasks.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 200);
    assert_eq!(calls(&aws, "ecs", "ListTasks"), 2, "no page is empty");

    let all = ecs.list_services().cluster("c0").max_results(100).send().await.unwrap();
    assert_eq!((all.service_arns().len(), all.next_token()), (25, None));
    for most in [0, 101, -1] {
        let list = ecs.list_services().cluster("c0").max_results(most);
        assert_eq!(code(&list.send().await), "InvalidParameterException", "{most}");
        assert_eq!(code(&ecs.list_clusters().max_results(most).send().await), "InvalidParameterException");
        let list = ecs.list_tasks().cluster("c0").max_results(most);
        assert_eq!(code(&list.send().await), "InvalidParameterException", "{most}");
    }
    let token = ecs.list_services().cluster("c0").send().await.unwrap().next_token.unwrap();
    for (cluster, token) in [("c0", "x"), ("c1", &*token)] {
        let list = ecs.list_services().cluster(cluster).next_token(token);
        assert_eq!(code(&list.send().await), "InvalidParameterException", "{cluster}");
    }
}

#[tokio::test(start_paused = true)]
async fn definitions_and_tags() {
    let mut resources = shop();
    resources.services.push(EcsService {
        task_definition: Some("front:12".into()),
        ..EcsService { name: "new".into(), cluster: "shop".into(), ..EcsService::default() }
    });
    let (_aws, ecs) = world(resources).await;
    let arn = |revision| format!("{ARN}:task-definition/front:{revision}");
    for (asked, revision) in [("front", 12), ("front:7", 7), (&*arn(7), 7)] {
        let told = ecs.describe_task_definition().task_definition(asked).send().await.unwrap();
        let told = told.task_definition().unwrap();
        assert_eq!((told.family(), told.revision()), (Some("front"), revision), "{asked}");
        assert_eq!(told.task_definition_arn(), Some(&*arn(revision)));
        assert_eq!(told.container_definitions()[0].name(), Some("front"));
    }
    for gone in ["gone", "front:8", "arn:aws:ecs:eu-west-1:000000000000:task-definition/front:7"] {
        let told = ecs.describe_task_definition().task_definition(gone).send().await;
        assert_eq!(refused(&told), ("ClientException", "Unable to describe task definition."), "{gone}");
    }

    let list = |kind: &str| ecs.list_tags_for_resource().resource_arn(format!("{ARN}:{kind}")).send();
    for (kind, value) in [("cluster/shop", "shop"), ("service/shop/web", "web"), ("task/shop/2b", "2b")] {
        assert_eq!(tag(list(kind).await.unwrap().tags()), Some(("team", value)));
    }
    assert_eq!(code(&list("cluster/gone").await), "ClusterNotFoundException");
    for gone in ["service/shop/gone", "task/shop/gone", "moon/shop"] {
        assert_eq!(code(&list(gone).await), "InvalidParameterException", "{gone}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_has_its_own() {
    let (aws, ecs) = world(shop()).await;
    aws.resources().in_region("eu-west-1").add(Resources {
        clusters: vec![Cluster { name: "west".into(), ..Cluster::default() }],
        ..Resources::default()
    });
    let region = aws_sdk_ecs::config::Region::new("eu-west-1");
    let west = aws_sdk_ecs::config::Builder::from(&aws.sdk_config()).region(region).build();
    let arns = Client::from_conf(west).list_clusters().send().await.unwrap();
    assert_eq!(arns.cluster_arns(), [format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/west")]);
    assert_eq!(ecs.list_clusters().send().await.unwrap().cluster_arns().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn throttled_calls() {
    let (aws, ecs) = world(shop()).await;
    aws.set_limits(Limits::aws());
    for _ in 0..25 {
        ecs.list_clusters().send().await.unwrap();
        ecs.describe_clusters().send().await.unwrap();
    }
    let throttled = ecs.list_clusters().send().await;
    assert_eq!(refused(&throttled), ("ThrottlingException", "Rate exceeded"));
    assert_eq!(throttled.unwrap_err().raw_response().unwrap().status().as_u16(), 400);
    ecs.list_services().send().await.unwrap();
    tokio::time::advance(std::time::Duration::from_millis(50)).await;
    assert_eq!(code(&ecs.list_clusters().send().await), "success");
    aws.set_limits(one_call("ecs", "ListTasks"));
    ecs.list_tasks().send().await.unwrap();
    assert_eq!(code(&ecs.list_tasks().send().await), "Throttling");
}
