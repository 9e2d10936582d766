//! Tasks.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Asked, CREATED, PAGE, clusters::missing, definitions, invalid, most, names, page, services, tags,
};
use crate::{
    resources::{Cluster, EcsService, Resources, Task, made_up},
    services::query::Failure,
};

/// The most tasks that are described at once.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>.
const DESCRIBED: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    service_name: Option<String>,
    family: Option<String>,
    desired_status: Option<String>,
    launch_type: Option<String>,
    started_by: Option<String>,
    container_instance: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Describe {
    cluster: Option<String>,
    tasks: Vec<String>,
    include: Vec<String>,
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: List = asked.read()?;
    let most = most(input.max_results, PAGE)?;
    let desired = input.desired_status.as_deref().unwrap_or("RUNNING");
    if !["RUNNING", "PENDING", "STOPPED"].contains(&desired) {
        return Err(invalid(format!("Invalid desiredStatus: {desired}")));
    }
    if let Some(instance) = &input.container_instance {
        return Err(invalid(format!("There is no container instance {instance}.")));
    }
    asked.look(|known| {
        let cluster = names::cluster(asked, known, input.cluster.as_deref())?;
        let service = match &input.service_name {
            None => None,
            Some(text) => {
                let name = names::member(asked, cluster, "service", text)?;
                let found = services::of(known, cluster).find(|service| Some(&*service.name) == name);
                Some(found.ok_or_else(|| Failure::new("ServiceNotFoundException", "Service not found."))?)
            }
        };
        let fits = |task: &&Task| {
            task.desired_status() == desired
                && service.is_none_or(|service| task.service.as_ref() == Some(&service.name))
                && input.launch_type.as_ref().is_none_or(|launch| launch == task.launch_type())
                && (input.started_by.is_none() || input.started_by == started_by(known, task))
                && input.family.as_ref().is_none_or(|family| {
                    definitions::family(&task.task_definition(&known.services)) == family
                })
        };
        let arns = of(known, cluster).filter(fits).map(|task| task.arn(asked.account, asked.region));
        let list = format!("ecs:tasks:{}", cluster.name);
        page((&list, "taskArns"), arns, input.next_token.as_deref(), most)
    })
}

pub(super) fn describe(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: Describe = asked.read()?;
    if input.tasks.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if input.tasks.len() > DESCRIBED {
        return Err(invalid("Tasks cannot have more than 100 elements."));
    }
    let with_tags = tags::included(&input.include)?;
    asked.look(|known| {
        let cluster = names::cluster(asked, known, input.cluster.as_deref())?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for text in input.tasks {
            let found = names::member(asked, cluster, "task", &text)?;
            match found.and_then(|id| of(known, cluster).find(|task| task.id == id)) {
                Some(task) => tasks.push(write(asked, known, task, with_tags)),
                None if text.starts_with("arn:") => failures.push(missing(&text)),
                None => {
                    let task = Task { id: text, cluster: cluster.name.clone(), ..Task::default() };
                    failures.push(missing(&task.arn(asked.account, asked.region)));
                }
            }
        }
        Ok(json!({ "tasks": tasks, "failures": failures }))
    })
}

/// The tasks of a cluster.
fn of<'a>(known: &'a Resources, cluster: &Cluster) -> impl Iterator<Item = &'a Task> {
    known.tasks.iter().filter(|task| task.cluster == cluster.name)
}

fn started_by(known: &Resources, task: &Task) -> Option<String> {
    task.service_of(&known.services).map(EcsService::deployment)
}

fn write(asked: &Asked<'_>, known: &Resources, task: &Task, with_tags: bool) -> Value {
    let (account, region) = (asked.account, asked.region);
    let definition = task.task_definition(&known.services);
    let family = definitions::family(&definition);
    let group = match &task.service {
        Some(service) => format!("service:{service}"),
        None => format!("family:{family}"),
    };
    let attachment = task.is_attached().then(|| made_up::uuid(&["attachment", &task.cluster, &task.id]));
    let interfaces = attachment.as_ref().zip(task.private_ip.as_ref());
    let mut told = json!({
        "taskArn": task.arn(account, region),
        "clusterArn": Cluster { name: task.cluster.clone(), ..Cluster::default() }.arn(account, region),
        "taskDefinitionArn": definitions::arn(asked, &definition),
        "attachments": attachment.iter().map(|id| write_attachment(task, id, region)).collect::<Vec<_>>(),
        "attributes": [],
        "availabilityZone": made_up::zone(known, task.subnet.as_deref().unwrap_or_default(), region),
        "connectivity": "CONNECTED",
        "containers": [{
            "containerArn": format!(
                "arn:aws:ecs:{region}:{account}:container/{}/{}/{}",
                task.cluster, task.id, made_up::uuid(&["container", &task.cluster, &task.id])
            ),
            "taskArn": task.arn(account, region),
            "name": family,
            "image": family,
            "lastStatus": task.last_status(),
            "networkBindings": [],
            "networkInterfaces": interfaces
                .map(|(id, address)| json!({ "attachmentId": id, "privateIpv4Address": address }))
                .into_iter()
                .collect::<Vec<_>>(),
            "healthStatus": "UNKNOWN",
        }],
        "cpu": "256",
        "memory": "512",
        "createdAt": CREATED,
        "desiredStatus": task.desired_status(),
        "enableExecuteCommand": false,
        "group": group,
        "healthStatus": "UNKNOWN",
        "lastStatus": task.last_status(),
        "launchType": task.launch_type(),
        "overrides": { "containerOverrides": [] },
        "tags": tags::write(&task.tags, with_tags),
        "version": 1,
    });
    if let Some(deployment) = started_by(known, task) {
        told["startedBy"] = deployment.into();
    }
    told
}

fn write_attachment(task: &Task, id: &str, region: &str) -> Value {
    let interface = task.network_interface();
    let mut details = Vec::new();
    let mut detail = |name: &str, value: &str| details.push(json!({ "name": name, "value": value }));
    if let Some(subnet) = &task.subnet {
        detail("subnetId", subnet);
    }
    detail("networkInterfaceId", &interface);
    if let Some(address) = &task.private_ip {
        let domain = if region == "us-east-1" { "ec2" } else { &format!("{region}.compute") };
        detail("privateDnsName", &format!("ip-{}.{domain}.internal", address.replace('.', "-")));
        detail("privateIPv4Address", address);
    }
    let status = if task.desired_status() == "STOPPED" { "DELETED" } else { "ATTACHED" };
    json!({ "id": id, "type": "ElasticNetworkInterface", "status": status, "details": details })
}
