//! Tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, invalid, names::Arn};
use crate::{
    resources::{Resources, Tags},
    services::query::Failure,
};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct List {
    resource_arn: Option<String>,
}

pub(super) fn list(asked: &Asked<'_>) -> Result<Value, Failure> {
    let input: List = asked.read()?;
    let text = input.resource_arn.unwrap_or_default();
    let arn = Arn::of(&text).ok_or_else(|| invalid(format!("Invalid identifier: {text}")))?;
    asked.look(|known| {
        let tags = find(asked, known, arn.kind, &text)?;
        Ok(json!({ "tags": write(tags, true) }))
    })
}

fn find<'a>(asked: &Asked<'_>, known: &'a Resources, kind: &str, arn: &str) -> Result<&'a Tags, Failure> {
    let (account, region) = (asked.account, asked.region);
    let (tags, code, name) = match kind {
        "cluster" => {
            let cluster = known.clusters.iter().find(|it| it.arn(account, region) == arn);
            (cluster.map(|it| &it.tags), "ClusterNotFoundException", "Cluster")
        }
        "service" => {
            let service = known.services.iter().find(|it| it.arn(account, region) == arn);
            (service.map(|it| &it.tags), "InvalidParameterException", "Service")
        }
        "task" => {
            let task = known.tasks.iter().find(|it| it.arn(account, region) == arn);
            (task.map(|it| &it.tags), "InvalidParameterException", "Task")
        }
        other => return Err(invalid(format!("Unsupported resource type: {other}"))),
    };
    tags.ok_or_else(|| Failure::new(code, format!("{name} not found.")))
}

/// Whether `include` asks for tags.
pub(super) fn included(include: &[String]) -> Result<bool, Failure> {
    let known = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];
    if let Some(other) = include.iter().find(|asked| !known.contains(&&***asked)) {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    Ok(include.iter().any(|asked| asked == "TAGS"))
}

/// Tags as they are told; none if nobody asks for them.
pub(super) fn write(tags: &Tags, asked: bool) -> Value {
    let tags = tags.iter().filter(|_| asked);
    tags.map(|(key, value)| json!({ "key": key, "value": value })).collect()
}
