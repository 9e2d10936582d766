//! [`Run`]: a clone under way.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::{
    Cloner, Error, ErrorKind, Progress, Report,
    counters::Counters,
    engine::{Engine, Part},
    stop::Stop,
};

/// A clone under way.
///
/// Dropped, it is cut off: what is in flight is given up, and multipart uploads are left behind. To end it
/// early, [`stop`](Self::stop) it and [`wait`](Self::wait).
#[derive(Debug)]
#[must_use = "a run that is dropped is cut off"]
pub struct Run {
    monitor: Monitor,
    task: JoinHandle<Result<Report, Error>>,
    report: Option<Report>,
}

/// Watches a [`Run`], and stops it, from anywhere.
#[derive(Clone, Debug)]
pub struct Monitor {
    counters: Arc<Counters>,
    stop: Arc<Stop>,
}

impl Run {
    pub(crate) fn start(cloner: &Cloner) -> Self {
        let monitor = Monitor { counters: Arc::default(), stop: Arc::default() };
        let (counters, stop) = (Arc::clone(&monitor.counters), Arc::clone(&monitor.stop));
        let cloner = cloner.clone();
        let task = tokio::spawn(async move {
            if cloner.versions {
                return crate::versions::run(&cloner, counters, stop).await;
            }
            #[cfg(feature = "journal")]
            if let Some(journal) = &cloner.journal {
                return crate::job::run(&cloner, journal, counters, stop).await;
            }
            Engine::new(&cloner, Part::all(), counters, stop).run().await.map(|(report, _)| report)
        });
        Self { monitor, task, report: None }
    }

    /// Where it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// Asks it to stop: nothing new is begun, copies in flight end, multipart uploads are aborted, and the
    /// report says what was not done.
    pub fn stop(&self) {
        self.monitor.stop();
    }

    /// A handle that watches it and stops it, from anywhere.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](crate::ErrorKind::Interrupted) if the runtime was shut down under it. Of a clone of
    /// [versions](crate::Cloner::versions): [`InvalidInput`](crate::ErrorKind::InvalidInput) if the destination keeps none,
    /// and [`Versioning`](crate::ErrorKind::Versioning) if that could not be asked. Of one with a journal: what kept it from
    /// being used.
    ///
    /// # Panics
    ///
    /// If the clone did.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the clone running; `wait` can be called again.
    pub async fn wait(&mut self) -> Result<Report, Error> {
        if let Some(report) = &self.report {
            return Ok(report.clone());
        }
        match (&mut self.task).await {
            Ok(report) => Ok(self.report.insert(report?).clone()),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(Error::with_source(
                ErrorKind::Interrupted,
                "the clone was cut off before its report",
                error,
            )),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Monitor {
    /// Where it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.counters.progress()
    }

    /// See [`Run::stop`].
    pub fn stop(&self) {
        self.stop.wish();
    }
}
