//! [`Signals`]: SIGINT and SIGTERM, from the start of the program to its end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a program to stop.
///
/// Once handled, a signal never ends the process by itself again, so one of these must be awaited wherever
/// the program waits.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    seen: bool,
}

impl Signals {
    /// Handles both signals from here on.
    ///
    /// # Errors
    ///
    /// If the system will not have it.
    pub(crate) fn handle() -> Result<Self, std::io::Error> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, seen: false })
    }

    /// Whether one has come.
    pub(crate) fn seen(&self) -> bool {
        self.seen
    }

    /// Waits for the next one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.seen = true;
    }
}
