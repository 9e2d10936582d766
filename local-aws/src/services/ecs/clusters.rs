//! Clusters.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, PAGE, invalid, most, names, page, tags};
use crate::{
    resources::{Cluster, Resources},
    services::query::Failure,
};

/// The most clusters that are described at once.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html>.
const DESCRIBED: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Describe {
    clusters: Vec<String>,
    include: Vec<String>,
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: List = asked.read()?;
    let most = most(input.max_results, PAGE)?;
    asked.look(|known| {
        let arns = known.clusters.iter().map(|cluster| cluster.arn(asked.account, asked.region));
        page(("ecs:clusters", "clusterArns"), arns, input.next_token.as_deref(), most)
    })
}

pub(super) fn describe(asked: &Asked<'_>) -> Result<Value, Failure> {
    let mut input: Describe = asked.read()?;
    if input.clusters.is_empty() {
        input.clusters.push("default".to_owned());
    }
    if input.clusters.len() > DESCRIBED {
        return Err(invalid("Clusters cannot have more than 100 elements."));
    }
    let with_tags = tags::included(&input.include)?;
    asked.look(|known| {
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for name in input.clusters {
            match names::find_cluster(asked, known, &name)? {
                Some(cluster) => clusters.push(write(asked, known, cluster, with_tags)),
                None if name.starts_with("arn:") => failures.push(missing(&name)),
                None => {
                    let cluster = Cluster { name, ..Cluster::default() };
                    failures.push(missing(&cluster.arn(asked.account, asked.region)));
                }
            }
        }
        Ok(json!({ "clusters": clusters, "failures": failures }))
    })
}

/// What stands for a resource that is not there.
pub(super) fn missing(arn: &str) -> Value {
    json!({ "arn": arn, "reason": "MISSING" })
}

fn write(asked: &Asked<'_>, known: &Resources, cluster: &Cluster, with_tags: bool) -> Value {
    let tasks = || known.tasks.iter().filter(|task| task.cluster == cluster.name);
    json!({
        "clusterArn": cluster.arn(asked.account, asked.region),
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": tasks().filter(|task| task.last_status() == "RUNNING").count(),
        "pendingTasksCount": tasks().filter(|task| task.is_pending()).count(),
        "activeServicesCount":
            known.services.iter().filter(|service| service.cluster == cluster.name).count(),
        "statistics": [],
        "tags": tags::write(&cluster.tags, with_tags),
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}
