//! What the tests of Kinesis share: an embedded AWS without a socket, a client of it, and short ways to ask.

use aws_sdk_kinesis::{
    Client,
    config::retry::RetryConfig,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_records::GetRecordsOutput,
    primitives::Blob,
    types::{Shard, ShardIteratorType},
};
use tidegate_local_aws::{KinesisHandle, Limits, LocalAws};

/// The stream that [`world`] creates.
pub(crate) const STREAM: &str = "orders";

/// An embedded AWS with one stream.
pub(crate) struct World {
    pub(crate) kinesis: Client,
    pub(crate) handle: KinesisHandle,
    pub(crate) aws: LocalAws,
}

/// With so many shards, and without limits.
pub(crate) async fn world(shards: u32) -> World {
    let aws = LocalAws::builder().in_process().start().await.unwrap();
    let config = aws.sdk_config().into_builder().retry_config(RetryConfig::disabled()).build();
    let handle = aws.kinesis();
    handle.create_stream(STREAM, shards).unwrap();
    World { kinesis: Client::new(&config), handle, aws }
}

/// The same under limits.
#[allow(dead_code, reason = "not every test has limits")]
pub(crate) async fn limited(shards: u32, limits: Limits) -> World {
    let world = world(shards).await;
    world.aws.set_limits(limits);
    world
}

/// The error code, or `success`.
#[allow(dead_code, reason = "not every test looks at errors")]
pub(crate) fn code<T, E: ProvideErrorMetadata>(result: &Result<T, SdkError<E>>) -> &str {
    match result {
        Ok(_) => "success",
        Err(error) => error.code().unwrap_or("none"),
    }
}

pub(crate) fn id(shard: u32) -> String {
    format!("shardId-{shard:012}")
}

#[allow(dead_code, reason = "not every test reads")]
impl World {
    pub(crate) async fn put(&self, key: &str, data: &str) -> (String, String) {
        let put = self.kinesis.put_record().stream_name(STREAM).partition_key(key).data(Blob::new(data));
        let put = put.send().await.unwrap();
        (put.shard_id, put.sequence_number)
    }

    pub(crate) async fn iterator(&self, shard: u32, r#type: ShardIteratorType) -> String {
        let get = self.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(id(shard));
        get.shard_iterator_type(r#type).send().await.unwrap().shard_iterator.unwrap()
    }

    pub(crate) async fn at(&self, shard: u32, r#type: ShardIteratorType, number: &str) -> String {
        let get = self.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(id(shard));
        let get = get.shard_iterator_type(r#type).starting_sequence_number(number);
        get.send().await.unwrap().shard_iterator.unwrap()
    }

    pub(crate) async fn get(&self, iterator: impl Into<String>) -> GetRecordsOutput {
        self.kinesis.get_records().shard_iterator(iterator).send().await.unwrap()
    }

    pub(crate) async fn shards(&self) -> Vec<Shard> {
        self.kinesis.list_shards().stream_name(STREAM).send().await.unwrap().shards.unwrap()
    }
}

/// The data of an answer, as text.
#[allow(dead_code, reason = "not every test reads")]
pub(crate) fn texts(page: &GetRecordsOutput) -> Vec<String> {
    page.records().iter().map(|record| String::from_utf8(record.data.clone().into_inner()).unwrap()).collect()
}
