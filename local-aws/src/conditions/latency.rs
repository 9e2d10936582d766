//! Latency: how long an answer takes, drawn per action.

use std::{path::Path, time::Duration};

use serde::Deserialize;

use super::{actions::Actions, file};
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
        parse("latency", json)
    }

    /// Latency from a JSON file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) names the file, and the field that is unknown, missing
    /// or wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        parse(&path.display().to_string(), &file::read(path)?)
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

/// A distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution(Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Fixed(Duration),
    Uniform(Duration, Duration),
    LogNormal { median: Duration, p99: Duration },
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Distribution {
    /// Always the same time.
    #[must_use]
    pub const fn fixed(time: Duration) -> Self {
        Self(Shape::Fixed(time))
    }

    /// Any time from one to the other, all as likely; the order of the two does not matter.
    #[must_use]
    pub fn uniform(from: Duration, to: Duration) -> Self {
        Self(Shape::Uniform(from.min(to), from.max(to)))
    }

    /// Log-normal, by its median and its 99th percentile; one below the median counts as the median.
    #[must_use]
    pub fn log_normal(median: Duration, p99: Duration) -> Self {
        Self(Shape::LogNormal { median, p99: p99.max(median) })
    }

    fn draw(self, random: &mut fastrand::Rng) -> Duration {
        match self.0 {
            Shape::Fixed(time) => time,
            Shape::Uniform(from, to) => {
                let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                Duration::from_nanos(random.u64(nanos(from)..=nanos(to)))
            }
            Shape::LogNormal { median, p99 } => {
                if median.is_zero() {
                    return Duration::ZERO;
                }
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / Z99;
                // Box-Muller; 1 - x is never 0.
                let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * random.f64()).cos();
                let seconds = median.as_secs_f64() * (sigma * normal).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(p99)
            }
        }
    }
}

impl From<Duration> for Distribution {
    fn from(time: Duration) -> Self {
        Self::fixed(time)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "about")]
    _about: Option<String>,
    latency: Vec<FileRow>,
    #[serde(default)]
    throttled: Option<FileDistribution>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    #[serde(default)]
    service: Option<String>,
    actions: Vec<String>,
    time: FileDistribution,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDistribution {
    #[serde(default, rename = "fixed_ms")]
    fixed: Option<f64>,
    #[serde(default, rename = "uniform_ms")]
    uniform: Option<[f64; 2]>,
    #[serde(default, rename = "median_ms")]
    median: Option<f64>,
    #[serde(default, rename = "p99_ms")]
    p99: Option<f64>,
}

fn parse(name: &str, json: &str) -> Result<Latency, Error> {
    let table: Table = file::parse(name, json)?;
    let mut latency = Latency::none();
    for (index, row) in table.latency.into_iter().enumerate() {
        let wrong = |problem: &str| file::row_error(name, "latency", index, problem);
        let actions = Actions::from_iter(row.actions);
        if actions.is_empty() {
            return Err(wrong("\"actions\" is empty; give names such as \"GetObject\", \"Get*\" or \"*\""));
        }
        if let Some(action) = actions.invalid() {
            return Err(wrong(&format!(
                "{action:?} is no action; give names such as \"GetObject\" or \"*\""
            )));
        }
        let distribution = row.time.distribution().map_err(|problem| wrong(&problem))?;
        latency.rows.push(Row { service: row.service, actions, distribution });
    }
    if let Some(throttled) = table.throttled {
        let wrong = |problem: String| {
            Error::new(crate::ErrorKind::Input, format!("{name}: \"throttled\": {problem}"))
        };
        latency.throttled = Some(throttled.distribution().map_err(wrong)?);
    }
    Ok(latency)
}

impl FileDistribution {
    fn distribution(self) -> Result<Distribution, String> {
        match (self.fixed, self.uniform, self.median, self.p99) {
            (Some(fixed), None, None, None) => Ok(Distribution::fixed(millis(fixed)?)),
            (None, Some([from, to]), None, None) => Ok(Distribution::uniform(millis(from)?, millis(to)?)),
            (None, None, Some(median), Some(p99)) if median > 0.0 && p99 >= median => {
                Ok(Distribution::log_normal(millis(median)?, millis(p99)?))
            }
            (None, None, Some(_), Some(_)) => {
                Err("\"median_ms\" must be above 0 and \"p99_ms\" at least \"median_ms\"".to_owned())
            }
            _ => Err("give \"fixed_ms\", or \"uniform_ms\": [from, to], or \"median_ms\" and \"p99_ms\""
                .to_owned()),
        }
    }
}

fn millis(ms: f64) -> Result<Duration, String> {
    let wrong = || format!("{ms} ms must be from 0 to 3600000");
    if !(0.0..=3_600_000.0).contains(&ms) {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(ms / 1e3).map_err(|_| wrong())
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
    fn a_log_normal_has_its_median_and_its_99th_percentile() {
        let shape = Distribution::log_normal(MS * 60, MS * 200);
        let mut random = fastrand::Rng::with_seed(1);
        let mut times = (0..20_000).map(|_| shape.draw(&mut random)).collect::<Vec<_>>();
        times.sort_unstable();
        assert!((MS * 58..MS * 62).contains(&times[10_000]), "{:?}", times[10_000]);
        assert!((MS * 180..MS * 220).contains(&times[19_800]), "{:?}", times[19_800]);
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

    #[test]
    fn what_is_wrong_is_named() {
        for (time, expected) in [
            (r#"{"fixed":1}"#, "my.json: unknown field `fixed`"),
            (r#"{"median_ms":60}"#, "row 1 of \"latency\": give \"fixed_ms\""),
            (r#"{"median_ms":60,"p99_ms":20}"#, "\"p99_ms\" at least"),
            (r#"{"fixed_ms":-1}"#, "-1 ms must be from 0"),
        ] {
            let json = format!(r#"{{"latency":[{{"actions":["*"],"time":{time}}}]}}"#);
            let error = parse("my.json", &json).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
