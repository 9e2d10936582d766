//! [`Sharing`]: tells other processes what this one gets of each limit, and takes the share that is fair.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{Event, line::Line, registry::Registry};
use crate::coordinator::Coordinator;

/// Between two exchanges about a limit.
const PERIOD: Duration = Duration::from_secs(2);

/// An exchange that takes longer has failed.
const LATE: Duration = Duration::from_secs(1);

/// Between two tries while the coordinator cannot be reached, at most.
const LONGEST: Duration = Duration::from_mins(1);

/// Exchanges at once.
const AT_ONCE: usize = 16;

/// Tells other processes what this one gets of each limit, and takes the share that is fair.
#[derive(Debug)]
pub(super) struct Sharing {
    coordinator: Arc<dyn Coordinator>,
    period: Duration,
}

impl Sharing {
    pub(super) fn new(coordinator: Arc<dyn Coordinator>) -> Self {
        Self { coordinator, period: PERIOD }
    }

    /// Goes on for as long as somebody has the throttle.
    pub(super) async fn run(mut self, registry: Weak<Registry>) {
        loop {
            sleep(self.period).await;
            let Some(lines) = registry.upgrade().map(|registry| registry.lines()) else { return };
            let reached = self.round(lines).await;
            self.period = if reached { PERIOD } else { (self.period * 2).min(LONGEST) };
        }
    }

    /// One exchange about each limit that is tight. Says whether the coordinator could be reached.
    async fn round(&self, lines: Vec<Arc<Line>>) -> bool {
        let mut exchanges = JoinSet::new();
        let mut reached = true;
        for line in lines {
            if exchanges.len() == AT_ONCE {
                reached &= all_reached(exchanges.join_next().await);
            }
            exchanges.spawn(exchange(Arc::clone(&self.coordinator), line));
        }
        while let Some(exchanged) = exchanges.join_next().await {
            reached &= all_reached(Some(exchanged));
        }
        reached
    }
}

/// An exchange that panicked has not reached anybody.
fn all_reached(exchanged: Option<Result<bool, tokio::task::JoinError>>) -> bool {
    exchanged.is_none_or(|it| it.unwrap_or(false))
}

async fn exchange(coordinator: Arc<dyn Coordinator>, line: Arc<Line>) -> bool {
    let Some(own) = line.share(Instant::now()) else { return true };
    let exchanged = match timeout(LATE, coordinator.exchange(&line.limit, own)).await {
        Ok(exchanged) => exchanged,
        Err(late) => Err(late.into()),
    };
    match exchanged {
        Ok(others) => {
            line.take_share(Instant::now(), &own, &others);
            true
        }
        Err(error) => {
            line.emit(&Event::Alone { limit: &line.limit, error: &*error });
            false
        }
    }
}
