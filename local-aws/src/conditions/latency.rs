//! Latency: how long an answer takes, drawn per action.

mod distribution;
mod file;

use std::{path::Path, time::Duration};

pub use self::distribution::Distribution;
use super::actions::Actions;
use crate::Error;

/// How long answers take, action by action. The first row that fits an action counts; an action without a
/// row is answered at once.
///
/// Draws are seeded per action: with the same seed, the n-th call of an action takes as long in every run,
/// whatever other actions do meanwhile.
///
/// ```
/// use std::time::Duration;
/// use tidegate_local_aws::{Distribution, Latency};
///
/// let copies = Distribution::log_normal(Duration::from_millis(60), Duration::from_millis(200));
/// let latency = Latency::none().with("s3", ["CopyObject"], copies).throttled(Duration::from_millis(4).into());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latency {
    rows: Vec<Row>,
    throttled: Option<Distribution>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    service: Option<String>,
    actions: Actions,
    distribution: Distribution,
}

impl Latency {
    /// Answers at once. This is the default of [`LocalAws::builder`](crate::LocalAws::builder).
    #[must_use]
    pub const fn none() -> Self {
        Self { rows: Vec::new(), throttled: None }
    }

    /// Every answer of every service takes this long, a throttled one too.
    #[must_use]
    pub fn fixed(time: Duration) -> Self {
        let row = Row { service: None, actions: Actions::all(), distribution: time.into() };
        Self { rows: vec![row], throttled: None }
    }

    /// Latency as seen on AWS: `data/latency.json` of this crate. It is a round figure per action, not a
    /// promise.
    #[must_use]
    #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "a test parses the built-in table")]
    pub fn aws() -> Self {
        Self::from_json(include_str!("../../data/latency.json")).expect("the built-in table is valid")
    }

    /// Adds a row below the others. An action may end in `*`.
    #[must_use]
    pub fn with<A: Into<String>>(
        mut self,
        service: impl Into<String>,
        actions: impl IntoIterator<Item = A>,
        distribution: Distribution,
    ) -> Self {
        let (service, actions) = (Some(service.into()), actions.into_iter().collect());
        self.rows.push(Row { service, actions, distribution });
        self
    }

    /// How long a throttled answer takes. Default: as long as any other answer of the action.
    #[must_use]
    pub fn throttled(mut self, distribution: Distribution) -> Self {
        self.throttled = Some(distribution);
        self
    }

    /// Latency from JSON, in the form that the README describes.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the field that is unknown, missing or wrong.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        file::parse("latency", json)
    }

    /// Latency from a JSON file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the file, and the field that is unknown, missing
    /// or wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        file::parse(&path.display().to_string(), &super::file::read(path)?)
    }

    /// Draws the time of one answer.
    pub(crate) fn draw(
        &self,
        service: &str,
        action: &str,
        throttled: bool,
        random: &mut fastrand::Rng,
    ) -> Duration {
        if throttled && let Some(distribution) = self.throttled {
            return distribution.draw(random);
        }
        let fits = |row: &&Row| {
            row.service.as_deref().is_none_or(|name| name == service) && row.actions.matches(action)
        };
        self.rows.iter().find(fits).map_or(Duration::ZERO, |row| row.distribution.draw(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_same_seed_draws_the_same_times() {
        let latency = Latency::aws();
        let draw = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            (0..100).map(|_| latency.draw("s3", "CopyObject", false, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        let latency = Latency::none()
            .with("s3", ["Get*"], (MS * 2).into())
            .with("s3", ["*"], Distribution::uniform(MS * 9, MS * 7))
            .throttled(MS.into());
        let mut random = fastrand::Rng::with_seed(1);
        assert_eq!(latency.draw("s3", "GetObject", false, &mut random), MS * 2);
        assert!((MS * 7..=MS * 9).contains(&latency.draw("s3", "PutObject", false, &mut random)));
        assert_eq!(latency.draw("kinesis", "GetObject", false, &mut random), Duration::ZERO);
        assert_eq!(latency.draw("s3", "GetObject", true, &mut random), MS);
        assert_eq!(Latency::fixed(MS).draw("any", "Thing", true, &mut random), MS);
    }
}
