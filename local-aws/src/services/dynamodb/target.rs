//! What a request is about, read before it is served: the operation, and the table or index.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

use super::Request;

/// The versions of the two APIs, as targets name them.
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// The operation that the target names; empty if it names none.
pub(super) fn operation(request: &Request) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| TARGETS.iter().find_map(|api| target.strip_prefix(api))).unwrap_or_default()
}

/// The table that a request names, or `table/index` if it names an index: each has a throughput of its own.
/// Of several tables it is the first by name in a batch, and the first as sent in a transaction.
pub(super) fn resource(body: &[u8]) -> Option<String> {
    let names = serde_json::from_slice::<Names>(body).ok()?;
    let transact = || names.transact_items.into_iter().flat_map(BTreeMap::into_values).next()?.table_name;
    let table = names
        .table_name
        .or(names.resource_arn)
        .or(names.stream_arn)
        .or_else(|| names.request_items.into_keys().next())
        .or_else(transact)?;
    let table = without_arn(&table);
    Some(names.index_name.map_or_else(|| table.to_owned(), |index| format!("{table}/{index}")))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Names {
    table_name: Option<String>,
    index_name: Option<String>,
    resource_arn: Option<String>,
    stream_arn: Option<String>,
    /// Of a batch, by table.
    #[expect(clippy::zero_sized_map_values, reason = "a map in JSON, of which only the keys are read")]
    request_items: BTreeMap<String, IgnoredAny>,
    /// Of a transaction: one operation each, by its name.
    transact_items: Vec<BTreeMap<String, Member>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Member {
    table_name: Option<String>,
}

/// A table may be named by its ARN, `arn:aws:dynamodb:region:account:table/name`, and by those of its parts.
fn without_arn(name: &str) -> &str {
    let path = name.strip_prefix("arn:").and_then(|arn| arn.split_once(":table/"));
    path.map_or(name, |(_, path)| path.split('/').next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_indexes() {
        for (body, expected) in [
            (r#"{"TableName":"leases","Key":{"k":{"S":"TableName"}}}"#, Some("leases")),
            (r#"{"TableName":"leases","IndexName":"by-owner"}"#, Some("leases/by-owner")),
            (r#"{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/leases"}"#, Some("leases")),
            (r#"{"StreamArn":"arn:aws:dynamodb:us-east-1:0:table/leases/stream/2026"}"#, Some("leases")),
            (r#"{"ResourceArn":"arn:aws:dynamodb:us-east-1:0:table/leases","Tags":[]}"#, Some("leases")),
            (r#"{"RequestItems":{"b":[],"a":[]}}"#, Some("a")),
            (
                r#"{"TransactItems":[{"Put":{"TableName":"b","Item":{}}},{"Delete":{"TableName":"a"}}]}"#,
                Some("b"),
            ),
            ("{}", None),
            ("no JSON", None),
        ] {
            assert_eq!(resource(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
