//! Publishes what was kept, key by key, in order.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_sdk_kinesis::primitives::Blob;
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;

use crate::{
    key::KeyHash,
    letters::Letters,
    publisher::{Message, Publisher},
};

/// Keys at once.
const AT_ONCE: usize = 64;
/// How often a record is put until the target counts as down.
const ATTEMPTS: u32 = 8;

/// Publishes the letters of a target, each key in its order, and deletes each when it is published. How many there were.
///
/// While it is at work, a fanout that runs may keep more of a key; so each is looked at until it has none.
///
/// # Errors
///
/// What is in the way; what is not published is still kept.
pub(crate) async fn replay(letters: &Letters, target: &str, publisher: &Publisher) -> Result<u64, String> {
    let keys: BTreeSet<_> = letters.keys(target).await?;
    let publisher = Arc::new(publisher.clone());
    let mut replays = stream::iter(keys)
        .map(|key| replay_key(letters, target, key, Arc::clone(&publisher)))
        .buffer_unordered(AT_ONCE);
    let mut count = 0;
    while let Some(replayed) = replays.next().await {
        count += replayed?;
    }
    Ok(count)
}

async fn replay_key(
    letters: &Letters,
    target: &str,
    key: KeyHash,
    publisher: Arc<Publisher>,
) -> Result<u64, String> {
    let mut count = 0;
    loop {
        let names = letters.first_of(target, key).await?;
        if names.is_empty() {
            return Ok(count);
        }
        for name in names {
            let letter = letters.read(&name).await?;
            let message = Message {
                partition_key: letter.key,
                explicit_hash_key: letter.attributes.get("explicit_hash_key").cloned(),
                data: Blob::new(letter.body),
            };
            put(&publisher, message).await.map_err(|error| format!("stream {target}: {error}"))?;
            letters.delete(&name).await?;
            count += 1;
        }
    }
}

async fn put(publisher: &Publisher, message: Message) -> Result<(), String> {
    let mut attempt = 1;
    loop {
        match publisher.put(message.clone()).await {
            Err(_) if attempt < ATTEMPTS => {
                sleep(Duration::from_millis(50 << attempt)).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}
