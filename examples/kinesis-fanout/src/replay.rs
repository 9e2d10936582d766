//! Publishes what was kept, key by key, in order.

use std::{sync::Arc, time::Duration};

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
/// While it is at work, a fanout that runs may keep more of a key; so each is looked at until it has none. A key that cannot
/// be published holds up no other; what is in its way is answered, too.
pub(crate) async fn replay(letters: &Letters, target: &str, publisher: &Publisher) -> (u64, Option<String>) {
    let keys = match letters.keys(target).await {
        Ok(keys) => keys,
        Err(problem) => return (0, Some(problem)),
    };
    let publisher = Arc::new(publisher.clone());
    let mut replays = stream::iter(keys)
        .map(|key| replay_key(letters, target, key, Arc::clone(&publisher)))
        .buffer_unordered(AT_ONCE);
    let (mut count, mut first) = (0, None);
    while let Some((replayed, problem)) = replays.next().await {
        count += replayed;
        first = first.or(problem);
    }
    (count, first)
}

async fn replay_key(
    letters: &Letters,
    target: &str,
    key: KeyHash,
    publisher: Arc<Publisher>,
) -> (u64, Option<String>) {
    let mut count = 0;
    loop {
        let names = match letters.first_of(target, key).await {
            Ok(names) if names.is_empty() => return (count, None),
            Ok(names) => names,
            Err(problem) => return (count, Some(problem)),
        };
        for name in names {
            if let Err(problem) = replay_one(letters, &name, &publisher).await {
                return (count, Some(format!("stream {target}: {problem}")));
            }
            count += 1;
        }
    }
}

async fn replay_one(letters: &Letters, name: &str, publisher: &Publisher) -> Result<(), String> {
    let letter = letters.read(name).await?;
    let message = Message {
        partition_key: letter.key,
        explicit_hash_key: letter.attributes.get("explicit_hash_key").cloned(),
        data: Blob::new(letter.body),
    };
    put(publisher, message).await?;
    letters.delete(name).await
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
