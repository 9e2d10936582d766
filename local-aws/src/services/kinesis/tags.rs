//! The tags of a stream.

use std::{collections::BTreeMap, ops::Bound};

use serde::{Deserialize, Serialize};

use super::{call::Call, check, create::Nothing, failure::Failure};

/// Tags that a stream may have.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html>.
const MOST: usize = 50;

/// Keys of 1 to 128 characters, values of at most 256.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(Failure::invalid(format!(
                "Tag {key}: a key has 1 to 128 characters, and a value at most 256."
            )));
        }
    }
    if tags.len() > MOST {
        return Err(Failure::invalid(format!("A stream has at most {MOST} tags.")));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    tags: BTreeMap<String, String>,
}

pub(super) fn add(call: &mut Call<'_>, input: &AddTags) -> Result<Nothing, Failure> {
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let mut tags = stream.tags.clone();
    tags.extend(input.tags.clone());
    check(&tags)?;
    stream.tags = tags;
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    tag_keys: Vec<String>,
}

pub(super) fn remove(call: &mut Call<'_>, input: &RemoveTags) -> Result<Nothing, Failure> {
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    stream.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(Nothing {})
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTags {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    exclusive_start_tag_key: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    tags: Vec<Tag>,
    has_more_tags: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

pub(super) fn list(call: &mut Call<'_>, input: &ListTags) -> Result<Tags, Failure> {
    let limit = check::within(input.limit, "limit", 1..=50, 50)? as usize;
    let stream = call.region.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let start = input.exclusive_start_tag_key.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = stream.tags.range::<String, _>((start, Bound::Unbounded));
    let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
    let tags = rest.by_ref().take(limit).map(tag).collect();
    Ok(Tags { tags, has_more_tags: rest.next().is_some() })
}
