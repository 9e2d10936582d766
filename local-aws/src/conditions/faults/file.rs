//! The faults as a JSON file.

use std::time::Duration;

use serde::Deserialize;

use super::{Fault, FaultMode, Faults};
use crate::{Error, conditions::file};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "about")]
    _about: Option<String>,
    faults: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    mode: ModeName,
    probability: f64,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    actions: Option<Vec<String>>,
    #[serde(default)]
    over_ms: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeName {
    Drop,
    #[serde(rename = "error-500")]
    Error500,
    #[serde(rename = "error-503")]
    Error503,
    #[serde(rename = "error-in-200")]
    ErrorIn200,
    SlowBody,
    LostReply,
    Duplicate,
    EmptyReceive,
    FailedEntry,
}

pub(super) fn parse(name: &str, json: &str) -> Result<Faults, Error> {
    let table: Table = file::parse(name, json)?;
    let mut faults = Faults::none();
    for (index, row) in table.faults.into_iter().enumerate() {
        let wrong = |problem: &str| file::row_error(name, "faults", index, problem);
        if !(0.0..=1.0).contains(&row.probability) {
            return Err(wrong(&format!("\"probability\" {} must be from 0 to 1", row.probability)));
        }
        let mut fault = Fault::new(row.mode.into(), row.probability);
        fault.service = row.service;
        if let Some(actions) = row.actions {
            fault = fault.actions(actions);
        }
        if fault.actions.is_empty() {
            return Err(wrong("\"actions\" is empty; leave it out for all of them"));
        }
        if let Some(action) = fault.actions.invalid() {
            return Err(wrong(&format!(
                "{action:?} is no action; give names such as \"GetObject\" or \"*\""
            )));
        }
        if let Some(over) = row.over_ms {
            fault = fault.over(Duration::from_millis(over.into()));
        }
        faults = faults.with(fault);
    }
    Ok(faults)
}

impl From<ModeName> for FaultMode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Drop => Self::Drop,
            ModeName::Error500 => Self::Error500,
            ModeName::Error503 => Self::Error503,
            ModeName::ErrorIn200 => Self::ErrorIn200,
            ModeName::SlowBody => Self::SlowBody,
            ModeName::LostReply => Self::LostReply,
            ModeName::Duplicate => Self::Duplicate,
            ModeName::EmptyReceive => Self::EmptyReceive,
            ModeName::FailedEntry => Self::FailedEntry,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (row, expected) in [
            (r#"{"mode":"explode","probability":1}"#, "my.json: unknown variant `explode`"),
            (r#"{"mode":"drop","probability":2}"#, "row 1 of \"faults\": \"probability\" 2"),
            (r#"{"mode":"drop","probability":1,"acts":[]}"#, "unknown field `acts`"),
        ] {
            let error = parse("my.json", &format!(r#"{{"faults":[{row}]}}"#)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
