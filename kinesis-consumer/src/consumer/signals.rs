//! [`Signals`]: tells a run to drain, or that its lease is lost.

use tokio::sync::watch;

/// What a run is to do. It only goes on from one to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signal {
    /// Read and process.
    #[default]
    Run,
    /// Read no more, finish what is under way.
    Drain,
    /// Stop at once: the lease is another's.
    Lost,
}

/// The side of the run.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<Signal>);

/// The side of the coordinator. Dropped, the lease counts as lost.
#[derive(Debug)]
pub(crate) struct Signaller(watch::Sender<Signal>);

pub(crate) fn signals() -> (Signaller, Signals) {
    let (sender, receiver) = watch::channel(Signal::Run);
    (Signaller(sender), Signals(receiver))
}

impl Signaller {
    /// Sets a signal, unless a later one is set.
    pub(crate) fn set(&self, signal: Signal) {
        self.0.send_if_modified(|now| {
            let news = *now < signal;
            *now = (*now).max(signal);
            news
        });
    }
}

impl Signals {
    /// What is to be done now.
    pub(crate) fn get(&self) -> Signal {
        if self.0.has_changed().is_err() { Signal::Lost } else { *self.0.borrow() }
    }

    /// Waits until it is this or a later one.
    ///
    /// # Cancel safety
    /// Dropped, nothing is missed.
    pub(crate) async fn reaches(&mut self, signal: Signal) {
        // A coordinator that is gone can hold no lease.
        let _ = self.0.wait_for(|now| *now >= signal).await;
    }
}
