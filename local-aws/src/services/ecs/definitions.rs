//! Task definitions: those that services and tasks run.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, CREATED, names::Arn};
use crate::{
    resources::{EcsService, Resources},
    services::query::Failure,
};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Describe {
    task_definition: Option<String>,
}

pub(super) fn describe(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: Describe = asked.read()?;
    let unknown = || Failure::new("ClientException", "Unable to describe task definition.");
    let text = input.task_definition.ok_or_else(|| {
        Failure::new("InvalidParameterException", "Task definition must not be null or empty.")
    })?;
    let name = match Arn::of(&text) {
        Some(arn) if arn.kind == "task-definition" && arn.is_of(asked) => arn.resource,
        Some(_) => return Err(unknown()),
        None => &text,
    };
    let found = asked.look(|known| find(known, name)).ok_or_else(unknown)?;
    Ok(json!({ "taskDefinition": write(asked, &found), "tags": [] }))
}

/// The ARN of `family:revision`.
pub(super) fn arn(asked: &Asked<'_>, definition: &str) -> String {
    format!("arn:aws:ecs:{}:{}:task-definition/{definition}", asked.region, asked.account)
}

/// The family of `family:revision`.
pub(super) fn family(definition: &str) -> &str {
    definition.split_once(':').map_or(definition, |(family, _)| family)
}

fn revision(definition: &str) -> u32 {
    definition.split_once(':').and_then(|(_, revision)| revision.parse().ok()).unwrap_or(1)
}

/// The definition of a `family:revision`, or the last of a family, that something runs.
fn find(known: &Resources, name: &str) -> Option<String> {
    let of_services = known.services.iter().map(EcsService::task_definition);
    let of_tasks = known.tasks.iter().map(|task| task.task_definition(&known.services));
    let fits = |definition: &String| {
        if name.contains(':') { definition == name } else { family(definition) == name }
    };
    let fitting: BTreeSet<_> = of_services.chain(of_tasks).filter(fits).collect();
    fitting.into_iter().max_by_key(|definition| revision(definition))
}

fn write(asked: &Asked<'_>, definition: &str) -> Value {
    let family = family(definition);
    json!({
        "taskDefinitionArn": arn(asked, definition),
        "family": family,
        "revision": revision(definition),
        "status": "ACTIVE",
        "containerDefinitions": [{
            "name": family,
            "image": family,
            "cpu": 0,
            "essential": true,
            "environment": [],
            "mountPoints": [],
            "portMappings": [],
            "volumesFrom": [],
        }],
        "volumes": [],
        "placementConstraints": [],
        "cpu": "256",
        "memory": "512",
        "registeredAt": CREATED,
        "registeredBy": format!("arn:aws:iam::{}:root", asked.account),
    })
}
