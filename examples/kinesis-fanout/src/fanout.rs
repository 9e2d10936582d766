//! [`Fanout`]: republishes all shards of a stream that this process has.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tidegate_kinesis_consumer::{Concurrency, Consumer, Error, Fetch};
use tidegate_throttle::{Adaptive, Throttle};
use tokio::task::JoinSet;

use crate::{clients::Clients, letters::Letters, publisher::Publisher, shard::ShardFanout, target::Target};

/// Republishes all shards of a stream that this process has.
pub(crate) struct Fanout {
    pub(crate) consumer: Consumer,
    pub(crate) targets: Vec<Arc<Target>>,
    pub(crate) letters: Letters,
    pub(crate) concurrency: Concurrency,
    pub(crate) patience: Duration,
}

/// At a shutdown, what is under way may take so long.
const DEADLINE: Duration = Duration::from_secs(40);

/// A republisher is to be most of a stream's readers: at the tip it takes four of the five calls a second that a shard
/// allows.
pub(crate) fn often() -> Fetch {
    Fetch::polling().idle(Duration::from_millis(250))
}

impl Fanout {
    /// The targets of these names.
    pub(crate) fn targets(clients: &Clients, names: &[String], patience: Duration) -> Vec<Arc<Target>> {
        let throttle: Arc<dyn Throttle> = Arc::new(Adaptive::new());
        let target = |name: &String| {
            let publisher = Publisher::start(clients.kinesis.clone(), Arc::clone(&throttle), name);
            Arc::new(Target::new(name.clone(), publisher, patience))
        };
        names.iter().map(target).collect()
    }

    /// Republishes until `stop`, and then finishes what is under way and hands the shards over.
    ///
    /// # Errors
    ///
    /// Why it stopped by itself, or did not get done in time.
    pub(crate) async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let (mut shards, mut tasks) = (self.consumer.shards(), JoinSet::new());
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = tasks.join_next() => {}
                shard = shards.next() => match shard {
                    Some(stream) => {
                        let letters = self.letters.clone();
                        let shard =
                            ShardFanout::new(stream, &self.targets, letters, self.concurrency, self.patience);
                        tasks.spawn(shard.run());
                    }
                    None => return shards.wait().await,
                },
            }
        }
        shards.shutdown(DEADLINE).await
    }
}
