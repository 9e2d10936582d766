//! Services.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, CREATED, clusters::missing, definitions, invalid, most, names, page, tags};
use crate::{
    resources::{Cluster, EcsLoadBalancer, EcsService, Resources},
    services::query::Failure,
};

/// The most services that are described at once, and that a page holds unless more are asked for.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>.
const TEN: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Describe {
    cluster: Option<String>,
    services: Vec<String>,
    include: Vec<String>,
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: List = asked.read()?;
    let most = most(input.max_results, TEN)?;
    asked.look(|known| {
        let cluster = names::cluster(asked, known, input.cluster.as_deref())?;
        let launch = |service: &EcsService| {
            input.launch_type.as_ref().is_none_or(|launch| launch == service.launch_type())
        };
        let replica = input.scheduling_strategy.as_ref().is_none_or(|strategy| strategy == "REPLICA");
        let arns = of(known, cluster)
            .filter(|service| replica && launch(service))
            .map(|service| service.arn(asked.account, asked.region));
        let list = format!("ecs:services:{}", cluster.name);
        page((&list, "serviceArns"), arns, input.next_token.as_deref(), most)
    })
}

pub(super) fn describe(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: Describe = asked.read()?;
    if input.services.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if input.services.len() > TEN {
        return Err(invalid("Services cannot have more than 10 elements."));
    }
    let with_tags = tags::included(&input.include)?;
    asked.look(|known| {
        let cluster = names::cluster(asked, known, input.cluster.as_deref())?;
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for text in input.services {
            let found = names::member(asked, cluster, "service", &text)?;
            match found.and_then(|name| of(known, cluster).find(|service| service.name == name)) {
                Some(service) => services.push(write(asked, known, service, with_tags)),
                None if text.starts_with("arn:") => failures.push(missing(&text)),
                None => {
                    let service =
                        EcsService { name: text, cluster: cluster.name.clone(), ..EcsService::default() };
                    failures.push(missing(&service.arn(asked.account, asked.region)));
                }
            }
        }
        Ok(json!({ "services": services, "failures": failures }))
    })
}

/// The services of a cluster.
pub(super) fn of<'a>(known: &'a Resources, cluster: &Cluster) -> impl Iterator<Item = &'a EcsService> {
    known.services.iter().filter(|service| service.cluster == cluster.name)
}

fn write(asked: &Asked<'_>, known: &Resources, service: &EcsService, with_tags: bool) -> Value {
    let (account, region) = (asked.account, asked.region);
    let definition = service.task_definition();
    let tasks = || {
        let own = |name: &String| *name == service.name;
        known
            .tasks
            .iter()
            .filter(move |task| task.cluster == service.cluster && task.service.as_ref().is_some_and(own))
    };
    let running = tasks().filter(|task| task.last_status() == "RUNNING").count();
    let pending = tasks().filter(|task| task.is_pending()).count();
    let mut told = json!({
        "serviceArn": service.arn(account, region),
        "serviceName": service.name,
        "clusterArn": Cluster { name: service.cluster.clone(), ..Cluster::default() }.arn(account, region),
        "loadBalancers": service.load_balancers.iter().map(|it| balancer(it, &definition)).collect::<Vec<_>>(),
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": service.desired_count,
        "runningCount": running,
        "pendingCount": pending,
        "launchType": service.launch_type(),
        "taskDefinition": definitions::arn(asked, &definition),
        "deploymentConfiguration": { "maximumPercent": 200, "minimumHealthyPercent": 100 },
        "deployments": [{
            "id": service.deployment(),
            "status": "PRIMARY",
            "taskDefinition": definitions::arn(asked, &definition),
            "desiredCount": service.desired_count,
            "runningCount": running,
            "pendingCount": pending,
            "failedTasks": 0,
            "createdAt": CREATED,
            "updatedAt": CREATED,
            "launchType": service.launch_type(),
            "rolloutState": "COMPLETED",
        }],
        "events": [],
        "createdAt": CREATED,
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": "ECS" },
        "createdBy": format!("arn:aws:iam::{account}:root"),
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
    });
    if !service.subnets.is_empty() {
        let network = json!({ "awsvpcConfiguration": {
            "subnets": service.subnets,
            "securityGroups": service.security_groups,
            "assignPublicIp": "DISABLED",
        }});
        told["deployments"][0]["networkConfiguration"] = network.clone();
        told["networkConfiguration"] = network;
    }
    if with_tags {
        told["tags"] = tags::write(&service.tags, true);
    }
    told
}

fn balancer(balancer: &EcsLoadBalancer, definition: &str) -> Value {
    let mut told = json!({ "containerName": definitions::family(definition), "containerPort": 80 });
    if let Some(arn) = &balancer.target_group {
        told["targetGroupArn"] = arn.as_str().into();
    }
    if let Some(name) = &balancer.load_balancer {
        told["loadBalancerName"] = name.as_str().into();
    }
    told
}
