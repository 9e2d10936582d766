//! What a request is about, read before it is served: the operation, and the stream or shard.

use serde::Deserialize;

use super::{iterator::ShardIterator, list_shards::Token, operation::Operation, region::name_of, subscribe};
use crate::{services::Request, wire::codec::Codec};

/// The version of the API, as targets name it.
const TARGET: &str = "Kinesis_20131202.";

/// The operation that the target names; empty if it names none.
pub(super) fn operation(request: &Request) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default()
}

/// What the limits of a call go by: `stream`, `stream/shard`, or `stream/consumer/shard` for a subscription.
///
/// Puts name none: theirs are counted record by record, while they are served.
pub(super) fn resource(operation: &Operation, request: &Request) -> Option<String> {
    if operation.name.starts_with("PutRecord") {
        return None;
    }
    let names = Codec::of(request.headers()).read::<Names>(request.body()).ok()?;
    if let Some(iterator) = names.shard_iterator {
        return ShardIterator::open(&iterator)
            .map(|iterator| format!("{}/{}", iterator.stream, iterator.shard));
    }
    let (consumer, shard) = (names.consumer_arn, names.shard_id);
    if let (Some(consumer), Some(shard)) = (&consumer, &shard) {
        return Some(subscribe::resource(consumer, shard));
    }
    let of_arn = |arn: String| name_of(&arn).map(str::to_owned);
    let of_token = |token: String| Token::open(&token).map(|token| token.stream);
    let stream = names.stream_name.or_else(|| names.stream_arn.and_then(of_arn));
    let stream = stream.or_else(|| consumer.and_then(of_arn));
    let stream = stream.or_else(|| names.next_token.and_then(of_token))?;
    Some(shard.map_or_else(|| stream.clone(), |shard| format!("{stream}/{shard}")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_id: Option<String>,
    shard_iterator: Option<String>,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
    next_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{services::kinesis::shard_id::ShardId, wire::timestamp::Timestamp};

    fn resource_of(operation: &str, body: &str) -> Option<String> {
        let request = http::Request::builder().body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap();
        resource(Operation::of(operation).unwrap(), &request)
    }

    #[test]
    fn streams_shards_and_consumers() {
        let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
        let consumer = format!(r#""ConsumerARN":"{arn}/consumer/one:1763883537""#);
        let shard = r#""ShardId":"shardId-000000000001""#;
        for (operation, body, expected) in [
            ("ListShards", r#"{"StreamName":"orders"}"#.to_owned(), Some("orders")),
            ("ListShards", format!(r#"{{"StreamARN":"{arn}"}}"#), Some("orders")),
            (
                "GetShardIterator",
                format!(r#"{{"StreamName":"orders",{shard}}}"#),
                Some("orders/shardId-000000000001"),
            ),
            (
                "SubscribeToShard",
                format!("{{{consumer},{shard}}}"),
                Some("orders/one:1763883537/shardId-000000000001"),
            ),
            ("DescribeStreamConsumer", format!("{{{consumer}}}"), Some("orders")),
            ("PutRecord", r#"{"StreamName":"orders"}"#.to_owned(), None),
            ("ListStreams", "{}".to_owned(), None),
            ("ListShards", "no JSON".to_owned(), None),
        ] {
            assert_eq!(resource_of(operation, &body).as_deref(), expected, "{operation} {body}");
        }
    }

    #[test]
    fn iterators_name_their_shards() {
        let (shard, issued) = (ShardId(7), Timestamp::from_millis(1));
        let iterator = ShardIterator { stream: "orders".to_owned(), id: 1, shard, place: 9, issued };
        assert_eq!(ShardIterator::open(&iterator.seal()), Some(iterator.clone()));
        let body = format!(r#"{{"ShardIterator":"{}"}}"#, iterator.seal());
        assert_eq!(resource_of("GetRecords", &body).as_deref(), Some("orders/shardId-000000000007"));
        assert_eq!(resource_of("GetRecords", r#"{"ShardIterator":"AAAA"}"#), None);
    }
}
