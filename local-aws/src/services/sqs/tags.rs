//! The tags of a queue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    create::{Nothing, Only},
    failure::Failure,
};

/// Tags that a queue may have.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>.
const MOST: usize = 50;

/// Keys of 1 to 128 characters, values of at most 256.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(Failure::parameter(format!(
                "Tag {key}: a key has 1 to 128 characters, and a value at most 256."
            )));
        }
    }
    if tags.len() > MOST {
        return Err(Failure::parameter(format!(
            "Too many tags added for queue: a queue has at most {MOST}."
        )));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    queue_url: String,
    tags: BTreeMap<String, String>,
}

pub(super) fn add(call: &mut Call<'_>, input: Tag) -> Result<Nothing, Failure> {
    let queue = call.queue(&input.queue_url)?;
    let mut tags = queue.tags.clone();
    tags.extend(input.tags);
    check(&tags)?;
    queue.tags = tags;
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Untag {
    queue_url: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(call: &mut Call<'_>, input: &Untag) -> Result<Nothing, Failure> {
    call.queue(&input.queue_url)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(Nothing {})
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

pub(super) fn list(call: &mut Call<'_>, input: &Only) -> Result<Tags, Failure> {
    Ok(Tags { tags: call.queue(&input.queue_url)?.tags.clone() })
}
