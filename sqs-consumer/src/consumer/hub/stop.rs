//! [`Stopping`]: how a consumer comes to its end.

use std::time::Duration;

use tokio::time::Instant;

use super::Hub;
use crate::{Error, consumer::Report};

/// How a consumer comes to its end.
#[derive(Debug)]
pub(super) struct Stopping {
    /// Then handlers are cut off.
    cut: Instant,
    /// Then it ends, whatever is left.
    until: Instant,
    error: Option<Error>,
}

impl Stopping {
    /// When there is something to be done.
    pub(super) fn next(&self) -> Instant {
        if Instant::now() < self.cut { self.cut } else { self.until }
    }
}

impl Hub {
    pub(super) fn layer_ended(&mut self, ended: Result<(), Error>) {
        self.layer_ended = true;
        // What it had is about to be heard of, and the receives that are out have to end.
        if self.stopping.is_none() || ended.is_err() {
            self.stop(Instant::now() + self.calls.wait + Duration::from_secs(10), ended.err());
        }
    }

    /// Begins nothing new: what there is, is to be finished until then.
    pub(super) fn stop(&mut self, until: Instant, error: Option<Error>) {
        self.pollers.stop();
        if let Some((wanted, reserve)) = self.reserving.take() {
            reserve.abort();
            self.pollers.given_up(wanted.poll);
        }
        self.feed = None;
        self.drain.send_replace(true);
        self.deletes.flush();
        self.releases.flush();
        let now = Instant::now();
        // An eighth of the time is for giving back what handlers have not finished.
        let cut = until.checked_sub(until.saturating_duration_since(now) / 8).unwrap_or(now);
        let error = error.or_else(|| self.stopping.take().and_then(|it| it.error));
        self.stopping = Some(Stopping { cut, until, error });
    }

    /// Whether it has come to its end, and to which.
    pub(super) fn end(&mut self) -> Option<Result<Report, Error>> {
        let stopping = self.stopping.as_mut()?;
        let now = Instant::now();
        if !self.layer_ended && now >= stopping.cut {
            self.layer.abort();
        }
        let is_done = self.layer_ended
            && self.pollers.out() == 0
            && self.held.is_empty()
            && self.given_back.is_empty()
            && self.releases.is_empty();
        if !is_done && now < stopping.until {
            return None;
        }
        self.layer.abort();
        let abandoned = self.held.len() + self.given_back.len() + self.releases.len();
        Some(match stopping.error.take() {
            Some(error) => Err(error),
            None => Ok(Report { totals: self.totals, abandoned, receives: self.pollers.out() }),
        })
    }

    /// At a stop, what is given back while receives are out would be received by these, and count as received once more.
    pub(super) fn may_release(&self) -> bool {
        let Some(stopping) = &self.stopping else { return true };
        self.pollers.out() == 0 || Instant::now() >= stopping.cut
    }
}
