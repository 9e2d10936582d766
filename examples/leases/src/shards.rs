//! Lists the shards of a stream.

use aws_sdk_kinesis::{Client, error::DisplayErrorContext, types};
use tidegate_kinesis_consumer::{HashRange, Shard};

/// All shards of a stream that still have records, open and closed.
///
/// # Errors
///
/// They could not be listed.
pub(crate) async fn list(client: &Client, stream: &str) -> Result<Vec<Shard>, String> {
    let (mut shards, mut token) = (Vec::new(), None);
    loop {
        let list = match token.take() {
            // A token stands for all that was asked with the first page, and goes alone.
            Some(token) => client.list_shards().next_token(token),
            None => client.list_shards().stream_name(stream),
        };
        let page = list.send().await.map_err(|error| {
            format!("cannot list the shards of stream {stream}: {}", DisplayErrorContext(error))
        })?;
        for shard in page.shards() {
            shards
                .push(shard_of(shard).ok_or_else(|| format!("shard {} has no hash keys", shard.shard_id()))?);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(shards);
        }
    }
}

fn shard_of(shard: &types::Shard) -> Option<Shard> {
    let range = shard.hash_key_range()?;
    let parents = [shard.parent_shard_id(), shard.adjacent_parent_shard_id()];
    Some(Shard {
        id: shard.shard_id().into(),
        parents: parents.into_iter().flatten().map(Into::into).collect(),
        hash_range: HashRange {
            first: range.starting_hash_key().parse().ok()?,
            last: range.ending_hash_key().parse().ok()?,
        },
        closed: shard.sequence_number_range().is_some_and(|range| range.ending_sequence_number().is_some()),
        first_sequence: None,
    })
}
