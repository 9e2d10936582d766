//! The latency as a JSON file.

use std::time::Duration;

use serde::Deserialize;

use super::{Distribution, Latency, Row};
use crate::{
    Error, ErrorKind,
    conditions::{actions::Actions, file},
};

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

pub(super) fn parse(name: &str, json: &str) -> Result<Latency, Error> {
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
        let wrong =
            |problem: String| Error::new(ErrorKind::Input, format!("{name}: \"throttled\": {problem}"));
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
