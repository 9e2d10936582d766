//! [`Watchdog`]: says when a shard stands still, and when it goes on.

use std::{collections::BTreeSet, time::Duration};

use tracing::{info, warn};

use super::health::ShardHealth;
use crate::ShardId;

/// Says when a shard stands still, and when it goes on: once each.
#[derive(Debug)]
pub(super) struct Watchdog {
    after: Duration,
    still: BTreeSet<ShardId>,
}

impl Watchdog {
    /// A shard stands still when its records have waited for so long and none was finished.
    pub(super) fn new(after: Duration) -> Self {
        Self { after, still: BTreeSet::new() }
    }

    /// Looks at the shards. Which stand still since the last look, and which go on?
    pub(super) fn look(&mut self, shards: &[ShardHealth]) -> (Vec<ShardId>, Vec<ShardId>) {
        let is_still = |shard: &&ShardHealth| shard.stalled.is_some_and(|time| time >= self.after);
        let now: BTreeSet<_> = shards.iter().filter(is_still).map(|shard| shard.shard.clone()).collect();
        let stopped = now.difference(&self.still).cloned().collect();
        let went_on = self.still.difference(&now).cloned().collect();
        self.still = now;
        (stopped, went_on)
    }

    /// Looks at the shards, and says what it sees.
    pub(super) fn watch(&mut self, shards: &[ShardHealth]) {
        let (stopped, went_on) = self.look(shards);
        for shard in shards.iter().filter(|it| stopped.contains(&it.shard)) {
            let (waiting, stalled) = (shard.in_flight, shard.stalled.unwrap_or_default());
            warn!(shard = %shard.shard, waiting, ?stalled, "a shard stands still: no record of it was finished");
        }
        for shard in went_on {
            info!(%shard, "a shard that stood still goes on, or is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, worker::State};

    #[test]
    fn it_barks_once_and_says_when_all_is_well() {
        let mut watchdog = Watchdog::new(Duration::from_mins(1));
        let mut look = |stalled: Option<u64>| {
            let (stopped, went_on) = watchdog.look(&[shard("a", stalled), shard("b", None)]);
            (stopped.len(), went_on.len())
        };
        let looks = [None, Some(59), Some(60), Some(61), Some(1), None, Some(70)].map(&mut look);
        assert_eq!(looks, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 1), (0, 0), (1, 0)]);
        assert_eq!(watchdog.look(&[]), (vec![], vec![ShardId::from("a")]), "its lease is gone");
    }

    fn shard(id: &str, stalled: Option<u64>) -> ShardHealth {
        ShardHealth {
            shard: id.into(),
            state: State::Running,
            checkpoint: Checkpoint::TrimHorizon,
            checkpoint_late: Duration::ZERO,
            stalled: stalled.map(Duration::from_secs),
            in_flight: 1,
            behind: None,
            dropped: 0,
            reading: None,
            crowded: false,
            read_error: None,
        }
    }
}
