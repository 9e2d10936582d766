//! [`Work`]: stands in for a service's handler.

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tidegate_lanes::Failure;

use crate::{args::Args, job::Job, output::Output};

/// What is done with each message: it takes time, and it fails now and then.
pub(crate) struct Work {
    millis: RangeInclusive<u64>,
    fail_percent: f64,
    trace: bool,
    output: Arc<Output>,
    /// The newest version of each key that was processed: a service has them in its store.
    versions: Mutex<HashMap<String, i64>>,
}

impl Work {
    pub(crate) fn new(args: &Args, output: Arc<Output>) -> Self {
        Self {
            millis: args.work_ms.clone(),
            fail_percent: args.fail_percent,
            trace: args.trace,
            output,
            versions: Mutex::default(),
        }
    }

    /// Works on one message.
    pub(crate) async fn on_one(&self, job: &Job) -> Result<(), Failure> {
        if let Some(problem) = &job.unreadable {
            return Err(Failure::dead_letter(&**problem));
        }
        if let (Some(key), Some(version)) = (&job.key, job.version)
            && self.versions().get(key).is_some_and(|newest| version <= *newest)
        {
            // Set once: it stays stale.
            let _ = job.stale.set(());
            return Ok(());
        }
        self.tell(job, "start", true)?;
        let millis = fastrand::u64(self.millis.clone());
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let ok = fastrand::f64() * 100.0 >= self.fail_percent;
        if ok && let (Some(key), Some(version)) = (&job.key, job.version) {
            self.versions().insert(key.clone(), version);
        }
        self.tell(job, "end", ok)?;
        if ok { Ok(()) } else { Err(Failure::retry("failed, as --fail-percent asks")) }
    }

    fn tell(&self, job: &Job, event: &str, ok: bool) -> std::io::Result<()> {
        if self.trace { self.output.trace(job, event, ok) } else { Ok(()) }
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
