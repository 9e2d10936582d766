//! [`Listing`]: which shards a stream has.

use std::{sync::Arc, time::Duration};

use aws_sdk_kinesis::{
    Client,
    error::ProvideErrorMetadata,
    operation::list_shards::{ListShardsError, ListShardsOutput, builders::ListShardsFluentBuilder},
    types,
};
use tidegate_throttle::{Call, Throttle, aws};
use tokio::time::{sleep, timeout};

use crate::{HashRange, Shard, ShardId, lease::Unavailable, worker::Listed};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one page is asked for.
const TRIES: u32 = 4;

/// Lists a stream's shards: all that still have records, open and closed. The client's retries are off.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    client: Client,
    throttle: Arc<dyn Throttle>,
    stream: Arc<str>,
    call: Call,
}

impl Listing {
    pub(crate) fn new(client: Client, throttle: Arc<dyn Throttle>, stream: Arc<str>) -> Self {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        let call = Call::new("kinesis", "ListShards").region(region).resource(stream.to_string());
        Self { client, throttle, stream, call }
    }

    /// All pages, or none.
    pub(crate) async fn list(&self) -> Listed {
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let output = match self.page(token.take()).await {
                Ok(output) => output,
                Err(listed) => return listed,
            };
            for shard in output.shards.unwrap_or_default() {
                match shard_of(&shard) {
                    Some(shard) => shards.push(shard),
                    None => return self.unavailable(&format!("shard {} has no hash keys", shard.shard_id)),
                }
            }
            token = output.next_token;
            if token.is_none() {
                return Listed::Shards(shards);
            }
        }
    }

    async fn page(&self, token: Option<String>) -> Result<ListShardsOutput, Listed> {
        // A token stands for all that was asked with the first page, and goes alone.
        let request = self.client.list_shards();
        let request = match token {
            Some(token) => request.next_token(token),
            None if self.stream.starts_with("arn:") => request.stream_arn(&*self.stream),
            None => request.stream_name(&*self.stream),
        };
        let mut pause = Duration::from_millis(50);
        for _ in 1..TRIES {
            match self.send(&request).await {
                Err(Listed::Unavailable(_)) => sleep(pause).await,
                answer => return answer,
            }
            pause *= 4;
        }
        self.send(&request).await
    }

    async fn send(&self, request: &ListShardsFluentBuilder) -> Result<ListShardsOutput, Listed> {
        let sent = aws::send(&*self.throttle, &self.call, || request.clone().send());
        match timeout(PATIENCE, sent).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => {
                if error.as_service_error().is_some_and(ListShardsError::is_resource_not_found_exception) {
                    return Err(Listed::NoStream);
                }
                let code = error.code().unwrap_or("no answer").to_owned();
                Err(Listed::Unavailable(
                    Unavailable::new(format!("ListShards of stream {} failed: {code}", self.stream))
                        .because(error),
                ))
            }
            Err(_) => Err(self.unavailable(&format!("no answer within {PATIENCE:?}"))),
        }
    }

    fn unavailable(&self, why: &str) -> Listed {
        Listed::Unavailable(Unavailable::new(format!("ListShards of stream {}: {why}", self.stream)))
    }
}

fn shard_of(shard: &types::Shard) -> Option<Shard> {
    let range = shard.hash_key_range.as_ref()?;
    let sequences = shard.sequence_number_range.as_ref();
    Some(Shard {
        id: ShardId::from(&*shard.shard_id),
        parents: [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
            .into_iter()
            .flatten()
            .map(|id| ShardId::from(id.as_str()))
            .collect(),
        hash_range: HashRange {
            first: range.starting_hash_key.parse().ok()?,
            last: range.ending_hash_key.parse().ok()?,
        },
        closed: sequences.is_some_and(|range| range.ending_sequence_number.is_some()),
        first_sequence: sequences.and_then(|range| range.starting_sequence_number.parse().ok()),
    })
}
