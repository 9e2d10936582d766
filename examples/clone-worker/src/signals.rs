//! [`Signals`]: SIGINT and SIGTERM, from the start of the program to its end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a program to stop.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Handles both signals from here on.
    ///
    /// # Errors
    ///
    /// If the system will not have it.
    pub(crate) fn handle() -> Result<Self, std::io::Error> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
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
    }
}
