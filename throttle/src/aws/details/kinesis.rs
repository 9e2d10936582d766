//! Kinesis: the stream, and the shard where the request names one.
//!
//! Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>

use super::{CallHint, MOST, name, resource};
use crate::aws::document::{head, members};

/// Longer than the ARN of a stream.
const TAIL: usize = 512;

/// `orders`, or `orders/shardId-000000000000`. `GetRecords` has an iterator, which names neither.
pub(super) fn read(operation: &str, body: &[u8]) -> CallHint {
    match operation {
        "PutRecord"
        | "GetShardIterator"
        | "SubscribeToShard"
        | "ListShards"
        | "MergeShards"
        | "SplitShard"
        | "RegisterStreamConsumer"
        | "DeregisterStreamConsumer"
        | "DescribeStreamConsumer"
        | "ListStreamConsumers" => {}
        // Megabytes of records may come first.
        "PutRecords" => return resource(at_the_end(body).map(str::to_owned)),
        // The account's, not a stream's.
        _ => return CallHint::default(),
    }
    let of_a_shard = matches!(operation, "GetShardIterator" | "SubscribeToShard");
    let (mut stream, mut shard) = (None, None);
    for member in members(head(body, MOST)).filter(|it| it.depth == 1) {
        match member.key {
            "StreamName" | "StreamARN" | "ConsumerARN" => stream = member.string(),
            "ShardId" => shard = member.string(),
            _ => {}
        }
        if stream.is_some() && (shard.is_some() || !of_a_shard) {
            break;
        }
    }
    resource(stream.map(name).map(|stream| match shard {
        Some(shard) => format!("{stream}/{shard}"),
        None => stream.to_owned(),
    }))
}

/// A quote within a string has a backslash before it, so that neither name can be part of a record.
fn at_the_end(body: &[u8]) -> Option<&str> {
    let tail = &body[body.len().saturating_sub(TAIL)..];
    // Whatever the cut has left of a character of several bytes.
    let start = tail.iter().position(|byte| byte & 0xc0 != 0x80)?;
    let tail = head(&tail[start..], TAIL);
    let of = |key| tail.rsplit_once(key)?.1.split('"').next().map(name);
    of(r#""StreamName":""#).or_else(|| of(r#""StreamARN":""#)).or_else(|| {
        // Before the records.
        let first = members(head(body, TAIL)).next().filter(|it| it.key.starts_with("Stream"))?;
        first.string().map(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_and_the_shard_are_read() {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
        let records = |rest: &str| {
            let record =
                format!(r#"{{"Data":"{}","PartitionKey":"\"StreamName\":\"no"}}"#, "A".repeat(40_000));
            format!(r#"{{"Records":[{record},{record}]{rest}}}"#)
        };
        for (operation, body, expected) in [
            ("PutRecord", r#"{"StreamName":"orders","Data":"AAAA","PartitionKey":"a"}"#.to_owned(), "orders"),
            ("PutRecord", format!(r#"{{"Data":"AAAA","PartitionKey":"a","StreamARN":"{arn}"}}"#), "orders"),
            ("PutRecords", records(r#","StreamName":"orders""#), "orders"),
            ("PutRecords", records(&format!(r#","StreamARN":"{arn}""#)), "orders"),
            ("PutRecords", records(""), ""),
            ("PutRecords", r#"{"StreamName":"orders","Records":[]}"#.to_owned(), "orders"),
            (
                "GetShardIterator",
                r#"{"StreamName":"orders","ShardId":"shard-7"}"#.to_owned(),
                "orders/shard-7",
            ),
            (
                "SubscribeToShard",
                format!(r#"{{"ConsumerARN":"{arn}/consumer/app:17","ShardId":"shard-7"}}"#),
                "orders/shard-7",
            ),
            ("ListShards", r#"{"StreamName":"orders"}"#.to_owned(), "orders"),
            ("GetRecords", r#"{"ShardIterator":"AAAA"}"#.to_owned(), ""),
            ("DescribeStreamSummary", r#"{"StreamName":"orders"}"#.to_owned(), ""),
            ("PutRecords", String::new(), ""),
        ] {
            assert_eq!(read(operation, body.as_bytes()).resource_name(), expected, "{operation}");
        }
    }
}
