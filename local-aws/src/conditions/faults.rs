//! Faults: what goes wrong, how often.

mod file;

use std::{path::Path, time::Duration};

use super::actions::Actions;
use crate::Error;

/// What goes wrong with a call that the limits let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultMode {
    /// The connection is closed before the effect. In files `drop`.
    Drop,
    /// A 500 `InternalError` before the effect. In files `error-500`.
    Error500,
    /// A 503 `ServiceUnavailable` before the effect. In files `error-503`.
    Error503,
    /// 200 with an `<Error>` body before the effect, as S3 answers some calls that take long: `CopyObject`,
    /// `UploadPartCopy`, `CompleteMultipartUpload`; other actions are spared. In files `error-in-200`.
    ErrorIn200,
    /// The effect happens and the body of the answer trickles, over 10 s unless [`Fault::over`] says
    /// otherwise; an empty body is as fast as ever. In files `slow-body`.
    SlowBody,
    /// The effect happens, then the connection is closed without an answer. In files `lost-reply`.
    LostReply,
    /// What a receive of SQS brings is delivered once more, whatever becomes of it: at least once, as standard
    /// queues deliver. Only `ReceiveMessage`; FIFO queues are spared. In files `duplicate`.
    Duplicate,
    /// A short poll of SQS comes back empty, as one that asks servers that have none of the messages. Only
    /// `ReceiveMessage`; long polls are spared. In files `empty-receive`.
    EmptyReceive,
    /// One entry of a batch of SQS fails with `InternalError`, and has no effect. Only the three operations whose
    /// names end in `Batch`. In files `failed-entry`.
    FailedEntry,
}

/// A fault, the actions it may meet, and how often it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    mode: FaultMode,
    probability: f64,
    service: Option<String>,
    actions: Actions,
    over: Duration,
}

impl Fault {
    /// A fault that meets any call of any service with this probability, from 0 to 1; what lies outside is
    /// taken as the nearer of the two.
    #[must_use]
    pub fn new(mode: FaultMode, probability: f64) -> Self {
        let (service, actions, over) = (None, Actions::all(), Duration::from_secs(10));
        Self { mode, probability: probability.clamp(0.0, 1.0), service, actions, over }
    }

    /// Only calls of this service, by the name it signs with. Default: any.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only these actions; one may end in `*`. Default: all.
    #[must_use]
    pub fn actions<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = actions.into_iter().collect();
        self
    }

    /// How long a slow body takes. Default: 10 s. Other modes do not look at it.
    #[must_use]
    pub fn over(mut self, time: Duration) -> Self {
        self.over = time;
        self
    }

    fn fits(&self, service: &str, action: &str) -> bool {
        let spared = match self.mode {
            FaultMode::ErrorIn200 => {
                service != "s3"
                    || !matches!(action, "CopyObject" | "UploadPartCopy" | "CompleteMultipartUpload")
            }
            FaultMode::Duplicate | FaultMode::EmptyReceive => service != "sqs" || action != "ReceiveMessage",
            FaultMode::FailedEntry => service != "sqs" || !action.ends_with("Batch"),
            _ => false,
        };
        !spared && self.service.as_deref().is_none_or(|name| name == service) && self.actions.matches(action)
    }
}

/// The faults of a run. Each row that fits a call is drawn in turn; the first that hits is what happens.
///
/// Draws are seeded per action: with the same seed, the n-th call of an action that the limits let pass
/// meets the same fault in every run, whatever other actions do meanwhile.
///
/// ```
/// use tidegate_local_aws::{Fault, FaultMode, Faults};
///
/// let lost = Fault::new(FaultMode::LostReply, 0.01).service("s3").actions(["CopyObject"]);
/// let faults = Faults::none().with(lost).with(Fault::new(FaultMode::Drop, 0.01));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rows: Vec<Fault>,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) mode: FaultMode,
    pub(crate) over: Duration,
    /// A number for faults that choose something.
    pub(crate) choice: u32,
}

impl Faults {
    /// Nothing goes wrong. This is the default of [`LocalAws::builder`](crate::LocalAws::builder).
    #[must_use]
    pub const fn none() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row below the others.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.rows.push(fault);
        self
    }

    /// Faults from JSON, in the form that the README describes.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the field that is unknown, missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        file::parse("faults", json)
    }

    /// Faults from a JSON file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the file, and the field that is unknown, missing
    /// or wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        file::parse(&path.display().to_string(), &super::file::read(path)?)
    }

    /// Draws what happens to one call.
    pub(crate) fn draw(&self, service: &str, action: &str, random: &mut fastrand::Rng) -> Option<Hit> {
        let mut rows = self.rows.iter().filter(|row| row.fits(service, action));
        let hit = rows.find(|row| random.f64() < row.probability)?;
        // Drawn only where it is looked at, so that a seed means what it meant.
        let choice = if hit.mode == FaultMode::FailedEntry { random.u32(..) } else { 0 };
        Some(Hit { mode: hit.mode, over: hit.over, choice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_meets_the_same_faults() {
        let faults = Faults::none().with(Fault::new(FaultMode::Drop, 0.3));
        let draw = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            (0..200).map(|_| faults.draw("s3", "GetObject", &mut random).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let hits = draw(1).into_iter().filter(|hit| *hit).count();
        assert!((40..80).contains(&hits), "{hits}");
    }

    #[test]
    fn a_row_meets_its_own_actions() {
        let lost = Fault::new(FaultMode::LostReply, 1.0).service("s3").actions(["Copy*"]);
        let faults = Faults::none().with(Fault::new(FaultMode::ErrorIn200, 1.0).actions(["Get*"])).with(lost);
        let mut random = fastrand::Rng::with_seed(1);
        assert_eq!(
            faults.draw("s3", "CopyObject", &mut random).map(|hit| hit.mode),
            Some(FaultMode::LostReply)
        );
        assert_eq!(faults.draw("s3", "GetObject", &mut random), None);
        assert_eq!(faults.draw("kinesis", "CopyObject", &mut random), None);
    }
}
