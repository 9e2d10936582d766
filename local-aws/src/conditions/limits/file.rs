//! The limits as a JSON file.

use std::time::Duration;

use serde::Deserialize;

use super::{Count, Limit, Limits, Per, Refusal};
use crate::{
    Error,
    conditions::{bucket::Rate, file},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "about")]
    _about: Option<String>,
    #[serde(default)]
    s3_split_after_seconds: Option<u32>,
    limits: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: String,
    actions: Vec<String>,
    #[serde(default)]
    count: CountName,
    #[serde(default)]
    per: PerName,
    #[serde(default)]
    per_action: bool,
    #[serde(default, rename = "continue")]
    goes_on: bool,
    refill: f64,
    burst: u32,
    #[serde(default)]
    tick_ms: Option<u32>,
    #[serde(default)]
    error: Option<Answer>,
    #[serde(default, rename = "source")]
    _source: Option<String>,
    #[serde(default, rename = "date")]
    _date: Option<String>,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    code: String,
    message: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CountName {
    #[default]
    Calls,
    Records,
    Bytes,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PerName {
    Account,
    #[default]
    AccountRegion,
    Resource,
    S3Partition,
    Stream,
    Shard,
}

pub(super) fn parse(name: &str, json: &str) -> Result<Limits, Error> {
    let table: Table = file::parse(name, json)?;
    let mut limits = Limits::none();
    if let Some(seconds) = table.s3_split_after_seconds {
        limits = limits.split_after(Duration::from_secs(seconds.into()));
    }
    for (index, row) in table.limits.into_iter().enumerate() {
        let limit = row.limit().map_err(|problem| file::row_error(name, "limits", index, &problem))?;
        limits.rows.push(limit);
    }
    Ok(limits)
}

impl Row {
    fn limit(self) -> Result<Limit, String> {
        if self.service.is_empty() {
            return Err("\"service\" is empty; give the name it signs with, such as \"s3\"".to_owned());
        }
        let mut limit = Limit::new(self.service, self.actions, rate(self.refill)?, self.burst);
        if limit.actions.is_empty() {
            return Err(
                "\"actions\" is empty; give names such as \"GetObject\", \"Get*\" or \"*\"".to_owned()
            );
        }
        if let Some(action) = limit.actions.invalid() {
            return Err(format!(
                "{action:?} is no action; give names such as \"GetObject\", \"Get*\" or \"*\""
            ));
        }
        if self.burst == 0 {
            return Err("\"burst\" is 0, so that nothing is ever admitted; it must be at least 1".to_owned());
        }
        if self.tick_ms == Some(0) {
            return Err("\"tick_ms\" is 0; leave it out for a refill without steps".to_owned());
        }
        limit.count = self.count.into();
        limit.per = self.per.into();
        limit.per_action = self.per_action;
        limit.goes_on = self.goes_on;
        limit.tick = self.tick_ms.map(|ms| Duration::from_millis(ms.into()));
        if let Some(Answer { status, code, message }) = self.error {
            if !(400..600).contains(&status) {
                return Err(format!("\"status\" {status} is no error; it must be from 400 to 599"));
            }
            limit.refusal = Refusal::new(status, code, message);
        }
        Ok(limit)
    }
}

/// Tokens a second, to the millionth.
fn rate(refill: f64) -> Result<Rate, String> {
    if !(0.000_001..=1e9).contains(&refill) {
        return Err(format!("\"refill\" {refill} must be from 0.000001 to 1000000000 a second"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked above")]
    Ok(Rate::from_millionths((refill * 1e6).round() as u64))
}

impl From<CountName> for Count {
    fn from(name: CountName) -> Self {
        match name {
            CountName::Calls => Self::Calls,
            CountName::Records => Self::Records,
            CountName::Bytes => Self::Bytes,
        }
    }
}

impl From<PerName> for Per {
    fn from(name: PerName) -> Self {
        match name {
            PerName::Account => Self::Account,
            PerName::AccountRegion => Self::AccountRegion,
            PerName::Resource => Self::Resource,
            PerName::S3Partition => Self::S3Partition,
            PerName::Stream => Self::Stream,
            PerName::Shard => Self::Shard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_valid_and_sourced() {
        let rows = Limits::aws().rows;
        assert!(rows.len() > 10);
        let json: serde_json::Value =
            serde_json::from_str(include_str!("../../../data/limits.json")).unwrap();
        for row in json["limits"].as_array().unwrap() {
            assert!(row["source"].as_str().is_some_and(|url| url.starts_with("https://")), "{row}");
            assert!(row["date"].as_str().is_some_and(|date| date.len() == 10), "{row}");
            assert!(row["error"]["code"].is_string(), "{row}");
        }
    }

    fn refused(json: &str) -> String {
        parse("my.json", json).unwrap_err().to_string()
    }

    #[test]
    fn a_fraction_is_exact() {
        let json = r#"{"limits":[{"service":"ec2","actions":["CreateVpcEndpoint"],"refill":0.3,"burst":4}]}"#;
        assert_eq!(parse("x", json).unwrap().rows[0].refill, Rate::from_millionths(300_000));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let row = |fields: &str| format!(r#"{{"limits":[{{"service":"s3","actions":["*"],{fields}}}]}}"#);
        for (json, expected) in [
            ("{}".to_owned(), "my.json: missing field `limits`"),
            (row(r#""refil":1,"burst":1"#), "my.json: unknown field `refil`"),
            (row(r#""refill":0,"burst":1"#), "my.json: row 1 of \"limits\": \"refill\" 0 must be"),
            (row(r#""refill":1,"burst":0"#), "\"burst\" is 0"),
            (row(r#""refill":1,"burst":1,"per":"planet""#), "unknown variant `planet`"),
            (row(r#""refill":1,"burst":1,"count":"words""#), "unknown variant `words`"),
            (
                row(r#""refill":1,"burst":1,"error":{"status":200,"code":"a","message":"b"}"#),
                "\"status\" 200 is no error",
            ),
        ] {
            let error = refused(&json);
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
