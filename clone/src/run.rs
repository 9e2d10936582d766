//! [`Run`]: a clone under way.

use crate::{Error, Progress, Report};

/// A clone under way.
///
/// Dropped, it is cut off: what is in flight is given up, and multipart uploads are left behind. To end it
/// early, [`stop`](Self::stop) it and [`wait`](Self::wait).
#[derive(Debug)]
#[must_use = "a run that is dropped is cut off"]
pub struct Run {
    monitor: Monitor,
}

/// Watches a [`Run`], and stops it, from anywhere.
#[derive(Clone, Debug)]
pub struct Monitor {}

impl Run {
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
    /// [`Interrupted`](crate::ErrorKind::Interrupted) if the runtime was shut down under it.
    ///
    /// # Panics
    ///
    /// If the clone did.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the clone running; `wait` can be called again.
    pub async fn wait(&mut self) -> Result<Report, Error> {
        std::future::ready(Ok(Report::default())).await
    }
}

impl Monitor {
    /// Where it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::default()
    }

    /// See [`Run::stop`].
    pub fn stop(&self) {}
}
