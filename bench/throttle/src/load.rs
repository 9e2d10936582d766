//! The load: processes whose tasks call without pause, and what was counted of them.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use tidegate_local_aws::{Latency, Limits, LocalAws};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{Error, case::Case, mode::Mode};

/// How long every reply takes.
const REPLY: Duration = Duration::from_millis(20);

/// What was counted: calls at the server, operations at the clients.
pub(crate) struct Measured {
    pub(crate) accepted: u64,
    pub(crate) throttled: u64,
    /// Calls from [`Case::LATER_FROM`] on, accepted and throttled.
    later: (u64, u64),
    /// Operations that failed.
    pub(crate) failed: u32,
    /// Operations that succeeded from [`Case::EVEN_FROM`] on, by process.
    pub(crate) shares: Vec<u32>,
    /// The share of the limit that was used, in percent.
    pub(crate) used: f64,
}

impl Measured {
    /// The share of calls that were throttled, in percent.
    pub(crate) fn throttled_share(&self) -> f64 {
        share(self.throttled, self.accepted + self.throttled)
    }

    /// The same of calls from [`Case::LATER_FROM`] on.
    pub(crate) fn later_share(&self) -> f64 {
        share(self.later.1, self.later.0 + self.later.1)
    }

    /// How even the shares of processes are, in percent; nothing of one process.
    ///
    /// Source: Jain, Chiu and Hawe, "A Quantitative Measure Of Fairness", DEC-TR-301, 1984.
    pub(crate) fn evenness(&self) -> Option<f64> {
        let sum: u64 = self.shares.iter().map(|share| u64::from(*share)).sum();
        let squares: u64 = self.shares.iter().map(|share| u64::from(*share).pow(2)).sum();
        let most = squares * u64::try_from(self.shares.len()).unwrap_or(u64::MAX);
        (self.shares.len() > 1 && most > 0).then(|| share(sum * sum, most))
    }
}

/// What the tasks of a process saw.
#[derive(Default)]
struct Seen {
    failed: u32,
    /// Operations that succeeded from [`Case::EVEN_FROM`] on.
    share: u32,
}

/// Runs one case in one mode, against a server of its own.
pub(crate) async fn run(case: &'static Case, mode: Mode) -> Result<Measured, Error> {
    let limits = |refill| Limits::single("kinesis", "DescribeLimits", refill, case.burst);
    let first = limits(case.refills.first().map_or(0, |(_, refill)| *refill));
    let aws = LocalAws::builder().limits(first).latency(Latency::fixed(REPLY)).start().await?;
    mode.prepare(&aws).await?;
    let start = Instant::now();
    let mut processes = JoinSet::new();
    for process in 0..case.processes {
        let client = mode.client(&aws, process);
        processes.spawn(self::process(client, case, start, process * case.apart));
    }
    let mut at = start;
    for (seconds, refill) in case.refills {
        aws.set_limits(limits(*refill));
        at += Duration::from_secs(u64::from(*seconds));
        sleep_until(at).await;
    }
    let seen = processes.join_all().await;
    let counted = aws.counters().action("kinesis", "DescribeLimits");
    aws.shutdown().await;
    let later = counted.seconds.iter().filter(|it| it.second >= Case::LATER_FROM.as_secs());
    Ok(Measured {
        accepted: counted.accepted,
        throttled: counted.throttled,
        later: later.fold((0, 0), |sum, it| (sum.0 + it.accepted, sum.1 + it.throttled)),
        failed: seen.iter().map(|it| it.failed).sum(),
        shares: seen.iter().map(|it| it.share).collect(),
        used: share(counted.accepted, case.allowed().into()),
    })
}

async fn process(client: Client, case: &'static Case, start: Instant, after: u32) -> Seen {
    sleep_until(start + Duration::from_secs(after.into())).await;
    let mut tasks = JoinSet::new();
    for _ in 0..case.tasks {
        tasks.spawn(task(client.clone(), case, start));
    }
    let add = |sum: Seen, it: Seen| Seen { failed: sum.failed + it.failed, share: sum.share + it.share };
    tasks.join_all().await.into_iter().fold(Seen::default(), add)
}

/// Calls until the case ends.
async fn task(client: Client, case: &'static Case, start: Instant) -> Seen {
    let end = start + Duration::from_secs(case.seconds().into());
    let mut seen = Seen::default();
    while let Ok(result) = timeout_at(end, client.describe_limits().send()).await {
        seen.failed += u32::from(result.is_err());
        seen.share += u32::from(result.is_ok() && start.elapsed() >= Case::EVEN_FROM);
    }
    seen
}

#[allow(clippy::cast_precision_loss, reason = "a percentage")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
