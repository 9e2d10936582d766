//! DynamoDB: a table or one of its indexes, and whether it is read or written.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>

use super::{CallHint, MOST, name, resource};
use crate::aws::document::{head, members};

/// `orders/read`, `orders/index/by-date/read` or `orders/write`; of several tables the first.
pub(super) fn read(operation: &str, body: &[u8]) -> CallHint {
    // Where the table is named, by how many objects and arrays it is in.
    let (depth, direction) = match operation {
        "GetItem" | "Query" | "Scan" => (1, "read"),
        "PutItem" | "UpdateItem" | "DeleteItem" => (1, "write"),
        "TransactGetItems" => (4, "read"),
        "TransactWriteItems" => (4, "write"),
        "BatchGetItem" => return resource(batched(body).map(|table| format!("{table}/read"))),
        "BatchWriteItem" => return resource(batched(body).map(|table| format!("{table}/write"))),
        // The account's, not a table's.
        _ => return CallHint::default(),
    };
    let (mut table, mut index) = (None, None);
    for member in members(head(body, MOST)).filter(|it| it.depth == depth) {
        match member.key {
            "TableName" => table = member.string(),
            "IndexName" => index = member.string(),
            _ => {}
        }
        // Only these two have an index.
        if table.is_some() && (index.is_some() || !matches!(operation, "Query" | "Scan")) {
            break;
        }
    }
    resource(table.map(name).map(|table| match index {
        Some(index) => format!("{table}/index/{index}/{direction}"),
        None => format!("{table}/{direction}"),
    }))
}

/// `{"RequestItems":{"orders":…`
fn batched(body: &[u8]) -> Option<&str> {
    let mut members = members(head(body, MOST));
    members.find(|it| it.depth == 1 && it.key == "RequestItems")?;
    members.next().filter(|it| it.depth == 2).map(|it| name(it.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_direction_are_read() {
        for (operation, body, expected) in [
            ("GetItem", r#"{"TableName":"orders","Key":{"TableName":{"S":"no"}}}"#, "orders/read"),
            ("PutItem", r#"{"Item":{"TableName":{"S":"no"}},"TableName":"orders"}"#, "orders/write"),
            ("UpdateItem", r#"{"TableName":"arn:aws:dynamodb:eu-west-1:1:table/orders"}"#, "orders/write"),
            (
                "Query",
                r#"{"TableName":"orders","IndexName":"by-date","Limit":1}"#,
                "orders/index/by-date/read",
            ),
            ("Query", r#"{"TableName":"orders","KeyConditionExpression":"a = :b"}"#, "orders/read"),
            ("Scan", r#"{"IndexName":"by-date","TableName":"orders"}"#, "orders/index/by-date/read"),
            ("BatchGetItem", r#"{"RequestItems":{"orders":{"Keys":[]},"others":{}}}"#, "orders/read"),
            (
                "BatchWriteItem",
                r#"{"ReturnConsumedCapacity":"NONE","RequestItems":{"orders":[]}}"#,
                "orders/write",
            ),
            (
                "TransactWriteItems",
                r#"{"TransactItems":[{"Put":{"Item":{"TableName":{"S":"no"}},"TableName":"orders"}},{"Delete":{"TableName":"others"}}]}"#,
                "orders/write",
            ),
            ("TransactGetItems", r#"{"TransactItems":[{"Get":{"TableName":"orders"}}]}"#, "orders/read"),
            ("DescribeTable", r#"{"TableName":"orders"}"#, ""),
            ("ExecuteStatement", r#"{"Statement":"SELECT * FROM orders"}"#, ""),
            ("GetItem", r#"{"Key":{"TableName":"no"}}"#, ""),
            ("BatchGetItem", r#"{"RequestItems":{}}"#, ""),
            ("GetItem", "", ""),
        ] {
            assert_eq!(read(operation, body.as_bytes()).resource_name(), expected, "{operation} {body}");
        }
    }
}
