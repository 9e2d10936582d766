//! `GetQueueAttributes` and `SetQueueAttributes`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{call::Call, create::Nothing, failure::Failure, settings::Attributes};

/// Every attribute of the API, as it may be asked for.
const KNOWN: [&str; 22] = [
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Got {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

pub(super) fn get(call: &mut Call<'_>, input: &Get) -> Result<Got, Failure> {
    let names = &input.attribute_names;
    if let Some(unknown) = names.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Failure::attribute_name(format!("Unknown Attribute {unknown}.")));
    }
    let name = Arc::clone(&call.queue(&input.queue_url)?.name);
    let arn = call.region.arn(&name);
    let queue = call.queue(&input.queue_url)?;
    let mut attributes = queue.settings.told().clone();
    let counts = queue.counts();
    for (name, value) in [
        ("QueueArn", arn),
        ("CreatedTimestamp", queue.created.seconds().to_string()),
        ("LastModifiedTimestamp", queue.modified.seconds().to_string()),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    if !names.iter().any(|name| name == "All") {
        attributes.retain(|name, _| names.contains(name));
    }
    Ok(Got { attributes })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Set {
    queue_url: String,
    attributes: Attributes,
}

pub(super) fn set(call: &mut Call<'_>, input: &Set) -> Result<Nothing, Failure> {
    let now = call.now;
    let queue = call.queue(&input.queue_url)?;
    let (name, settings) = (Arc::clone(&queue.name), queue.settings.changed(&input.attributes)?);
    if input.attributes.contains_key("RedrivePolicy") {
        call.region.check_redrive(&name, &settings)?;
    }
    call.queue(&input.queue_url)?.set(&input.attributes, now)?;
    Ok(Nothing {})
}
