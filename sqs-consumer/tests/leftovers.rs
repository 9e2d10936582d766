//! What a pipeline keeps of keys that have gone, on the embedded AWS, in process, under a paused clock.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![cfg(test)]

mod world;

use std::{
    error::Error,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_sqs_consumer::{Failure, Loaded, Message, Pipeline, Pipelining, Write};
use tokio::time::sleep;

use self::world::{QUEUE, World};

const DEADLINE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// How many there are.
#[derive(Default)]
struct Living(AtomicUsize);

/// One of them.
struct Life(Arc<Living>);

impl Life {
    fn new(living: &Arc<Living>) -> Self {
        living.0.fetch_add(1, Relaxed);
        Self(Arc::clone(living))
    }
}

impl Clone for Life {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// Each message is of a key of its own, and nothing is stored of any.
struct Counted {
    keys: Arc<Living>,
    states: Arc<Living>,
    messages: Arc<Living>,
}

#[derive(Clone)]
struct Key(String, #[expect(dead_code, reason = "it counts")] Life);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Pipeline for Counted {
    type Key = Key;
    type Version = u64;
    type Message = (String, Life);
    type State = Life;

    fn decode(&self, message: &Message) -> Result<Self::Message, Box<dyn Error + Send + Sync>> {
        Ok((message.body().to_owned(), Life::new(&self.messages)))
    }

    fn key(&self, message: &Self::Message) -> Key {
        Key(message.0.clone(), Life::new(&self.keys))
    }

    fn version(&self, _: &Self::Message) -> u64 {
        1
    }

    async fn load(&self, _: &Key) -> Result<Loaded<Self>, Failure> {
        sleep(SECOND / 100).await;
        Ok(None)
    }

    async fn process(&self, _: &Self::Message, _: Option<&Life>) -> Result<Life, Failure> {
        Ok(Life::new(&self.states))
    }

    async fn store(&self, _: &Key, _: Option<u64>, _: u64, _: &Life) -> Result<Write, Failure> {
        Ok(Write::Stored)
    }

    async fn publish(&self, _: &Key, _: u64, _: &Life) -> Result<(), Failure> {
        Ok(())
    }

    async fn mark(&self, _: &Key, _: u64) -> Result<Write, Failure> {
        Ok(Write::Stored)
    }
}

/// Of keys that come and go only those are kept that are to be remembered.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_keys_that_have_gone() {
    for conflate in [false, true] {
        let world = World::new().await;
        let [keys, states, messages] = [(); 3].map(|()| Arc::<Living>::default());
        let counted =
            Counted { keys: Arc::clone(&keys), states: Arc::clone(&states), messages: Arc::clone(&messages) };
        world.send(0..1_000);
        let consumer = world.consumer(QUEUE).max_unprocessed(100).build().unwrap();
        let mut running = consumer.run_pipeline(Pipelining::new(counted).memory(7).conflate(conflate));
        let mut most = 0;
        while world.left(QUEUE) > 0 {
            most = most.max(messages.0.load(Relaxed));
            sleep(SECOND / 100).await;
        }
        sleep(SECOND).await;
        assert!((1..=100).contains(&most), "{most} at once");
        assert_eq!((messages.0.load(Relaxed), states.0.load(Relaxed)), (0, 7));
        // Each is in the order of the memory, too.
        assert_eq!(keys.0.load(Relaxed), 14);
        let _ = running.shutdown(DEADLINE).await.unwrap();
    }
}
